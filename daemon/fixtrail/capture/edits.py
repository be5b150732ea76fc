"""Cut typing into bursts: which open documents have changed since they were last recorded."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from fixtrail_protocol.base import format_timestamp

from fixtrail.capture.documents import Document

Cut = Literal["save", "pause", "leave", "event", "start", "finalize", "close"]


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst of typing that was cut: the text as it is now. It is compared off the event loop."""

    path: str
    lines: list[str]
    cut: Cut
    moment: float
    """Seconds since the epoch of the last change in it."""

    @property
    def timestamp(self) -> str:
        """When the last change of the burst was made."""
        return format_timestamp(datetime.fromtimestamp(self.moment, UTC))


class EditTracker:
    """Knows which open files have changed since the last cut.

    Parameters
    ----------
    submit
        Takes each :class:`Burst` as it is cut, in order.
    """

    def __init__(self, submit: Callable[[Burst], None]) -> None:
        self._submit = submit
        self._changed: dict[str, tuple[Document, float]] = {}
        self._unsaved: dict[str, float] = {}

    @property
    def dirty(self) -> bool:
        """Whether a burst of typing is open."""
        return bool(self._changed)

    def typed(self, path: str) -> float | None:
        """Return when a file was last changed in the editor since it was last saved or opened."""
        return self._unsaved.get(path)

    def opened(self, path: str, document: Document) -> None:
        """A file was opened: what differs from what is recorded is an edit."""
        self._unsaved.pop(path, None)
        self._changed[path] = (document, time.time())
        self.cut(path, "start")

    def changed(self, path: str, document: Document) -> None:
        """A file was typed in."""
        moment = time.time()
        self._changed[path] = (document, moment)
        self._unsaved[path] = moment

    def saved(self, path: str, document: Document) -> None:
        """A file was saved, typed in or not."""
        self._unsaved.pop(path, None)
        moment = self._changed[path][1] if path in self._changed else time.time()
        self._changed[path] = (document, moment)
        self.cut(path, "save")

    def closed(self, path: str) -> None:
        """A file was closed."""
        self.cut(path, "close")
        self._unsaved.pop(path, None)

    def cut(self, path: str, why: Cut) -> None:
        """Close the burst of one file."""
        entry = self._changed.pop(path, None)
        if entry is not None:
            document, moment = entry
            self._submit(Burst(path, list(document.lines), why, moment))

    def cut_all(self, why: Cut, *, idle_since: float | None = None) -> None:
        """Close every burst; with ``idle_since`` only those whose last change is not younger."""
        for path, (_, moment) in list(self._changed.items()):
            if idle_since is None or moment <= idle_since:
                self.cut(path, why)

    def forget(self) -> list[str]:
        """Let go of open bursts without an edit; return the files that had one."""
        changed = list(self._changed)
        self._changed.clear()
        return changed
