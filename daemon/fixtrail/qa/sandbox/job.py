"""What goes into the sandbox, and what is known of the engine behind it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One test run to be made.

    Attributes
    ----------
    argv
        The test command, from :func:`fixtrail_protocol.commands.parse_test_command`.
    tree_tar
        Uncompressed tar of the tree to test; member names relative to its root.
    tree_id
        Git tree id of it, for the receipt.
    trace_id
        Goes into the container's labels.
    """

    argv: list[str]
    tree_tar: Path
    tree_id: str | None
    trace_id: str


@dataclass(frozen=True)
class EngineStatus:
    """Whether there is a container engine to run tests in, and which.

    Attributes
    ----------
    reachable
        An engine answers.
    endpoint
        Where it answers, or where one was expected first.
    unenforced
        What of the sandbox it will not hold, in words.
    runtime
        The OCI runtime that containers get.
    image_present
        Whether it holds ``image``; None: not known.
    error_code, reason, hint
        What is wrong and what to do, when something is: ``docker/unavailable``, ``docker/image-missing``,
        ``docker/runtime-missing`` or ``docker/engine-error``.
    """

    reachable: bool
    image: str
    name: str | None = None
    version: str | None = None
    api: str | None = None
    endpoint: str | None = None
    cgroup_version: str | None = None
    storage_driver: str | None = None
    unenforced: tuple[str, ...] = ()
    runtime: str | None = None
    seccomp: str | None = None
    image_present: bool | None = None
    error_code: str | None = None
    reason: str | None = None
    hint: str | None = None
