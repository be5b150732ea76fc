"""What is handed to the writer of a trace: rows to append, a new header, events to delete."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson
from fixtrail_protocol.trace import TraceHeader


@dataclass(slots=True)
class Row:
    """One event, ready to be stored. ``data`` and ``redactions`` are JSON text."""

    event_id: str
    event_type: str
    timestamp: str
    actor: str
    data: str
    redactions: str | None = None
    clock: int | None = None
    """:func:`fixtrail.clock.clock_ms` when it was stored; the writer fills it in."""

    def columns(self) -> tuple[str | None, ...]:
        """Return the values that a link is made of beside the clock, in the order of the ``event`` table."""
        return (self.event_id, self.event_type, self.timestamp, self.actor, self.data, self.redactions)


Prepare = Callable[[], Sequence[Row]]
"""Makes the rows of a batch. Called once, off the event loop, in the order of submission."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """Which events are to go: by id, or by time, both ends included."""

    event_ids: Sequence[str] | None
    since: str | None
    until: str | None

    def condition(self) -> tuple[str, dict[str, str | None]]:
        """Return a WHERE clause and its values."""
        if self.event_ids is not None:
            ids = orjson.dumps(list(self.event_ids)).decode()
            return "event_id IN (SELECT value FROM json_each(:ids))", {"ids": ids}
        clause = "timestamp >= coalesce(:since, timestamp) AND timestamp <= coalesce(:until, timestamp)"
        return clause, {"since": self.since, "until": self.until}


@dataclass(slots=True)
class Batch:
    """Work for the writer: rows to append, a stream's progress, a new header; all in one transaction."""

    prepare: Prepare | None = None
    size: int = 1
    stream: str | None = None
    stream_seq: int = 0
    header: TraceHeader | None = None
    state: str | None = None
    delete: Deletion | None = None
    done: asyncio.Future[list[int]] | None = None
    rows: Sequence[Row] = field(default_factory=list)
    problem: Exception | None = None
    """Why ``prepare`` gave no rows."""
