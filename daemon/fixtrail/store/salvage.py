"""A damaged trace file is set aside and read as far as it reads, into a new one. It is never deleted."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
import uuid_utils
from fixtrail_protocol.base import now
from fixtrail_protocol.trace import TraceHeader
from pydantic import ValidationError

from fixtrail.errors import StoreError
from fixtrail.store.batch import Row
from fixtrail.store.lock import Owner, TraceLock
from fixtrail.store.writer import TraceWriter

DAMAGED = frozenset({"store/damaged", "store/unreadable", "store/empty"})
"""Codes of errors that mean that a file is damaged; one that is newer or foreign is not, and is left alone."""
PAGE = 500
GIVE_UP = 20_000
"""So many numbers in a row that give nothing: there is no more."""


@dataclass(frozen=True)
class Salvage:
    """What came of it: where the damaged file is now, how many events were read, how many are known to be lost."""

    aside: Path
    read: int
    lost: int


@dataclass
class _Found:
    header: TraceHeader
    state: str
    workspace: Path
    rows: list[Row]
    streams: dict[str, int]
    last: int


def set_aside(path: Path) -> Path:
    """Move a file and its log to ``damaged/`` beside it."""
    folder = path.parent / "damaged"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{path.stem}-{time.strftime('%Y%m%dT%H%M%S')}.db"
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return target


def _read(path: Path) -> _Found:
    """Read what can be read of a file that is set aside."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as db:
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        row = db.execute("SELECT header, state, workspace FROM trace").fetchone()
        if row is None:
            raise sqlite3.DatabaseError("the trace's header is gone")
        streams: dict[str, int] = {}
        with suppress(sqlite3.Error):
            streams = {str(name): int(seq) for name, seq in db.execute("SELECT name, last_seq FROM stream")}
        rows = []
        last = 0
        for seq, found in _events(db):
            last = seq
            rows.append(found)
        return _Found(TraceHeader.model_validate_json(row[0]), row[1], Path(row[2]), rows, streams, last)


def _events(db: sqlite3.Connection) -> Iterator[tuple[int, Row]]:
    """Yield every event that can be read: by pages, and where one can't be, one by one."""
    columns = "seq, event_id, event_type, timestamp, actor, data, redactions"
    with suppress(sqlite3.Error):  # a file of before has no second clock
        db.execute("SELECT clock FROM event LIMIT 0")
        columns += ", clock"
    query = f"SELECT {columns} FROM event WHERE seq BETWEEN ? AND ?"  # noqa: S608 - no input in it
    highest = None
    with suppress(sqlite3.Error):
        highest = int(db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])
    seq, empty = 1, 0
    while empty < GIVE_UP and (highest is None or seq <= highest):
        try:
            page = db.execute(query, (seq, seq + PAGE - 1)).fetchall()
        except sqlite3.Error:
            page = []
            for number in range(seq, seq + PAGE):
                with suppress(sqlite3.Error):
                    page += db.execute(query, (number, number)).fetchall()
        for number, *rest in page:
            with suppress(orjson.JSONDecodeError, TypeError):
                orjson.loads(rest[4])  # a torn value is no event
                yield number, Row(*rest)
        empty = 0 if page else empty + PAGE
        seq += PAGE


async def salvage(path: Path, owner: Owner) -> Salvage:
    """Set a damaged trace file aside and write what can be read of it into a new one in its place.

    The new file has its events numbered and linked anew, with a ``capture_gap`` (``salvaged``) at the end.

    Raises
    ------
    LockedError
        Another process writes it.
    StoreError
        ``store/lost``: not even the header can be read; the file is set aside all the same.
    """
    lock = TraceLock(path, owner)
    try:
        aside = await asyncio.to_thread(set_aside, path)
    finally:
        lock.release()
    try:
        found = await asyncio.to_thread(_read, aside)
    except (sqlite3.Error, ValidationError, TypeError) as error:
        raise StoreError(
            "store/lost",
            f"The trace file {path.name} is damaged, and nothing can be read of it ({type(error).__name__}).",
            f"It was set aside as {aside}. Start a new recording.",
        ) from None
    lost = found.last - len(found.rows)
    detail = f"The trace's file was damaged. {len(found.rows)} events could be read, {lost} or more are lost."
    data = orjson.dumps({"reason": "salvaged", "detail": detail}).decode()
    gap = Row(str(uuid_utils.uuid7()), "capture_gap", now(), "tool", data, None)
    writer = TraceWriter(path)
    await writer.create(found.header, state=found.state, workspace=found.workspace, owner=owner)
    try:
        for start in range(0, len(found.rows), PAGE):
            rows = found.rows[start : start + PAGE]
            await writer.append(lambda rows=rows: rows)  # type: ignore[misc]
        await writer.append(lambda: [gap])
        await writer.restore_streams(found.streams)
    finally:
        await writer.close()
    return Salvage(aside, len(found.rows), lost)
