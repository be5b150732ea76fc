"""Remove traces for good: one, those that ended long ago, or everything this program ever kept."""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import filelock

from fixtrail.store.layout import DataDirectory

FOLDERS = ("traces", "exports", "workspaces", "logs", "environments")
FILES = ("installation.json",)
"""What lies in a data directory; anything else there is not ours, and stays."""
DAY = 86_400.0


@dataclass
class Purged:
    """Ids of traces that are gone, and of those that a process is writing and that therefore stay."""

    removed: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


def _held(path: Path) -> bool:
    lock = filelock.FileLock(path.with_suffix(".lock"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    lock.release()
    return False


def purge_traces(data: DataDirectory, wanted: list[Path]) -> Purged:
    """Remove these trace files and everything made of them, but none that is being written.

    Notes
    -----
    The files are unlinked. What a file system keeps of them is beyond us: use an encrypted disk.
    """
    done = Purged()
    for path in wanted:
        if _held(path):
            done.held.append(path.stem)
            continue
        data.remove_trace(path.stem)
        done.removed.append(path.stem)
    for entry in (data.home / "workspaces").glob("*.json"):
        if any(trace in entry.read_text(encoding="utf-8", errors="replace") for trace in done.removed):
            entry.unlink(missing_ok=True)
    return done


def older_than(data: DataDirectory, days: float) -> list[Path]:
    """Return the traces that nothing was written to for so long."""
    limit = time.time() - days * DAY
    return [path for path in data.trace_files() if path.stat().st_mtime < limit]


def purge_everything(data: DataDirectory) -> Purged:
    """Remove all traces, documents, logs and ids; while a trace is being written, only what is not in use."""
    done = purge_traces(data, list(data.trace_files()))
    if done.held:
        return done
    for name in FOLDERS:
        shutil.rmtree(data.home / name, ignore_errors=True)
    for name in FILES:
        (data.home / name).unlink(missing_ok=True)
    return done
