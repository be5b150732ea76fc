"""Cut typing into edits: one unified diff for each burst, against the file as last recorded."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from fixtrail_protocol.base import format_timestamp

from fixtrail.capture.diffs import unified_diff
from fixtrail.capture.documents import Document
from fixtrail.capture.paths import Workspace
from fixtrail.capture.text import join_surrogates

Cut = Literal["save", "pause", "leave", "event", "start", "finalize", "close"]


@dataclass(slots=True)
class PendingEdit:
    """A burst of typing that was cut and not yet compared. :meth:`data` runs off the event loop."""

    path: str
    old: list[str] | None
    """Lines as last recorded; None: what was on the disk is no text, or too large."""
    new: list[str]
    cut: Cut
    moment: float
    """Seconds since the epoch of the last change in it."""
    workspace: Workspace
    limit: int
    """Bytes of a file that is compared at the most."""

    @property
    def timestamp(self) -> str:
        """When the last change of the burst was made."""
        return format_timestamp(datetime.fromtimestamp(self.moment, UTC))

    def data(self) -> tuple[dict[str, Any] | None, int]:
        """Return the event's data, and how many half characters (lone surrogates) were replaced in it.

        The data is None when nothing changed or git ignores the file.
        """
        if self.workspace.ignored(self.path):
            return None, 0
        new = "".join(self.new)
        base: dict[str, Any] = {"file_path": self.path, "cut": self.cut}
        if self.old is None:
            # Not UTF-8, or larger than is compared: the editor's text can't be set against the bytes on the disk.
            return (None, 0) if self.cut == "start" else (base | {"diff": None, "diff_omitted": "undecodable"}, 0)
        old = "".join(self.old)
        if old == new:
            return None, 0
        if max(len(old), len(new)) > self.limit:
            return base | {"diff": None, "diff_omitted": "too_large"}, 0
        old, _ = join_surrogates(old)
        new, replaced = join_surrogates(new)
        diff, added, removed = unified_diff(self.path, old, new)
        if not diff:
            return None, 0
        return base | {"diff": diff, "added": added, "removed": removed}, replaced


class EditTracker:
    """Knows of every open file what was last recorded of it, and which have changed since.

    Parameters
    ----------
    submit
        Takes each :class:`PendingEdit` as it is cut, in order.
    """

    def __init__(self, workspace: Workspace, limit: int, submit: Callable[[PendingEdit], None]) -> None:
        self._workspace = workspace
        self._limit = limit
        self._submit = submit
        self._recorded: dict[str, list[str] | None] = {}
        self._changed: dict[str, tuple[Document, float]] = {}

    @property
    def dirty(self) -> bool:
        """Whether a burst of typing is open."""
        return bool(self._changed)

    def opened(self, path: str, document: Document) -> None:
        """A file was opened: what differs from the last recorded text (at first: from the disk) is an edit."""
        if path not in self._recorded:
            # Read now: by the time the writer's thread looks, a save may have put the next edit there.
            text = self._workspace.read_text(path, self._limit)
            self._recorded[path] = None if text is None else [text]
        self._changed[path] = (document, time.time())
        self.cut(path, "start")

    def opened_unrecorded(self, path: str, document: Document) -> None:
        """A file was opened while nothing is recorded: its text is where the next edit begins."""
        recorded = self._recorded.get(path)
        if recorded is None:
            self._recorded[path] = list(document.lines)
        elif "".join(recorded) != document.text:
            self._changed[path] = (document, time.time())
        else:
            self._changed.pop(path, None)

    def changed(self, path: str, document: Document) -> None:
        """A file was typed in."""
        self._changed[path] = (document, time.time())

    def cut(self, path: str, why: Cut) -> None:
        """Close the burst of one file."""
        entry = self._changed.pop(path, None)
        if entry is None:
            return
        document, moment = entry
        old = self._recorded.get(path)
        new = list(document.lines)
        self._recorded[path] = new
        self._submit(PendingEdit(path, old, new, why, moment, self._workspace, self._limit))

    def cut_all(self, why: Cut, *, idle_since: float | None = None) -> None:
        """Close every burst; with ``idle_since`` only those whose last change is not younger."""
        for path, (_, moment) in list(self._changed.items()):
            if idle_since is None or moment <= idle_since:
                self.cut(path, why)

    def forget_changes(self) -> list[str]:
        """Take the present texts as recorded without an edit; return the files that had changed."""
        changed = list(self._changed)
        for path, (document, _) in self._changed.items():
            self._recorded[path] = list(document.lines)
        self._changed.clear()
        return changed
