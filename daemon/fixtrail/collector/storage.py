"""The collector's own database: one writer, transactions that are short, and reads that are paged."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import aiosqlite
import filelock
import orjson
from fixtrail_protocol.base import now
from fixtrail_protocol.trace import TraceHeader

from fixtrail.collector.placing import Known, place
from fixtrail.collector.refusals import Refusal, unknown_trace
from fixtrail.delivery.digest import EventsDigest
from fixtrail.errors import StateError, StoreError

APPLICATION_ID = 0x46585443
"""``FXTC``: says to any tool what kind of SQLite file this is."""
_VERSION = 1
_PAGE_BYTES = 1 << 20
_BUSY_SECONDS = 2.0
_IDENTITY = ("developer_id", "start_time")


@dataclass(frozen=True)
class Held:
    """One trace as it is held; ``header`` is JSON text without events."""

    key: int
    trace_id: str
    status: str
    version: int
    events: int
    next_seq: int
    header: str


@dataclass(frozen=True)
class Taken:
    """What became of the events of one request."""

    held: Held
    accepted: int
    duplicate: int
    created: bool = False


_HELD = "SELECT id, trace_id, status, version, events, next_seq, header FROM trace WHERE trace_id = ?"
_LISTED = ("trace_id", "status", "received", "repo", "bug_id", "developer_id", "start_time", "end_time")
_LISTED_RESULTS = ("tests_passed", "reasoning_score", "events", "next_seq")


class Storage:
    """Traces in ``<folder>/collector.db``; use as ``async with Storage(folder) as storage``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()
        self._writer: aiosqlite.Connection
        self._reader: aiosqlite.Connection

    async def __aenter__(self) -> "Storage":
        async with contextlib.AsyncExitStack() as stack:
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = filelock.FileLock(self._folder / "collector.lock", mode=0o600, thread_local=False)
                lock.acquire(timeout=0)
                stack.callback(lock.release)
                path = self._folder / "collector.db"
                path.touch(mode=0o600)
                uri = f"{path.resolve().as_uri()}?mode=rw"
                self._writer = await stack.enter_async_context(
                    aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
                )
                await _prepare(self._writer, path)
                self._reader = await stack.enter_async_context(
                    aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
                )
                await self._reader.execute("PRAGMA query_only = ON")
            except filelock.Timeout:
                raise StateError(
                    "collector/locked", f"Another collector uses {self._folder}.", "End it or name another folder."
                ) from None
            except (OSError, sqlite3.Error) as error:
                raise StoreError(
                    "collector/storage", f"The folder {self._folder} cannot be used: {error}.", "Make it writable."
                ) from None
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def check(self) -> None:
        """Ask the database for an answer; ``sqlite3.Error`` when there is none."""
        await self._reader.execute_fetchall("SELECT count(*) FROM (SELECT 1 FROM trace LIMIT 1)")

    async def find(self, trace_id: str) -> Held:
        """Return the trace; 404 when it is not here."""
        return await _find(self._reader, trace_id)

    async def put(self, header: TraceHeader, plain: dict[str, Any], events: list[dict[str, Any]]) -> Taken:
        """Store a trace, or what is new of one that is here, and its first events.

        A trace that was finalized, reopened and finalized again comes with the same id and another header: the
        header is replaced and the trace is open again. 409 when the id stands for somebody else's trace.
        """
        text = orjson.dumps(plain).decode()
        results = header.qa_results
        values = (
            header.repo.name,
            header.bug_id,
            header.developer_id,
            header.start_time,
            header.end_time,
            results.tests_passed,
            results.reasoning_score,
            text,
        )
        async with self._transaction() as db:
            try:
                old = await _find(db, header.trace_id)
            except Refusal:
                old = None
            if old is None:
                await db.execute(
                    "INSERT INTO trace (trace_id, status, received, repo, bug_id, developer_id, start_time, end_time,"
                    " tests_passed, reasoning_score, header) VALUES (?, 'stored', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (header.trace_id, now(), *values),
                )
            elif old.header != text:
                _check_identity(orjson.loads(old.header), plain)
                await db.execute(
                    "UPDATE trace SET status = 'stored', version = version + 1, repo = ?, bug_id = ?, developer_id = ?,"
                    " start_time = ?, end_time = ?, tests_passed = ?, reasoning_score = ?, header = ? WHERE id = ?",
                    (*values, old.key),
                )
            held = await _find(db, header.trace_id)
            taken = await _append(db, held, events)
        return Taken(taken.held, taken.accepted, taken.duplicate, created=old is None)

    async def append(self, trace_id: str, events: list[dict[str, Any]]) -> Taken:
        """Store what is new of ``events``: all of them or, when one does not fit, none (409)."""
        async with self._transaction() as db:
            return await _append(db, await _find(db, trace_id), events)

    async def finalize(self, trace_id: str, count: int | None, sha256: str | None) -> Held:
        """Close a trace; 409 when its events are not those that ``count`` and ``sha256`` speak of. Idempotent."""
        while True:
            held = await self.find(trace_id)
            if count is not None and count != held.events:
                raise _mismatch(f"{held.events} events are here and not {count}")
            if sha256 is not None and sha256 != await self._digest(held):
                raise _mismatch("the events here have another SHA-256")
            async with self._transaction() as db:
                # Counting and hashing took no lock: close only what was looked at.
                done = await db.execute(
                    "UPDATE trace SET status = 'finalized' WHERE id = ? AND version = ?", (held.key, held.version)
                )
                if done.rowcount == 1:
                    return await _find(db, trace_id)

    async def _digest(self, held: Held) -> str:
        digest = EventsDigest()
        async for page in self.pages(held):
            for document in page:
                digest.update(document)
        return digest.sha256

    async def pages(self, held: Held) -> AsyncIterator[list[bytes]]:
        """Yield the events as canonical JSON, page by page, up to those that were there when ``held`` was read."""
        last = 0
        query = "SELECT seq, document FROM event WHERE trace = ? AND seq > ? AND seq < ? ORDER BY seq"
        while last < held.next_seq:
            page: list[bytes] = []
            size = 0
            async with self._reader.execute(query, (held.key, last, held.next_seq)) as cursor:
                async for seq, document in cursor:
                    last = seq
                    page.append(document.encode())
                    size += len(page[-1])
                    if size >= _PAGE_BYTES:
                        break
                else:
                    last = held.next_seq
            if page:
                yield page

    async def listing(self, *, limit: int, repo: str | None, tests_passed: bool | None) -> list[dict[str, Any]]:
        """Return one line for each trace, the newest first."""
        query = (
            f"SELECT {', '.join(_LISTED + _LISTED_RESULTS)} FROM trace"  # noqa: S608 - names of columns, no input
            " WHERE (?1 IS NULL OR repo = ?1) AND (?2 IS NULL OR tests_passed = ?2) ORDER BY id DESC LIMIT ?3"
        )
        rows = await self._reader.execute_fetchall(query, (repo, tests_passed, limit))
        found = [dict(zip(_LISTED + _LISTED_RESULTS, row, strict=True)) for row in rows]
        for line in found:
            line["tests_passed"] = None if line["tests_passed"] is None else bool(line["tests_passed"])
        return found

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        async with self._lock:
            await self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                await self._writer.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    await self._writer.execute("ROLLBACK")
                raise


