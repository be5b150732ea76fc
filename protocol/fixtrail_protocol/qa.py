"""What quality assurance says of a trace: the five fields of 1.0, and behind them how each was come by."""

from typing import Annotated, Literal

from pydantic import Field

from fixtrail_protocol.base import DocumentModel, Timestamp, Uuid
from fixtrail_protocol.events import Count, TestCase

Verdict = Literal["passed", "failed", "timeout", "oom", "infra_error", "no_tests", "flaky", "unknown"]
"""How a sandboxed test run ended. Only ``passed`` and ``failed`` say something about the code."""

ReasoningStatus = Literal[
    "scored",
    "not_configured",
    "no_consent",
    "no_reasoning",
    "abstained",
    "unauthorized",
    "model_not_found",
    "rate_limited",
    "server_error",
    "unreachable",
    "timeout",
    "truncated",
    "refused",
    "filtered",
    "invalid_response",
    "cancelled",
]
"""Whether there is a score, and if not, why. A failure of ours is never a low score."""

DIMENSIONS = (
    "hypothesis_formation",
    "evidence_gathering",
    "logical_coherence",
    "validation",
    "depth",
)
"""The five dimensions of the rubric, 0 to 1 each."""


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


class TestRun(DocumentModel):
    """The receipt of one sandboxed run: enough to say what ran, where, under which limits, and how it ended."""

    __test__ = False

    verdict: Verdict
    reason: str | None = Field(default=None, description="Why there is no plain pass or fail, in one sentence.")
    error_code: str | None = Field(
        default=None,
        description="What stood in the way of a verdict, stable: docker/unavailable, docker/image-missing, "
        "docker/engine-error, sandbox/command-not-found or sandbox/tree-unpack-failed.",
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
    tree: str | None = Field(default=None, description="Git tree id of what was tested.")
    image: str | None = None
    image_digest: str | None = None
    engine: str | None = Field(default=None, description="Name and version of the container engine.")
    environment: dict[str, str] | None = None
    limits: Limits | None = Field(default=None, description="Limits that were asked for.")
    limits_enforced: Limits | None = Field(default=None, description="Limits as the engine reported them back.")


Score = Annotated[float, Field(ge=0, le=1)]


class DimensionScore(DocumentModel):
    """One dimension of the rubric."""

    score: Score
    evidence: list[Uuid] = Field(default_factory=list, description="Events the score rests on.")


class TokenUsage(DocumentModel):
    """What a judgement cost in tokens."""

    prompt: Count = 0
    completion: Count = 0


class Reasoning(DocumentModel):
    """What the judge said of the reasoning, or why it said nothing."""

    status: ReasoningStatus
    reason: str | None = Field(default=None, description="What stood in the way, in one sentence.")
    score: Annotated[float, Field(ge=1, le=5)] | None = Field(
        default=None, description="Sum of the five dimensions, at least 1.0; computed by fixtrail, not by the model."
    )
    dimensions: dict[str, DimensionScore] | None = None
    feedback: str | None = None
    steps: Count | None = Field(default=None, description="Reasoning steps that were read.")
    model: str | None = Field(default=None, description="The model that answered, as it named itself.")
    endpoint: str | None = Field(default=None, description="Scheme and host of the endpoint, without credentials.")
    prompt_hash: str | None = Field(default=None, description="SHA-256 of the rubric and prompt text.")
    response_format: Literal["json_schema", "json_object"] | None = None
    temperature: float | None = None
    usage: TokenUsage | None = None
    latency_ms: Count | None = None


class QaResults(DocumentModel):
    """The five fields of schema 1.0, and in 1.1 what stands behind them."""

    tests_passed: bool | None = None
    test_exit_code: int | None = None
    test_output_snippet: str | None = None
    reasoning_score: Annotated[float, Field(ge=1, le=5)] | None = None
    reasoning_feedback: str | None = None
    tests: TestRun | None = None
    reasoning: Reasoning | None = None
