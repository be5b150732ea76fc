"""Parameters and results of every ``trace/*`` method, camelCase as LSP envelopes are.

Method names are public contract. A request has ``…Params`` and ``…Result``; a notification has params only.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from fixtrail_protocol.base import DocumentModel, RpcModel, Timestamp, Uuid
from fixtrail_protocol.events import Count, EventIn
from fixtrail_protocol.qa import QaResults
from fixtrail_protocol.trace import Consent, TraceHeader

RecordingState = Literal["idle", "recording", "paused", "finalizing", "finalized"]
Stream = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Seq = Annotated[int, Field(ge=1)]


class ConsentParams(RpcModel):
    """Consent by class; what is left out is refused."""

    code: bool = False
    terminal_output: bool = False
    file_views: bool = False
    judge: bool = False
    upload: bool = False

    def to_document(self) -> Consent:
        """Return the same consent as a trace document holds it."""
        return Consent(**self.model_dump())


class StartParams(RpcModel):
    """Begin to record a workspace."""

    workspace_uri: str = Field(description="A file: URI.")
    test_command: str | None = None
    bug_id: str | None = None
    consent: ConsentParams


class StartResult(RpcModel):
    """The trace that was begun."""

    trace_id: str
    start_time: Timestamp


class TraceRefParams(RpcModel):
    """Names a trace; left out, the current one is meant."""

    trace_id: str | None = None


class StateResult(RpcModel):
    """The state a trace is in now."""

    trace_id: str
    state: RecordingState


class DiscardResult(RpcModel):
    """The trace that is gone."""

    trace_id: str


class StatusParams(RpcModel):
    """Nothing to say."""


class Status(RpcModel):
    """What is being recorded; also the body of ``trace/statusChanged``."""

    trace_id: str | None = None
    state: RecordingState = "idle"
    events: Count = 0
    gaps: Count = 0
    unsent: Count = Field(default=0, description="Events received and not yet on the disk.")
    workspace: str | None = Field(default=None, description="Folder that is recorded.")
    start_time: Timestamp | None = None
    consent: Consent | None = None
    streams: dict[str, int] = Field(
        default_factory=dict, description="Highest recorded number of each stream of the current trace."
    )
    last_finalize: QaResults | None = None
    problem: str | None = Field(default=None, description="What is wrong now, in one sentence.")


class ListParams(RpcModel):
    """Which traces to list, newest first."""

    limit: Annotated[int, Field(ge=1, le=10_000)] = 100


class TraceSummary(RpcModel):
    """One line of a listing."""

    trace_id: str
    state: RecordingState
    repo: str
    workspace: str | None = None
    bug_id: str | None = None
    start_time: Timestamp
    end_time: Timestamp | None = None
    events: Count
    tests_passed: bool | None = None
    reasoning_score: float | None = None


class ListResult(RpcModel):
    """The traces on this machine, and the files that could not be read."""

    traces: list[TraceSummary]
    unreadable: list[str] = Field(default_factory=list)


class GetParams(RpcModel):
    """A page of a trace."""

    trace_id: str
    after_seq: Count = 0
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1_000


class GetResult(RpcModel):
    """The header, a page of events, and where the next page begins."""

    trace: TraceHeader
    events: list[dict[str, Any]]
    next_seq: int | None = Field(default=None, description="Pass as afterSeq for the next page; null: no more.")


class ReasonParams(RpcModel):
    """A reasoning step in the developer's words."""

    content: Annotated[str, StringConstraints(min_length=1)]
    refs: list[Uuid] | None = None
    kind: Literal["hypothesis", "observation", "decision", "check"] | None = None
    timestamp: Timestamp | None = None
    trace_id: str | None = None


class ReasonResult(RpcModel):
    """The event that was recorded; it is on the disk when this arrives."""

    event_id: Uuid
    seq: Seq


