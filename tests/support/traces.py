"""Trace files for tests: written by the real writer, from the golden documents or from events made on the spot."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from fixtrail.store.batch import Row
from fixtrail.store.lock import Owner
from fixtrail.store.writer import TraceWriter
from fixtrail_protocol.trace import TraceHeader

EXAMPLES = Path(__file__).parents[2] / "protocol" / "examples"
SCHEMA = Path(__file__).parents[2] / "protocol" / "schema" / "trace.schema.json"


def example(name: str = "recorded-1.1.json") -> dict[str, Any]:
    """Return a golden document."""
    return orjson.loads((EXAMPLES / name).read_bytes())


def event(seq: int, event_type: str = "reasoning_step", **data: Any) -> dict[str, Any]:
    """Return an event of a document, a second after the one before it."""
    minute, second = divmod(seq, 60)
    hour, minute = divmod(minute, 60)
    return {
        "seq": seq,
        "event_id": str(uuid.UUID(int=(0x0199_7C00_0000_7000_8000_0000_0000_0000 + seq))),
        "actor": "developer",
        "event_type": event_type,
        "timestamp": f"2026-03-02T{9 + hour:02d}:{minute:02d}:{second:02d}.000Z",
        "data": data or {"content": f"thought {seq}"},
        "clock_ms": 1_000 * seq,
    }


def document(events: Sequence[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return a small finalized document with ``events``; ``changes`` replace top-level fields."""
    return {
        "schema_version": "1.1",
        "trace_id": "01997c00-0000-7000-8000-000000000000",
        "developer_id": "anon-1",
        "bug_id": None,
        "repo": {"name": "parcels", "test_command": "pytest -q"},
        "start_time": "2026-03-02T09:00:00.000Z",
        "end_time": "2026-03-02T10:00:00.000Z",
        "consent": {"code": True, "terminal_output": True, "file_views": True, "judge": True, "upload": True},
        "qa_results": {},
        "events": list(events),
    } | changes


async def write_trace(folder: Path, document: dict[str, Any]) -> Path:
    """Store ``document`` as a trace file in ``folder`` and return the file."""
    header = {name: value for name, value in document.items() if name != "events"}
    rows = [
        Row(
            event_id=found["event_id"],
            event_type=found["event_type"],
            timestamp=found["timestamp"],
            actor=found["actor"],
            data=orjson.dumps(found["data"]).decode(),
            redactions=orjson.dumps(found["redactions"]).decode() if found.get("redactions") else None,
            clock=found.get("clock_ms"),
        )
        for found in document["events"]
    ]
    path = folder / f"{document['trace_id']}.db"
    writer = TraceWriter(path)
    await writer.create(
        TraceHeader.model_validate_json(orjson.dumps(header)),
        state="finalized" if document.get("end_time") else "recording",
        workspace=folder,
        owner=Owner(pid=os.getpid()),
    )
    try:
        if rows:
            await writer.append(lambda: rows)
    finally:
        await writer.close()
    return path
