"""Append to a trace file: one writer task, group commit, and an acknowledgement only after it.

Producers hand over batches without waiting; the writer takes everything that has gathered, prepares it off
the event loop and commits it in one transaction. One ``fsync`` then serves many events, so ``synchronous=FULL``
costs little (see ``make bench``).
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite
import orjson
from fixtrail_protocol.trace import TraceHeader

from fixtrail.clock import clock_ms
from fixtrail.errors import FixtrailError, StoreError
from fixtrail.store import reserve
from fixtrail.store.batch import Batch, Deletion, Prepare
from fixtrail.store.chain import START, next_link
from fixtrail.store.database import open_writer
from fixtrail.store.lock import Owner, TraceLock

logger = logging.getLogger(__name__)

GROUP = 4_096
"""Events in one transaction at the most, so that one commit stays short."""
GATHER_SECONDS = 0.05
"""How long events may go on arriving before those that came first are stored."""
QUIET_SECONDS = 0.001
"""Nothing more within this time means that nothing more is on its way."""
RETRY_SECONDS = 1.0
"""Pause before a commit that failed (a full disk, say) is tried again."""


class TraceWriter:
    """The one writer of a trace file.

    Parameters
    ----------
    on_commit
        Called on the event loop after each commit with the streams that moved: name → highest stored number.
    on_problem
        Called with a sentence when a commit fails (it is tried again until it works), and with None when it works.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_commit: Callable[[dict[str, int]], None] | None = None,
        on_problem: Callable[[str | None], None] | None = None,
    ) -> None:
        self.path = path
        self.streams: dict[str, int] = {}
        """Highest number of each stream that is stored."""
        self.events = 0
        self.gaps = 0
        self.pending = 0
        """Events handed over and not yet stored."""
        self._next_seq = 1
        self.link = START
        """Link of the last event that is stored (fixtrail.store.chain)."""
        self._on_commit = on_commit
        self._on_problem = on_problem
        self._queue: deque[Batch] = deque()
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._closing = False
        self._awaited = False
        self._db: aiosqlite.Connection | None = None
        self._lock: TraceLock | None = None
        self._task: asyncio.Task[None] | None = None

    async def create(self, header: TraceHeader, *, state: str, workspace: Path, owner: Owner) -> None:
        """Make the file, take its lock and begin to write."""
        self._lock = TraceLock(self.path, owner)
        try:
            self._db = await open_writer(self.path, create=True)
            await self._db.execute(
                "INSERT INTO trace (id, trace_id, state, workspace, header) VALUES (1, ?, ?, ?, ?)",
                (header.trace_id, state, str(workspace), header.model_dump_json()),
            )
        except BaseException:
            await self._abandon()
            raise
        self._start()

    async def open(self, owner: Owner) -> None:
        """Take the lock of an existing file and go on where it ends.

        Raises
        ------
        LockedError
            Another process writes it.
        StoreError
            The file cannot be used.
        """
        self._lock = TraceLock(self.path, owner)
        try:
            self._db = await open_writer(self.path)
            async with self._db.execute("SELECT name, last_seq FROM stream") as cursor:
                self.streams = {str(name): int(seq) for name, seq in await cursor.fetchall()}
            query = (
                "SELECT count(*), coalesce(max(seq), 0), (SELECT count(*) FROM event WHERE event_type = 'capture_gap')"
                " FROM event"
            )
            async with self._db.execute(query) as cursor:
                row = await cursor.fetchone()
            if row is not None:
                self.events, self._next_seq, self.gaps = int(row[0]), int(row[1]) + 1, int(row[2])
            async with self._db.execute("SELECT link FROM event ORDER BY seq DESC LIMIT 1") as cursor:
                row = await cursor.fetchone()
            if row is not None and row[0] is None:
                await self._link_again(0)  # a trace of before there was a chain
            elif row is not None:
                self.link = bytes(row[0])
        except BaseException as error:
            await self._abandon()
            if isinstance(error, sqlite3.Error):
                raise StoreError(
                    "store/unreadable", f"The trace file {self.path.name} cannot be read: {error}."
                ) from None
            raise
        self._start()

    async def _abandon(self) -> None:
        if self._db is not None:
            await self._db.close()
        if self._lock is not None:
            self._lock.release()

    async def _checkpoint(self) -> None:
        """Put the log into the file, which gives its room back."""
        assert self._db is not None
        with contextlib.suppress(sqlite3.Error):
            await self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _start(self) -> None:
        reserve.keep(self.path.parent)
        self._task = asyncio.create_task(self._run(), name=f"writer {self.path.stem}")

    def submit(self, batch: Batch) -> None:
        """Hand over a batch. Returns at once; batches are stored in this order."""
        if self._closing:
            raise StoreError("store/closed", "The trace is closed.", "Start or resume it again.")
        self._queue.append(batch)
        self._awaited = self._awaited or batch.done is not None
        self.pending += batch.size
        self._drained.clear()
        self._wake.set()

    async def append(self, prepare: Prepare) -> list[int]:
        """Store the rows and return their numbers once they are on the disk."""
        done: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self.submit(Batch(prepare=prepare, done=done))
        return await done

    async def write_header(self, header: TraceHeader, state: str) -> None:
        """Replace the header and the state, after everything submitted before."""
        done: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self.submit(Batch(header=header, state=state, size=0, done=done))
        await done

    async def delete(self, event_ids: Sequence[str] | None, since: str | None, until: str | None) -> tuple[int, int]:
        """Delete events by id, or by time (both ends included).

        Freed pages are overwritten (``secure_delete``) and the write-ahead log is emptied: nothing of them stays.
        In the place of each stands a ``capture_gap`` with its id and number, so that whoever reads the trace sees that
        something was deleted on purpose, and an editor that sends it again does not bring it back.

        Returns
        -------
        deleted, code
            How many events are gone, and how many of them told of the code.
        """
        done: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self.submit(Batch(delete=Deletion(event_ids, since, until), size=0, done=done))
        deleted, code = await done
        return deleted, code

    async def restore_streams(self, streams: dict[str, int]) -> None:
        """Take over how far each stream had come, from a file this one stands for. Nothing else may be pending."""
        assert self._db is not None
        await self.flush()
        await self._db.executemany(
            "INSERT OR REPLACE INTO stream (name, last_seq) VALUES (?, ?)", list(streams.items())
        )
        self.streams.update(streams)

    async def empty_log(self) -> None:
        """Bring everything that was handed over into the file: what it replaces there, and the log, is gone then."""
        await self.flush()
        await self._checkpoint()

    async def flush(self) -> None:
        """Wait until everything that was handed over is on the disk."""
        await self._drained.wait()

    async def close(self) -> None:
        """Store what is pending, then close the file and give the lock back."""
        if self._closing:
            return
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._abandon()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._gather()
                group = self._take()
                await self._commit(group)
            self._awaited = False
            self._drained.set()
            if self._closing:
                return

    async def _gather(self) -> None:
        """Let the rest of a burst arrive: two threads that want the interpreter at once slow the reading by half."""
        clock = asyncio.get_running_loop().time
        end = clock() + GATHER_SECONDS
        seen = -1
        while seen != self.pending and clock() < end and not (self._awaited or self._closing):
            seen = self.pending
            await asyncio.sleep(QUIET_SECONDS)

    def _take(self) -> list[Batch]:
        group = [self._queue.popleft()]
        if group[0].delete is not None:
            return group
        size = group[0].size
        while self._queue and self._queue[0].delete is None and size + self._queue[0].size <= GROUP:
            batch = self._queue.popleft()
            size += batch.size
            group.append(batch)
        return group

    async def _commit(self, group: list[Batch]) -> None:
        await asyncio.to_thread(_prepare, group)
        troubled = False
        while True:
            try:
                if group[0].delete is not None:
                    numbers, added, gaps = await self._delete(group[0].delete)
                else:
                    numbers, added, gaps = await self._transaction(group)
            except sqlite3.Error as error:
                logger.error("commit failed trace=%s code=%s", self.path.stem, error.sqlite_errorname)
                troubled = True
                if error.sqlite_errorcode == sqlite3.SQLITE_FULL and reserve.give_up(self.path.parent):
                    await self._checkpoint()
                    continue
                if self._on_problem:
                    self._on_problem(f"Events cannot be stored: {error}. They are kept and tried again.")
                if self._closing:
                    _fail(group, StoreError("store/write-failed", f"Events could not be stored: {error}."))
                    return
                await asyncio.sleep(RETRY_SECONDS)
            else:
                break
        if troubled:
            reserve.keep(self.path.parent)
        self._next_seq += max(added, 0)
        self.events += added
        self.gaps += gaps
        self.pending -= sum(batch.size for batch in group)
        moved = {batch.stream: batch.stream_seq for batch in group if batch.stream is not None}
        self.streams |= moved
        if self._on_problem:
            self._on_problem(None)
        for batch, seqs in zip(group, numbers, strict=True):
            if batch.done is None or batch.done.done():
                continue
            if batch.problem is not None:
                batch.done.set_exception(batch.problem)
            else:
                batch.done.set_result(seqs)
        if self._on_commit:
            self._on_commit(moved)

    async def _transaction(self, group: list[Batch]) -> tuple[list[list[int]], int, int]:
        """Store a group at once. Return the numbers given for each batch, and how many events and gaps are new."""
        try:
            return await self._insert(group, {})
        except sqlite3.IntegrityError:
            # An event was sent again, which is rare: only then are those that are stored looked up.
            return await self._insert(group, await self._stored(group))

    async def _stored(self, group: list[Batch]) -> dict[str, int]:
        """Return the numbers of those events of a group that are stored already."""
        assert self._db is not None
        wanted = [row.event_id for batch in group for row in batch.rows]
        query = "SELECT event_id, seq FROM event WHERE event_id IN (SELECT value FROM json_each(?))"
        async with self._db.execute(query, (orjson.dumps(wanted).decode(),)) as cursor:
            return {str(event_id): int(seq) for event_id, seq in await cursor.fetchall()}

    async def _insert(self, group: list[Batch], known: dict[str, int]) -> tuple[list[list[int]], int, int]:
        assert self._db is not None
        db = self._db
        numbers: list[list[int]] = []
        fresh: list[tuple[Any, ...]] = []
        seq = self._next_seq
        link = self.link
        clock = clock_ms()
        gaps = 0
        for batch in group:
            given = []
            for row in batch.rows:
                if (place := known.get(row.event_id)) is None:
                    known[row.event_id] = place = seq
                    columns = row.columns()
                    stored = clock if row.clock is None else row.clock
                    link = next_link(link, *columns, clock=stored)
                    fresh.append((seq, *columns, link, stored))
                    gaps += row.event_type == "capture_gap"
                    seq += 1
                given.append(place)
            numbers.append(given)
        await db.execute("BEGIN IMMEDIATE")
        try:
            if fresh:
                await db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", fresh)
            for batch in group:
                if batch.header is not None:
                    await db.execute(
                        "UPDATE trace SET header = ?, state = ?", (batch.header.model_dump_json(), batch.state)
                    )
            if streams := {batch.stream: batch.stream_seq for batch in group if batch.stream is not None}:
                await db.executemany(
                    "INSERT INTO stream VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last_seq = excluded.last_seq",
                    list(streams.items()),
                )
            await db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                await db.execute("ROLLBACK")
            raise
        self.link = link
        return numbers, len(fresh), gaps

    async def _link_again(self, after_seq: int) -> None:
        """Make the chain anew behind ``after_seq``: events before it were deleted on purpose."""
        assert self._db is not None
        query = (
            "SELECT seq, clock, event_id, event_type, timestamp, actor, data, redactions FROM event"
            " WHERE seq > ? ORDER BY seq"
        )
        async with self._db.execute(
            "SELECT link FROM event WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (after_seq,)
        ) as cursor:
            row = await cursor.fetchone()
        link = bytes(row[0]) if row is not None else START
        while True:
            async with self._db.execute(f"{query} LIMIT {GROUP}", (after_seq,)) as cursor:
                rows = list(await cursor.fetchall())
            if not rows:
                break
            links = []
            for seq, clock, *columns in rows:
                link = next_link(link, *columns, clock=clock)
                links.append((link, seq))
            await self._db.executemany("UPDATE event SET link = ? WHERE seq = ?", links)
            after_seq = int(rows[-1][0])
        self.link = link

    async def _delete(self, deletion: Deletion) -> tuple[list[list[int]], int, int]:
        assert self._db is not None
        condition, values = deletion.condition()
        # Marks hold no contents; what was deleted before is gone.
        clause = f"({condition}) AND event_type <> 'session_mark' AND {_NOT_DELETED}"
        query = (
            f"SELECT count(*), coalesce(sum({_TELLS_CODE}), 0), coalesce(sum(event_type = 'capture_gap'), 0),"  # noqa: S608
            f" coalesce(min(seq), 1) FROM event WHERE {clause}"
        )
        async with self._db.execute(query, values) as cursor:
            row = await cursor.fetchone()
        deleted, code, gaps, first = (int(value) for value in row) if row else (0, 0, 0, 1)
        await self._db.execute("BEGIN IMMEDIATE")
        try:
            await self._db.execute(
                "UPDATE event SET event_type = 'capture_gap', actor = 'tool', redactions = NULL,"  # noqa: S608
                f" data = CASE WHEN {_TELLS_CODE} THEN '{_gap('deleted_code')}' ELSE '{_gap('deleted')}' END"
                f" WHERE {clause}",
                values,
            )
            await self._link_again(first - 1)
            await self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                await self._db.execute("ROLLBACK")
            raise
        await self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return [[deleted, code]], 0, deleted - gaps


_TELLS_CODE = "event_type IN ('code_edit', 'git_change', 'tree_change')"
_NOT_DELETED = "NOT (event_type = 'capture_gap' AND json_extract(data, '$.reason') IN ('deleted', 'deleted_code'))"


def _gap(reason: str) -> str:
    return orjson.dumps({"reason": reason, "detail": "An event was deleted here on purpose."}).decode()


def _prepare(group: list[Batch]) -> None:
    for batch in group:
        if batch.prepare is not None:
            try:
                batch.rows = batch.prepare()
            except Exception as error:  # noqa: BLE001 - a bug in one batch must not end the writer of all
                logger.error("batch could not be prepared error=%s", type(error).__name__)
                batch.rows = []
                batch.problem = StoreError("store/unpreparable", "An event could not be made ready to be stored.")


def _fail(group: list[Batch], error: FixtrailError) -> None:
    for batch in group:
        if batch.done is not None and not batch.done.done():
            batch.done.set_exception(error)
