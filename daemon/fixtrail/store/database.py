"""Open a trace file: pragmas, identity, migrations."""

import re
import sqlite3
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path

import aiosqlite

from fixtrail.errors import StoreError

APPLICATION_ID = 0x46585452
"""``FXTR``: says to any tool what kind of SQLite file this is."""


def migrations() -> list[str]:
    """Return the SQL of every migration, in order; the n-th brings a file to ``user_version`` n."""
    folder = resources.files("fixtrail.store.migrations")
    found = sorted(
        (entry for entry in folder.iterdir() if re.match(r"\d{4}_\w+\.sql$", entry.name)), key=lambda e: e.name
    )
    return [entry.read_text(encoding="utf-8") for entry in found]


async def _pragma(db: aiosqlite.Connection, name: str) -> int:
    async with db.execute(f"PRAGMA {name}") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


def _unusable(path: Path, error: sqlite3.Error) -> StoreError:
    return StoreError(
        "store/unreadable", f"The trace file {path.name} cannot be read: {error}.", "It was left as it is."
    )


async def _check_identity(db: aiosqlite.Connection, path: Path, known: int) -> int:
    if await _pragma(db, "application_id") != APPLICATION_ID:
        raise StoreError("store/not-a-trace", f"{path.name} is not a trace file.", "It was left as it is.")
    version = await _pragma(db, "user_version")
    if version > known:
        raise StoreError(
            "store/too-new",
            f"The trace file {path.name} has version {version}; this fixtrail knows up to {known}.",
            "Upgrade fixtrail. The file was left as it is.",
        )
    return version


async def open_writer(path: Path, *, create: bool = False) -> aiosqlite.Connection:
    """Open ``path`` for writing, in WAL mode with ``synchronous=FULL``, brought to the newest version.

    The caller holds the file's :class:`~fixtrail.store.lock.TraceLock` and closes the connection.

    Raises
    ------
    StoreError
        ``store/unreadable``, ``store/not-a-trace`` or ``store/too-new``.
    """
    steps = migrations()

    async def prepare(db: aiosqlite.Connection) -> None:
        if create:
            await db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        version = await _check_identity(db, path, len(steps))
        await db.execute("PRAGMA journal_mode = WAL")
        await db.execute("PRAGMA synchronous = FULL")
        await db.execute("PRAGMA secure_delete = ON")
        for number, step in enumerate(steps[version:], start=version + 1):
            await db.executescript(f"BEGIN IMMEDIATE;\n{step}\nPRAGMA user_version = {number};\nCOMMIT;")

    if create:
        path.touch(mode=0o600)
    return await _open(path, prepare)


async def open_reader(path: Path) -> aiosqlite.Connection:
    """Open ``path`` for reading only. The caller closes the connection.

    Raises
    ------
    StoreError
        As :func:`open_writer`.
    """

    async def prepare(db: aiosqlite.Connection) -> None:
        await db.execute("PRAGMA query_only = ON")
        await _check_identity(db, path, len(migrations()))

    return await _open(path, prepare)


async def _open(path: Path, prepare: Callable[[aiosqlite.Connection], Awaitable[None]]) -> aiosqlite.Connection:
    """Connect and prepare; what fails leaves no connection behind, whose thread would keep the process alive."""
    db: aiosqlite.Connection | None = None
    try:
        db = await aiosqlite.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None)
        await prepare(db)
    except BaseException as error:
        if db is not None:
            await db.close()
        if isinstance(error, sqlite3.Error):
            raise _unusable(path, error) from None
        raise
    return db


def sqlite_state() -> tuple[str, bool]:
    """Return SQLite's version, and whether it has the WAL bug that can lose commits of two writing connections.

    Fixed in 3.51.3, and in 3.50.7 and 3.44.6 of the older lines (sqlite.org, release notes of 3.51.3).
    """
    version = sqlite3.sqlite_version_info
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return sqlite3.sqlite_version, not fixed