async def _prepare(db: aiosqlite.Connection, path: Path) -> None:
    await db.execute("PRAGMA journal_mode = WAL")
    await db.execute("PRAGMA synchronous = FULL")
    await db.execute("PRAGMA foreign_keys = ON")
    [identity] = await db.execute_fetchall(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
        " FROM pragma_application_id, pragma_user_version"
    )
    if tuple(identity) == (0, 0, 0):
        schema = resources.files("fixtrail.collector").joinpath("schema.sql").read_text(encoding="utf-8")
        await db.executescript(
            f"BEGIN IMMEDIATE;\n{schema}\nPRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {_VERSION};\nCOMMIT;"
        )
    elif tuple(identity)[:2] != (APPLICATION_ID, _VERSION):
        raise StoreError(
            "collector/storage", f"{path} was not made by this version of the collector.", "It was left as it is."
        )


async def _find(db: aiosqlite.Connection, trace_id: str) -> Held:
    rows = list(await db.execute_fetchall(_HELD, (trace_id,)))
    if not rows:
        raise unknown_trace()
    return Held(*rows[0])


async def _append(db: aiosqlite.Connection, held: Held, events: list[dict[str, Any]]) -> Taken:
    if not events:
        return Taken(held, 0, 0)
    known = await _known(db, held.key, events)
    placed = await asyncio.to_thread(place, events, known, held.next_seq)
    if not placed.rows:
        return Taken(held, 0, placed.duplicate)
    if held.status == "finalized":
        raise Refusal(409, "collector/finalized", "The trace is finalized and takes no new events.")
    await db.executemany(
        "INSERT INTO event (trace, seq, event_id, document) VALUES (?, ?, ?, ?)",
        [(held.key, *row) for row in placed.rows],
    )
    await db.execute(
        "UPDATE trace SET events = events + ?, next_seq = ?, version = version + 1 WHERE id = ?",
        (len(placed.rows), placed.next_seq, held.key),
    )
    return Taken(await _find(db, held.trace_id), len(placed.rows), placed.duplicate)


async def _known(db: aiosqlite.Connection, key: int, events: Iterable[dict[str, Any]]) -> Known:
    """Read what is stored under any id or number that ``events`` use."""
    wanted = (
        orjson.dumps([event["event_id"] for event in events if event.get("event_id")]).decode(),
        orjson.dumps([event["seq"] for event in events if event.get("seq")]).decode(),
    )
    known = Known()
    for column, values in zip(("event_id", "seq"), wanted, strict=True):
        rows = await db.execute_fetchall(
            f"SELECT seq, event_id, document FROM event WHERE trace = ?"  # noqa: S608 - a column of ours, no input
            f" AND {column} IN (SELECT value FROM json_each(?))",
            (key, values),
        )
        for seq, event_id, document in rows:
            known.add(seq, event_id, document)
    return known


def _check_identity(old: dict[str, Any], new: dict[str, Any]) -> None:
    same = all(old[name] == new[name] for name in _IDENTITY) and old["repo"]["name"] == new["repo"]["name"]
    if not same:
        raise Refusal(409, "collector/trace-conflict", "This trace_id stands for another trace here.")


def _mismatch(why: str) -> Refusal:
    return Refusal(409, "collector/mismatch", f"The trace is not complete: {why}.")
