"""One process writes a trace file. The lock goes with its process; beside it stands who holds it."""

import os
from dataclasses import dataclass
from pathlib import Path

import filelock
import orjson

from fixtrail.errors import StateError
from fixtrail.store.layout import write_private


@dataclass(frozen=True)
class Owner:
    """The process that writes a trace, and where it listens (a socket path or ``host:port``), if it does."""

    pid: int
    endpoint: str | None = None
    token: str | None = None


class LockedError(StateError):
    """Another process writes this trace; ``owner`` says which, when it is known."""

    def __init__(self, path: Path, owner: Owner | None) -> None:
        who = f"process {owner.pid}" if owner else "another process"
        super().__init__("trace/locked", f"The trace {path.stem} is being written by {who}.", "Use or end that one.")
        self.owner = owner


class TraceLock:
    """Exclusive right to write one trace file, for the life of the process or until released."""

    def __init__(self, path: Path, owner: Owner) -> None:
        self._path = path
        self._lock = filelock.FileLock(path.with_suffix(".lock"), mode=0o600, thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise LockedError(path, read_owner(path)) from None
        write_private(owner_path(path), orjson.dumps(owner.__dict__))

    def release(self) -> None:
        """Give the right back. The lock file itself stays: removing it would race with the next holder."""
        owner_path(self._path).unlink(missing_ok=True)
        self._lock.release()


def owner_path(path: Path) -> Path:
    """Return the file that says who writes the trace file ``path``."""
    return path.with_suffix(".owner.json")


def read_owner(path: Path) -> Owner | None:
    """Return who wrote that they hold ``path``; None when nobody says so."""
    try:
        return Owner(**orjson.loads(owner_path(path).read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None


def this_process() -> Owner:
    """Return an owner that can't be reached: a command that runs and ends."""
    return Owner(pid=os.getpid())
