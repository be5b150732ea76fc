"""Runs wait for each other, first come, first served, across all processes of one user.

Each editor window has a daemon of its own, so the line is a folder: a run's place is a numbered file there, which its
process keeps locked. The lock goes with the process, so a place whose file can be locked belongs to nobody, and is
removed by whoever comes across it.
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import filelock

POLL_SECONDS = 0.2
"""How long a free place may go unnoticed: no process can wake another through a folder."""
_LOCK_SECONDS = 10.0

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def in_turn(folder: Path, at_once: int, *, progress: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold a place in the line while the body runs; the body begins when fewer than ``at_once`` are before it.

    Who is cancelled while waiting leaves the line. A line that cannot be used (a full disk) makes nobody wait.

    Parameters
    ----------
    folder
        The line; the same for all who shall wait for each other. It has to exist.
    at_once
        How many may run at the same time.
    progress
        Told ``Waiting for 2 other runs``, each time that number changes.
    """
    place = _Place(folder)
    try:
        if await _take(place):
            told = 0
            while ahead := max(0, await asyncio.to_thread(place.ahead) - at_once + 1):
                if ahead != told:
                    progress(f"Waiting for {ahead} other run{'s' if ahead > 1 else ''}")
                    told = ahead
                await asyncio.sleep(POLL_SECONDS)
        yield
    finally:
        await asyncio.shield(asyncio.to_thread(place.leave))


async def _take(place: "_Place") -> bool:
    try:
        await asyncio.to_thread(place.take)
    except (OSError, filelock.Timeout) as error:
        _log.warning("the line of runs cannot be used, this one does not wait: %s", error)
        return False
    return True


class _Place:
    """A place in the line. Its methods may be called from any thread, :meth:`leave` before :meth:`take` has ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._held: filelock.BaseFileLock | None = None
        self._left = False
        self._mutex = threading.Lock()
        # Held for moments only, while places are counted, taken or given back.
        self._door = filelock.FileLock(folder / "line.lock", timeout=_LOCK_SECONDS, mode=0o600, thread_local=False)

    def take(self) -> None:
        """Stand at the end of the line."""
        with self._mutex:
            if self._left:
                return
            with self._door:
                self._number = max((number for number, _ in self._places()), default=0) + 1
                held = _lock(self._folder / f"{self._number:010d}-{os.getpid()}.place")
                held.acquire(timeout=0)
                self._held = held

    def ahead(self) -> int:
        """Return how many are before this one, and remove places of processes that are gone."""
        with self._mutex, self._door:
            return sum(_is_kept(path) for number, path in self._places() if number < self._number)

    def leave(self) -> None:
        """Give the place back; twice does no harm."""
        with self._mutex:
            self._left = True
            held, self._held = self._held, None
            if held is not None:
                Path(held.lock_file).unlink(missing_ok=True)
                held.release()

    def _places(self) -> list[tuple[int, Path]]:
        found = [(path.name.partition("-")[0], path) for path in self._folder.glob("*.place")]
        return sorted((int(number), path) for number, path in found if number.isdecimal())


def _lock(path: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(path, mode=0o600, thread_local=False)


def _is_kept(path: Path) -> bool:
    """Say whether a living process keeps a place; one that nobody keeps is removed."""
    probe = _lock(path)
    try:
        probe.acquire(timeout=0)
    except filelock.Timeout:
        return True
    path.unlink(missing_ok=True)
    probe.release()
    return False
