"""See what happens on the disk beside the editor: one thread, batches, nothing on the event loop but the result."""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

logger = logging.getLogger(__name__)

STEP_MS = 50
DEBOUNCE_MS = 400
TICK_MS = 2_000
"""An empty batch comes after this time without a change: the first one says that the watches stand."""


class DiskWatcher:
    """Watches folders until it is stopped.

    Parameters
    ----------
    changed
        Called in the watcher's thread with the absolute paths that changed; an empty list is the tick.
    failed
        Called in the watcher's thread with a sentence when watching is not possible.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        wanted: Callable[[str], bool],
        changed: Callable[[list[str]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._folders = list(folders)
        self._wanted = wanted
        self._changed = changed
        self._failed = failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disk watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; returns at once, the thread ends within a tick."""
        self._stop.set()

    def _run(self) -> None:
        try:
            from watchfiles import watch

            for changes in watch(
                *self._folders,
                watch_filter=lambda _, path: self._wanted(path),
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                stop_event=self._stop,
                rust_timeout=TICK_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                if self._stop.is_set():
                    return
                self._changed([path for _, path in changes])
        except (OSError, RuntimeError) as error:
            logger.error("watching failed error=%s", type(error).__name__)
            if not self._stop.is_set():
                self._failed(f"The folder can't be watched: {error}.")
