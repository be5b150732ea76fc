"""The trace document: who fixed what, where, and everything that happened on the way."""

from typing import Literal

from pydantic import Field

from fixtrail_protocol.base import DocumentModel, Timestamp
from fixtrail_protocol.events import Count, Event
from fixtrail_protocol.qa import QaResults

SCHEMA_VERSION = "1.1"


class Repo(DocumentModel):
    """The repository a trace is about."""

    name: str
    url: str | None = Field(default=None, description="Remote address, credentials stripped.")
    branch: str | None = None
    commit_before: str | None = Field(default=None, description="HEAD at the start.")
    commit_after: str | None = Field(
        default=None, description="HEAD at finalize when the tree is clean, else the git tree id that was tested."
    )
    test_command: str | None = None


class Tool(DocumentModel):
    """What recorded the trace."""

    name: str
    version: str


class Editor(DocumentModel):
    """What the developer worked in."""

    name: str
    version: str | None = None


class Consent(DocumentModel):
    """What the developer allowed, class by class; everything is off until given."""

    code: bool = Field(default=False, description="Diffs of what is edited.")
    terminal_output: bool = Field(default=False, description="What commands print; the command line is kept anyway.")
    file_views: bool = Field(default=False, description="Which files are opened and looked at.")
    judge: bool = Field(default=False, description="Send the record of the fix to a language model.")
    upload: bool = Field(default=False, description="Send the trace to a collector.")


class Baseline(DocumentModel):
    """The code as it was when recording started."""

    commit: str | None = None
    tree: str | None = Field(default=None, description="Git tree id of the workspace, uncommitted work included.")
    patch: str | None = Field(default=None, description="From commit to tree; null when there is none or no consent.")


class Capture(DocumentModel):
    """What was captured, and what may be missing."""

    events: Count = 0
    gaps: Count = 0


class Mismatch(DocumentModel):
    """The first place where the events do not rebuild the code."""

    code: str = Field(description="A stable word: diff, blob, tree, order, seal, baseline, event, objects.")
    detail: str
    seq: int | None = None
    event_id: str | None = None
    file_path: str | None = None


class Reconstruction(DocumentModel):
    """Whether the events rebuild the code: baseline and events, replayed, against the workspace at finalize."""

    verified: bool | None = Field(default=None, description="Null: not tried, see reason.")
    reason: str | None = Field(default=None, description="For example not_possible: consent.")
    tree: str | None = Field(default=None, description="Git tree id of the workspace at finalize.")
    replayed: str | None = Field(default=None, description="Git tree id that the events give.")
    checkpoints: Count = Field(default=0, description="Places in between where the tree was compared as well.")
    edits: Count = Field(default=0, description="Changes of files that were replayed.")
    unsaved: list[str] = Field(default_factory=list, description="Files with text in the editor that was never saved.")
    redacted: list[str] = Field(
        default_factory=list,
        description="Files with secrets: the proof compares what is kept of them, by the same engine.",
    )
    mismatch: Mismatch | None = None
    seal: str | None = Field(default=None, description="SHA-256 over the chain of all events and this header.")


class TraceHeader(DocumentModel):
    """A trace without its events."""

    schema_version: Literal["1.0", "1.1"]
    trace_id: str
    developer_id: str
    bug_id: str | None = None
    repo: Repo
    start_time: Timestamp
    end_time: Timestamp | None = None
    qa_results: QaResults = Field(default_factory=QaResults)
    tool: Tool | None = None
    editor: Editor | None = None
    consent: Consent | None = None
    baseline: Baseline | None = None
    capture: Capture | None = None
    reconstruction: Reconstruction | None = None


class Trace(TraceHeader):
    """A whole trace document, schema 1.1; every 1.0 document is one too."""

    events: list[Event] = Field(default_factory=list)
