"""When an environment was last used and by which traces: a small file beside the traces for each image.

An image cannot tell: its labels are fixed when it is made.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from fixtrail.home import find_home

FOLDER = "environments"
_KEPT_LINES = 200


@dataclass(frozen=True)
class Uses:
    """What is known of an image's use on this machine; ``last`` is in seconds since 1970, None: never noted."""

    last: float | None = None
    traces: tuple[str, ...] = ()


def folder() -> Path:
    """Return the folder of the notes and locks, made if need be."""
    place = find_home() / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def note_use(key: str, trace_id: str) -> None:
    """Write down that a trace uses an image. What cannot be written is left out: it costs a line in a table."""
    with contextlib.suppress(OSError):
        path = folder() / f"{key}.used"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        lines = [line for line in lines if line != trace_id][-_KEPT_LINES:]
        path.write_text("".join(f"{line}\n" for line in [*lines, trace_id]), encoding="utf-8")


def read_uses(key: str) -> Uses:
    """Return what was noted of an image."""
    path = find_home() / FOLDER / f"{key}.used"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return Uses(path.stat().st_mtime, tuple(line for line in lines if line))
    except OSError:
        return Uses()


def forget(key: str) -> None:
    """Remove the note of an image that is gone."""
    with contextlib.suppress(OSError):
        (find_home() / FOLDER / f"{key}.used").unlink(missing_ok=True)
