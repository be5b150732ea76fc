"""A stored trace as a trace document: schema 1.1, and the exact shape of 1.0."""

from typing import Any, Literal

import orjson
from fixtrail_protocol.events import EVENT_TYPES_1_0
from fixtrail_protocol.trace import TraceHeader

from fixtrail.privacy.gate import Gate
from fixtrail.store.reader import StoredEvent

Schema = Literal["1.1", "1.0"]

_REPO_1_0 = ("name", "url", "branch", "commit_before", "commit_after", "test_command")
_QA_1_0 = ("tests_passed", "test_exit_code", "test_output_snippet", "reasoning_score", "reasoning_feedback")


def header_document(header: TraceHeader, schema: Schema = "1.1") -> dict[str, Any]:
    """Return everything but the events, in the order a reader wants it; ``qa_results`` stands last."""
    found = header.model_dump(mode="json")
    document: dict[str, Any] = {
        "schema_version": schema,
        "trace_id": found["trace_id"],
        "developer_id": found["developer_id"],
        "bug_id": found["bug_id"],
        "repo": found["repo"],
        "start_time": found["start_time"],
        "end_time": found["end_time"],
    }
    results = found.pop("qa_results")
    if schema == "1.0":
        document["repo"] = {name: found["repo"][name] for name in _REPO_1_0}
        return document | {"qa_results": {name: results[name] for name in _QA_1_0}}
    rest = {name: value for name, value in found.items() if name not in document and value is not None}
    return document | rest | {"qa_results": results}


def event_document(event: StoredEvent, schema: Schema = "1.1", gate: Gate | None = None) -> dict[str, Any] | None:
    """Return one event for :func:`orjson.dumps`; None when ``schema`` has no such event.

    ``data`` is the stored text itself, not read and written again, so nothing in it can change: unless ``gate`` finds
    a secret in it that an older rule let pass.
    """
    data: Any = orjson.Fragment(event.data)
    if gate is not None:
        stored = orjson.loads(event.data)
        if (passed := gate.document({"data": stored})["data"]) != stored:
            data = passed
    plain = {
        "event_type": event.event_type,
        "timestamp": event.timestamp,
        "data": data,
    }
    if schema == "1.0":
        return plain if event.event_type in EVENT_TYPES_1_0 else None
    document: dict[str, Any] = {"seq": event.seq, "event_id": event.event_id, "actor": event.actor} | plain
    if event.redactions:
        document["redactions"] = orjson.Fragment(event.redactions)
    if event.clock is not None:
        document["clock_ms"] = event.clock
    return document
