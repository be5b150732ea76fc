"""The events of a trace: one data model for each type, and the two envelopes they travel in.

To add a type: write its ``…Data`` model here, add it to :data:`EventType` and to both unions at the end,
then run ``make schema``.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import ConfigDict, Discriminator, Field, StringConstraints

from fixtrail_protocol.base import DocumentModel, RepoPath, Timestamp, Uuid

Actor = Literal["developer", "agent", "git", "tool", "unknown"]
"""Who caused an event."""

EventType = Literal[
    "file_open",
    "file_close",
    "code_edit",
    "terminal_command",
    "test_result",
    "reasoning_step",
    "file_view",
    "file_create",
    "file_rename",
    "file_delete",
    "git_change",
    "tree_change",
    "debug_session",
    "session_mark",
    "capture_gap",
]

EVENT_TYPES_1_0: tuple[EventType, ...] = (
    "file_open",
    "file_close",
    "code_edit",
    "terminal_command",
    "test_result",
    "reasoning_step",
)
"""The types a schema 1.0 document may hold."""

Count = Annotated[int, Field(ge=0)]
ObjectId = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
"""A git object id, SHA-1 or SHA-256 as the repository has it."""
FileMode = Literal["100644", "100755", "120000"]
"""Git's mode of a file: plain, executable, or a symbolic link (its content is the target)."""


class FileOpenData(DocumentModel):
    """A file came into view."""

    file_path: RepoPath
    language_id: str | None = None


class FileCloseData(DocumentModel):
    """A file went out of view."""

    file_path: RepoPath


class CodeEditData(DocumentModel):
    """The content of a file changed. It is the one event that changes a single file; the proof replays it.

    The diff is against the file as last recorded: for an edit in the editor against the text the developer saw
    (saved or not), for one on the disk against the file there. ``blob_before`` names that content.
    """

    file_path: RepoPath
    diff: str | None = Field(
        default=None, description="Unified diff, empty when unsaved text was only saved; null: see diff_omitted."
    )
    diff_omitted: (
        Literal["consent", "too_large", "ignored", "undecodable", "binary", "base_unknown", "paused", "withheld"] | None
    ) = Field(
        default=None, description="Why there is no diff. The content is then kept as the blob blob_after, if at all."
    )
    added: Count | None = Field(default=None, description="Lines added.")
    removed: Count | None = Field(default=None, description="Lines removed.")
    cut: Literal["save", "pause", "leave", "event", "start", "finalize", "close"] | None = Field(
        default=None, description="Why the burst of typing was cut here; null for a change on the disk."
    )
    origin: Literal["editor", "disk"] | None = None
    saved: bool | None = Field(default=None, description="Whether the file on the disk holds blob_after now.")
    blob_before: ObjectId | None = Field(default=None, description="Git blob id before; null: no such file.")
    blob_after: ObjectId | None = Field(default=None, description="Git blob id after; null: the file is gone.")
    form_before: ObjectId | None = Field(
        default=None,
        description="Where secrets were replaced in the content before: the id of what is kept of it.",
    )
    form_after: ObjectId | None = Field(
        default=None, description="The same of the content after. The diff is between what is kept."
    )
    mode: FileMode | None = Field(default=None, description="The file's mode after; null when it is gone.")
    old_path: RepoPath | None = Field(default=None, description="The file was renamed from here.")
    cause: Uuid | None = Field(default=None, description="The terminal_command during which it changed.")


class TerminalCommandData(DocumentModel):
    """A command ran in a terminal; the event's timestamp is its start."""

    command: str
    cwd: str | None = None
    exit_code: int | None = None
    exit_code_reason: str | None = Field(default=None, description="Why the exit code is not known.")
    output: str | None = Field(default=None, description="Plain text, head and tail when it was long.")
    output_omitted: Literal["consent", "not_captured"] | None = None
    truncated: Count = Field(default=0, description="Bytes left out of the middle of the output.")
    duration_ms: Count | None = None
    confidence: Literal["low", "medium", "high"] | None = Field(
        default=None, description="How sure the editor is of the command line."
    )
    terminal: str | None = Field(default=None, description="Tells terminals apart: a name or number of the editor's.")
    full_screen: bool | None = Field(default=None, description="It drew on the whole screen: the output is not text.")