class DeleteEventsParams(RpcModel):
    """Which events to delete for good: by id, or by time range (both ends included)."""

    trace_id: str | None = None
    event_ids: list[Uuid] | None = None
    since: Timestamp | None = None
    until: Timestamp | None = None


class SetConsentParams(RpcModel):
    """Change what is allowed, from now on; what was recorded before stays as it is."""

    trace_id: str | None = None
    consent: ConsentParams


class SetConsentResult(RpcModel):
    """What is allowed now."""

    trace_id: str
    consent: Consent


class DeleteEventsResult(RpcModel):
    """How many events are gone."""

    deleted: Count


class FinalizeParams(RpcModel):
    """End the recording and score it."""

    trace_id: str | None = None
    work_done_token: str | int | None = None


class FinalizeResult(RpcModel):
    """The scored trace: its results, and where the document and the report lie."""

    trace_id: str
    qa_results: QaResults
    trace_path: str
    report_path: str


ExportFormat = Literal["json", "json-1.0"]


class ExportParams(RpcModel):
    """Write a trace to a file."""

    trace_id: str | None = None
    format: ExportFormat = "json"
    path: str | None = Field(default=None, description="Left out: the exports folder of the data directory.")


class ExportResult(RpcModel):
    """The file that was written."""

    path: str
    bytes: Count
    sha256: str


class UploadParams(RpcModel):
    """Send a finalized trace to a collector."""

    trace_id: str | None = None
    target: str | None = Field(default=None, description="Base URL; left out, the one in the settings.")


class UploadResult(RpcModel):
    """What the collector took; ``duplicate`` events it had already."""

    accepted: Count
    duplicate: Count
    url: str | None = None


class EventsParams(RpcModel):
    """Events of an editor: numbers ``firstSeq``, ``firstSeq`` + 1, … of its stream, which begins at 1.

    An empty list records nothing and still closes the burst of typing that is open (a command is about to run).
    """

    stream: Stream
    first_seq: Seq
    events: list[EventIn]


class CommandStartedParams(RpcModel):
    """A command, task or debug run begins; its ``terminal_command`` follows with this id when it has ended.

    Files that change on the disk meanwhile are the tool's doing, and say so.
    """

    event_id: Uuid
    command: str | None = None
    timestamp: Timestamp | None = Field(default=None, description="When it began; by default now.")
    agent: bool = Field(default=False, description="A coding agent runs it, not the developer.")


class RecordedParams(RpcModel):
    """Everything up to and including ``seq`` of ``stream`` is on the disk; the rest is to be sent again."""

    stream: Stream
    seq: Count


class ErrorData(DocumentModel):
    """The ``data`` of every JSON-RPC error of ours."""

    code: str = Field(description="A stable word, for example trace/unknown or docker/unavailable.")
    hint: str | None = Field(default=None, description="What to do.")


REQUESTS: dict[str, tuple[type[RpcModel], type[RpcModel]]] = {
    "trace/start": (StartParams, StartResult),
    "trace/pause": (TraceRefParams, StateResult),
    "trace/resume": (TraceRefParams, StateResult),
    "trace/discard": (TraceRefParams, DiscardResult),
    "trace/status": (StatusParams, Status),
    "trace/list": (ListParams, ListResult),
    "trace/get": (GetParams, GetResult),
    "trace/reason": (ReasonParams, ReasonResult),
    "trace/deleteEvents": (DeleteEventsParams, DeleteEventsResult),
    "trace/setConsent": (SetConsentParams, SetConsentResult),
    "trace/finalize": (FinalizeParams, FinalizeResult),
    "trace/export": (ExportParams, ExportResult),
    "trace/upload": (UploadParams, UploadResult),
}
"""Every request, editor to daemon: its params and its result."""

NOTIFICATIONS: dict[str, type[RpcModel]] = {
    "trace/events": EventsParams,
    "trace/commandStarted": CommandStartedParams,
    "trace/recorded": RecordedParams,
    "trace/statusChanged": Status,
}
"""Every notification; the first two go to the daemon, the others to the editor."""
