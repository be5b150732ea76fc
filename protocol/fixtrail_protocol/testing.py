"""The receipts of sandboxed test runs, what they ran in, and what the runs before and after the fix say together."""

from typing import Literal

from pydantic import Field

from fixtrail_protocol.base import DocumentModel, RepoPath, Timestamp
from fixtrail_protocol.events import Count, TestCase

Verdict = Literal["passed", "failed", "timeout", "oom", "infra_error", "no_tests", "flaky", "unknown"]
"""How a sandboxed test run ended. Only ``passed`` and ``failed`` say something about the code."""


class Limits(DocumentModel):
    """What a container may use. Null: no limit, or not known."""

    memory_bytes: int | None = None
    cpus: float | None = None
    pids: int | None = None
    network: str | None = None
    read_only_root: bool | None = None
    user: str | None = None
    capabilities_dropped: list[str] | None = None
    no_new_privileges: bool | None = None
    timeout_seconds: float | None = None
    runtime: str | None = Field(default=None, description="The engine's OCI runtime, for example runc or runsc.")
    seccomp: str | None = Field(default=None, description="The profile that system calls are filtered by.")


class TestRun(DocumentModel):
    """The receipt of one sandboxed run: enough to say what ran, where, under which limits, and how it ended."""

    __test__ = False

    verdict: Verdict
    reason: str | None = Field(default=None, description="Why there is no plain pass or fail, in one sentence.")
    error_code: str | None = Field(
        default=None,
        description="What stood in the way of a verdict, stable: docker/unavailable, docker/image-missing, "
        "docker/runtime-missing, docker/engine-error, sandbox/command-not-found, sandbox/environment-failed or "
        "sandbox/tree-unpack-failed.",
    )
    command: list[str] = Field(description="The argument list that was run.")
    runner: str | None = Field(default=None, description="The test runner that was recognised; null: exit code alone.")
    exit_code: int | None = Field(default=None, description="From the engine, never from the output.")
    oom_killed: bool = False
    timed_out: bool = False
    passed: Count | None = None
    failed: Count | None = None
    errors: Count | None = None
    skipped: Count | None = None
    cases: list[TestCase] | None = None
    output: str | None = Field(default=None, description="Head and tail of what the tests printed.")
    output_bytes: Count = 0
    output_dropped_bytes: Count = 0
    duration_ms: Count | None = None
    started: Timestamp | None = None
    ended: Timestamp | None = None
    tree: str | None = Field(default=None, description="Git tree id of what was tested.")
    image: str | None = None
    image_digest: str | None = None
    engine: str | None = Field(default=None, description="Name and version of the container engine.")
    endpoint: str | None = Field(default=None, description="Where the engine was reached, without credentials.")
    environment: dict[str, str] | None = None
    versions: dict[str, str] | None = Field(
        default=None, description="Of what made the verdict: fixtrail, the engine, its API, the kernel."
    )
    limits: Limits | None = Field(default=None, description="Limits that were asked for.")
    limits_enforced: Limits | None = Field(default=None, description="Limits as the engine reported them back.")


class Environment(DocumentModel):
    """The image that the tests ran in, and how it was come by."""

    status: Literal["base", "built", "reused", "failed"] = Field(
        description="base: there was nothing to install; failed: the runs' verdict is infra_error."
    )
    reason: str | None = Field(default=None, description="Why it failed or was not built, in one sentence.")
    image: str | None = None
    image_digest: str | None = None
    base_image: str | None = None
    base_digest: str | None = None
    key: str | None = Field(
        default=None, description="SHA-256 over the files it was made from, the recipe and the base image's digest."
    )
    recipe: str | None = Field(default=None, description="How it is made, for example pip, uv, npm, dockerfile.")
    sources: list[RepoPath] = Field(default_factory=list, description="The files it was made from.")
    duration_ms: Count | None = None
    log: str | None = Field(default=None, description="Last lines of a build that failed.")


class FlakyTest(DocumentModel):
    """A test that ended differently on the same code."""

    name: str
    passed: Count
    failed: Count


TamperKind = Literal[
    "tests_deleted",
    "tests_skipped",
    "tests_weakened",
    "original_tests_fail",
    "configuration_touched",
    "conftest_touched",
    "runner_shadowed",
    "exit_hook",
]
"""What may make tests pass without the bug being fixed; docs/verdicts.md says how each is found."""


class TamperFlag(DocumentModel):
    """A sign that the tests were bent. It changes no verdict: it says where a person has to look."""

    kind: TamperKind
    detail: str
    file_path: RepoPath | None = None
    tests: list[str] = Field(default_factory=list)


class Comparison(DocumentModel):
    """The final tests on the code before the fix and on the fixed code, in the same image."""

    status: Literal["compared", "not_possible"]
    reason: str | None = Field(default=None, description="Why it was not possible, in one sentence.")
    before: TestRun | None = Field(default=None, description="The final tests on the baseline's code.")
    original: TestRun | None = Field(
        default=None, description="The baseline's versions of the existing tests on the fixed code: a tamper check."
    )
    test_files: list[RepoPath] = Field(default_factory=list, description="Test files that the fix touched.")
    fail_to_pass: list[str] = Field(default_factory=list)
    pass_to_pass: list[str] = Field(default_factory=list)
    pass_to_fail: list[str] = Field(default_factory=list)
    fail_to_fail: list[str] = Field(default_factory=list)
    flaky: list[FlakyTest] = Field(default_factory=list)
    reruns: Count = Field(default=0, description="Runs that were made again to tell flaky tests.")
    tamper: list[TamperFlag] = Field(default_factory=list)
