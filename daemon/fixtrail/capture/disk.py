"""From the watcher's batches to looks at the disk: when to look, and at what. On the event loop; waits for nothing."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from fixtrail.capture.code import CodeRecorder, Look, OpenText
from fixtrail.capture.watch import DiskWatcher

QUIET_SECONDS = 0.15
"""Nothing more within this time: what belongs together has arrived."""
OPEN_SECONDS = 0.6
"""A file that is open is looked at later: the editor says within this time that it was a save."""
BUSY_SECONDS = 10.0
"""So long git may hold its lock until we look all the same."""


class DiskSource:
    """Watches a workspace and asks for looks.

    Parameters
    ----------
    open_texts
        Returns the texts of open documents; of these paths, or of all for None.
    look
        Takes each look, in order.
    failed
        Told in a sentence when the disk can't be watched.
    """

    def __init__(
        self,
        code: CodeRecorder,
        open_texts: Callable[[frozenset[str] | None], dict[str, OpenText]],
        look: Callable[[Look], None],
        failed: Callable[[str], None],
    ) -> None:
        self._code = code
        self._open_texts = open_texts
        self._look = look
        self._failed = failed
        self._root = f"{code.root}/"
        self._watcher: DiskWatcher | None = None
        self._paths: set[str] = set()
        self._late: set[str] = set()
        self._git = False
        self._everything = False
        self._held = False
        self._since = 0.0
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self, home: Path) -> None:
        """Begin to watch; the first look compares everything, for what happened before the watches stood."""
        loop = asyncio.get_running_loop()
        git = self._code.git
        folders = {self._code.root}
        for folder in (git.path, git.common):
            if folder is not None and not any(folder.is_relative_to(seen) for seen in folders):
                folders.add(folder)
        kept_out = f"{home.resolve()}/"
        git_folders = tuple(f"{folder}/" for folder in (git.path, git.common) if folder is not None)

        def wanted(path: str) -> bool:
            if path.startswith(kept_out):
                return False
            if path.startswith(git_folders):
                return git.tells(Path(path))
            return path.startswith(self._root) and "/.git/" not in path

        def changed(paths: list[str]) -> None:
            loop.call_soon_threadsafe(self._changed, paths)

        def failed(sentence: str) -> None:
            loop.call_soon_threadsafe(self._failed, sentence)

        self._everything = True
        self._watcher = DiskWatcher(folders, wanted, changed, failed)
        self._watcher.start()

    def _changed(self, paths: list[str]) -> None:
        if self._watcher is None or self._held or not (paths or self._everything):
            return
        git_folders = tuple(f"{folder}/" for folder in (self._code.git.path, self._code.git.common) if folder)
        for path in paths:
            if git_folders and path.startswith(git_folders):
                self._git = True
            else:
                self._paths.add(path.removeprefix(self._root))
        self._since = self._since or time.monotonic()
        self._arm("look", QUIET_SECONDS, self._look_now)

    def _arm(self, name: str, delay: float, call: Callable[[], None]) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(delay, call)

    def _look_now(self) -> None:
        if self._code.git.busy and time.monotonic() - self._since < BUSY_SECONDS:
            self._arm("look", QUIET_SECONDS, self._look_now)
            return
        paths, git, everything = frozenset(self._paths), self._git, self._everything
        self._paths.clear()
        self._git = self._everything = False
        self._since = 0.0
        whole = git or everything
        shown = self._open_texts(None if whole else paths)
        if not whole and shown:
            self._late |= shown.keys()
            paths -= shown.keys()
            self._arm("late", OPEN_SECONDS, self._look_late)
        if paths or whole:
            self._look(Look(paths, time.time(), git=git, everything=everything, open=shown))

    def _look_late(self) -> None:
        paths = frozenset(self._late)
        self._late.clear()
        self._look(Look(paths, time.time(), open=self._open_texts(paths)))

    def hold(self, held: bool) -> None:
        """Take no notice while recording is paused."""
        self._held = held

    def stop(self) -> None:
        """Stop watching."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None
