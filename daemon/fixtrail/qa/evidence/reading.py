"""Read a trace file into a timeline, through the gate that takes secrets out."""

import asyncio
import logging
from pathlib import Path
from typing import Any

from fixtrail_protocol.events import Event
from fixtrail_protocol.process import Process
from fixtrail_protocol.trace import Consent
from pydantic import TypeAdapter, ValidationError

from fixtrail.privacy.gate import Gate
from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.evidence.timeline import Timeline, build_timeline
from fixtrail.qa.testfiles import FilePatterns
from fixtrail.store.reader import StoredEvent, TraceReader

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_log = logging.getLogger(__name__)


async def read_timeline(
    path: Path, gate: Gate | None, *, is_test_file: FilePatterns | None = None, consent: Consent | None = None
) -> Timeline:
    """Return the timeline of the trace in the file ``path``.

    Parameters
    ----------
    gate
        Takes secrets out once more; None: of a trace that has none.
    is_test_file, consent
        As :func:`~fixtrail.qa.evidence.timeline.build_timeline` takes them.
    """
    async with TraceReader(path) as reader:
        stored = [event async for event in reader.events()]
    return await asyncio.to_thread(
        lambda: build_timeline([_event(event, gate) for event in stored], is_test_file, consent)
    )


async def assess_timeline(timeline: Timeline) -> Process:
    """Return what a timeline says of the process, off the event loop. A failure of ours stops nothing."""
    try:
        return await asyncio.to_thread(assess, timeline)
    except Exception as error:  # noqa: BLE001 - a finalize must not fail for it; the kind of error is kept
        # Its text is not logged: it may quote the trace.
        _log.warning("the process could not be assessed: an unforeseen %s", type(error).__name__)
        return Process(measures={})


def _event(stored: StoredEvent, gate: Gate | None) -> Event:
    document = stored.document()
    try:
        return _EVENT.validate_python(gate.document(document) if gate is not None else document)
    except ValidationError:
        return _EVENT.validate_python(_gap(document))


def _gap(document: dict[str, Any]) -> dict[str, Any]:
    """Return an event that cannot be read as what it is: something that may be missing."""
    kept = {name: document[name] for name in ("event_id", "seq", "timestamp")}
    return {**kept, "event_type": "capture_gap", "actor": "tool", "data": {"reason": "invalid_event"}}
