"""Read a trace file, a page at a time: a trace of a million events is never held in memory."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import aiosqlite
import orjson
from fixtrail_protocol.trace import TraceHeader

from fixtrail.errors import StoreError
from fixtrail.store.database import open_reader

PAGE = 1_000
PAGE_BYTES = 8 * 1024 * 1024
"""Whichever comes first ends a page."""

_COLUMNS = "seq, event_id, event_type, timestamp, actor, data, redactions, "
"""The clock follows, where the file has one."""
_LINKED, _CLOCKED = 2, 3
"""Since these versions of the file."""


@dataclass(frozen=True)
class StoredTrace:
    """The one row that says what this file holds."""

    header: TraceHeader
    state: str
    workspace: Path


@dataclass(frozen=True)
class StoredEvent:
    """One event as stored; ``data`` and ``redactions`` are JSON text."""

    seq: int
    event_id: str
    event_type: str
    timestamp: str
    actor: str
    data: str
    redactions: str | None
    clock: int | None = None

    def document(self) -> dict[str, Any]:
        """Return the event as the trace document (schema 1.1) writes it."""
        return {
            "event_id": self.event_id,
            "seq": self.seq,
            "event_type": self.event_type,
            "timestamp": self.timestamp,
            "actor": self.actor,
            "data": orjson.loads(self.data),
            "redactions": orjson.loads(self.redactions) if self.redactions else None,
            "clock_ms": self.clock,
        }


def _damaged(path: Path, what: object) -> StoreError:
    return StoreError("store/damaged", f"The trace file {path.name} is damaged: {what}.", "It was left as it is.")


class TraceReader:
    """Reads one trace file; use as ``async with TraceReader(path) as reader``.

    Safe beside a writer, in this process or another: it sees what was committed when it asks.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: aiosqlite.Connection | None = None

    async def __aenter__(self) -> "TraceReader":
        self._db = await open_reader(self.path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._db is not None:
            await self._db.close()
            self._db = None

    @property
    def _connection(self) -> aiosqlite.Connection:
        if self._db is None:
            raise RuntimeError("TraceReader is used outside 'async with'")
        return self._db

    async def trace(self) -> StoredTrace:
        """Return the header, the state and the folder; ``capture`` counts are those of this moment."""
        async with self._connection.execute("SELECT header, state, workspace FROM trace") as cursor:
            row = await cursor.fetchone()
        if row is None:
            raise StoreError("store/empty", f"The trace file {self.path.name} holds no trace.", "It was left as it is.")
        header = TraceHeader.model_validate_json(row[0])
        events, gaps = await self.counts()
        if header.capture is not None:
            header.capture.events, header.capture.gaps = events, gaps
        return StoredTrace(header=header, state=row[1], workspace=Path(row[2]))

    async def counts(self) -> tuple[int, int]:
        """Return how many events there are, and how many of them are capture gaps."""
        query = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM event WHERE event_type = 'capture_gap')"
        async with self._connection.execute(query) as cursor:
            row = await cursor.fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    async def page(self, after_seq: int, limit: int, *, max_bytes: int | None = None) -> list[StoredEvent]:
        """Return up to ``limit`` events that follow ``after_seq``, in order.

        With ``max_bytes`` the page ends with the event that reaches that size.
        """
        clock = "clock" if await self._version() >= _CLOCKED else "NULL"
        query = f"SELECT {_COLUMNS}{clock} FROM event WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - no input in it
        found: list[StoredEvent] = []
        size = 0
        async with self._connection.execute(query, (after_seq, limit)) as cursor:
            async for row in cursor:
                event = StoredEvent(*row)
                found.append(event)
                size += len(event.data)
                if max_bytes is not None and size >= max_bytes:
                    break
        return found

    async def is_linked(self) -> bool:
        """Whether the file is of a version in which every event has a link; one without has lost it then."""
        return await self._version() >= _LINKED

    async def _version(self) -> int:
        # Asked each time: a writer that takes an old file up while we read brings it forward.
        async with self._connection.execute("PRAGMA user_version") as cursor:
            row = await cursor.fetchone()
        return int(row[0]) if row is not None else 0

    async def linked_page(self, after_seq: int, limit: int) -> list[tuple[StoredEvent, bytes | None]]:
        """Return a page with the link of each event; None in a trace of before there were any."""
        version = await self._version()
        clock = "clock" if version >= _CLOCKED else "NULL"
        link = "coalesce(link, x'')" if version >= _LINKED else "NULL"
        query = f"SELECT {_COLUMNS}{clock}, {link} FROM event WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - no input in it
        try:
            async with self._connection.execute(query, (after_seq, limit)) as cursor:
                return [(StoredEvent(*row[:-1]), row[-1]) async for row in cursor]
        except sqlite3.Error as error:
            raise _damaged(self.path, error) from None

    async def check(self) -> None:
        """Let SQLite look whether the file is whole.

        Raises
        ------
        StoreError
            ``store/damaged``.
        """
        try:
            async with self._connection.execute("PRAGMA quick_check(1)") as cursor:
                row = await cursor.fetchone()
        except sqlite3.Error as error:
            raise _damaged(self.path, error) from None
        if row is None or row[0] != "ok":
            raise _damaged(self.path, row[0] if row else "no answer")

    async def told_runs(self, limit: int = 64) -> list[tuple[str, str | None]]:
        """Return when the last test runs began that told of themselves, each with the id of its command if known."""
        query = (
            "SELECT timestamp, json_extract(data, '$.command_event_id') FROM event"
            " WHERE event_type = 'test_result' AND json_extract(data, '$.source') = 'pytest' ORDER BY seq DESC LIMIT ?"
        )
        async with self._connection.execute(query, (limit,)) as cursor:
            return [(row[0], row[1]) async for row in cursor][::-1]

    async def last_mark(self, mark: str) -> str | None:
        """Return the timestamp of the last ``session_mark`` of that name; None: there is none."""
        query = (
            "SELECT timestamp FROM event WHERE event_type = 'session_mark' AND json_extract(data, '$.mark') = ?"
            " ORDER BY seq DESC LIMIT 1"
        )
        async with self._connection.execute(query, (mark,)) as cursor:
            row = await cursor.fetchone()
        return str(row[0]) if row else None

    async def seq_of(self, event: str) -> int | None:
        """Return the number of an event named by its id or its number."""
        query = "SELECT seq FROM event WHERE event_id = ? OR seq = ?"
        number = int(event) if event.isascii() and event.isdigit() else -1
        async with self._connection.execute(query, (event, number)) as cursor:
            row = await cursor.fetchone()
        return int(row[0]) if row else None

    async def events(self, *types: str, after_seq: int = 0) -> AsyncIterator[StoredEvent]:
        """Yield events in order, page by page; with ``types`` only those.

        Events that are appended meanwhile are seen as well.
        """
        last = after_seq
        while page := await self.page(last, PAGE, max_bytes=PAGE_BYTES):
            last = page[-1].seq
            for event in page:
                if not types or event.event_type in types:
                    yield event