class TestCase(DocumentModel):
    """One test and how it ended."""

    __test__ = False

    name: str
    outcome: Literal["passed", "failed", "error", "skipped"]
    duration_ms: Annotated[float, Field(ge=0)] | None = None
    message: str | None = None


class TestResultData(DocumentModel):
    """What a test run reported."""

    __test__ = False

    summary: str | None = None
    runner: str | None = None
    exit_code: int | None = None
    passed: Count | None = None
    failed: Count | None = None
    errors: Count | None = None
    skipped: Count | None = None
    duration_ms: Count | None = None
    command_event_id: Uuid | None = Field(default=None, description="The terminal_command that ran the tests.")
    source: Literal["junit", "terminal", "editor", "pytest"] | None = Field(
        default=None, description="pytest: the plug-in that fixtrail ships."
    )
    cases: list[TestCase] | None = None


class ReasoningStepData(DocumentModel):
    """What the developer thought, in their own words."""

    content: str
    refs: list[Uuid] | None = Field(default=None, description="Events this step speaks of.")
    kind: Literal["hypothesis", "observation", "decision", "check"] | None = None


class LineRange(DocumentModel):
    """Lines ``start`` to ``end``, counted from 1, both included."""

    start: Annotated[int, Field(ge=1)]
    end: Annotated[int, Field(ge=1)]


class FileViewData(DocumentModel):
    """What part of a file was on the screen, and how long."""

    file_path: RepoPath
    ranges: list[LineRange]
    dwell_ms: Count


class FileCreateData(DocumentModel):
    """A file came into being."""

    file_path: RepoPath


class FileRenameData(DocumentModel):
    """A file moved."""

    file_path: RepoPath = Field(description="The new path.")
    old_path: RepoPath


class FileDeleteData(DocumentModel):
    """A file went away."""

    file_path: RepoPath


class GitChangeData(DocumentModel):
    """Git changed HEAD, a branch, the stash, the index or files of the workspace."""

    kind: Literal["head", "branch", "stash", "index", "rebase", "merge"]
    operation: str | None = Field(default=None, description="What git called it in its reflog: commit, checkout, …")
    from_ref: str | None = Field(default=None, description="Commit id before (of the stash for kind stash).")
    to_ref: str | None = Field(default=None, description="Commit id after.")
    branch: str | None = Field(default=None, description="Branch after; null when HEAD is detached.")
    files: list[RepoPath] | None = Field(default=None, description="Files whose content changed, 1,000 at the most.")
    files_changed: Count | None = Field(default=None, description="How many changed.")
    tree_before: ObjectId | None = Field(default=None, description="Git tree of the workspace before.")
    tree: ObjectId | None = Field(default=None, description="Git tree of the workspace after.")
    cause: Uuid | None = Field(default=None, description="The terminal_command during which it happened.")


class TreeChangeData(DocumentModel):
    """Many files changed at once, or while nothing was recorded: one event and a tree, not one event each."""

    reason: Literal["storm", "paused"]
    files: list[RepoPath] | None = Field(default=None, description="Files that changed, 1,000 at the most.")
    files_changed: Count
    tree_before: ObjectId | None = None
    tree: ObjectId | None = None
    cause: Uuid | None = Field(default=None, description="The terminal_command during which it happened.")


class DebugSessionData(DocumentModel):
    """Something happened in a debug session."""

    phase: Literal["start", "stop", "breakpoint", "stopped", "evaluate"]
    session: str | None = Field(default=None, description="Tells sessions that run at the same time apart.")
    name: str | None = None
    file_path: RepoPath | None = None
    line: Annotated[int, Field(ge=1)] | None = None
    expression: str | None = None


class SessionMarkData(DocumentModel):
    """Recording itself changed state."""

    mark: Literal[
        "started",
        "paused",
        "resumed",
        "reopened",
        "finalized",
        "editor_restarted",
        "daemon_restarted",
        "consent_changed",
        "clock_changed",
        "machine_slept",
    ]
    detail: str | None = None


class CaptureGapData(DocumentModel):
    """Something may be missing here; never silence."""

    reason: str = Field(description="A stable word, for example invalid_event, unsaved_buffer, lone_surrogate.")
    detail: str | None = None
    file_path: RepoPath | None = None


class Redaction(DocumentModel):
    """How often a rule replaced something in this event."""

    rule: str
    count: Annotated[int, Field(ge=1)]


TypeT = TypeVar("TypeT", bound=str)
DataT = TypeVar("DataT", bound=DocumentModel)


class IncomingEvent(DocumentModel, Generic[TypeT, DataT]):
    """An event as an editor sends it; the daemon gives it its number, and its id where there is none."""

    model_config = ConfigDict(extra="forbid", strict=True)

    event_type: TypeT
    timestamp: Timestamp
    data: DataT
    event_id: Uuid | None = None
    actor: Actor | None = None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name the class after its data: ``CodeEditData`` gives ``CodeEditIncoming``."""
        return str(params[1].__name__).removesuffix("Data") + "Incoming"


class RecordedEvent(DocumentModel, Generic[TypeT, DataT]):
    """An event of a trace document. A 1.0 document has the first three fields only."""

    event_type: TypeT
    timestamp: Timestamp
    data: DataT
    event_id: Uuid | None = None
    seq: Annotated[int, Field(ge=1)] | None = None
    actor: Actor | None = None
    redactions: list[Redaction] | None = None
    clock_ms: Count | None = Field(
        default=None,
        description="A second clock, in milliseconds, when the event was stored: it counts sleep, nobody can set it. "
        "Differences mean something until the machine starts anew.",
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name the class after its data: ``CodeEditData`` gives ``CodeEdit``."""
        return str(params[1].__name__).removesuffix("Data")


EventIn = Annotated[
    IncomingEvent[Literal["file_open"], FileOpenData]
    | IncomingEvent[Literal["file_close"], FileCloseData]
    | IncomingEvent[Literal["code_edit"], CodeEditData]
    | IncomingEvent[Literal["terminal_command"], TerminalCommandData]
    | IncomingEvent[Literal["test_result"], TestResultData]
    | IncomingEvent[Literal["reasoning_step"], ReasoningStepData]
    | IncomingEvent[Literal["file_view"], FileViewData]
    | IncomingEvent[Literal["file_create"], FileCreateData]
    | IncomingEvent[Literal["file_rename"], FileRenameData]
    | IncomingEvent[Literal["file_delete"], FileDeleteData]
    | IncomingEvent[Literal["git_change"], GitChangeData]
    | IncomingEvent[Literal["tree_change"], TreeChangeData]
    | IncomingEvent[Literal["debug_session"], DebugSessionData]
    | IncomingEvent[Literal["session_mark"], SessionMarkData]
    | IncomingEvent[Literal["capture_gap"], CaptureGapData],
    Discriminator("event_type"),
]

Event = Annotated[
    RecordedEvent[Literal["file_open"], FileOpenData]
    | RecordedEvent[Literal["file_close"], FileCloseData]
    | RecordedEvent[Literal["code_edit"], CodeEditData]
    | RecordedEvent[Literal["terminal_command"], TerminalCommandData]
    | RecordedEvent[Literal["test_result"], TestResultData]
    | RecordedEvent[Literal["reasoning_step"], ReasoningStepData]
    | RecordedEvent[Literal["file_view"], FileViewData]
    | RecordedEvent[Literal["file_create"], FileCreateData]
    | RecordedEvent[Literal["file_rename"], FileRenameData]
    | RecordedEvent[Literal["file_delete"], FileDeleteData]
    | RecordedEvent[Literal["git_change"], GitChangeData]
    | RecordedEvent[Literal["tree_change"], TreeChangeData]
    | RecordedEvent[Literal["debug_session"], DebugSessionData]
    | RecordedEvent[Literal["session_mark"], SessionMarkData]
    | RecordedEvent[Literal["capture_gap"], CaptureGapData],
    Discriminator("event_type"),
]
