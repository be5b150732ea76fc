"""The container a recipe runs in: as closed as the tests' own, but with a network, and gone when it has run.

Its root is read-only. What it installs lies on one volume, what it is told and its temporary files on another; both are
removed with it, and only :data:`~fixtrail.qa.sandbox.environment.recipe.RESULT` is taken out before.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError

from fixtrail.capture.output import HeadAndTail
from fixtrail.qa.sandbox import hardening
from fixtrail.qa.sandbox.container import Container, made
from fixtrail.qa.sandbox.engine import Engine, engine_trouble
from fixtrail.qa.sandbox.environment.access import Access
from fixtrail.qa.sandbox.environment.archive import large_file, small_archive
from fixtrail.qa.sandbox.environment.confinement import create
from fixtrail.qa.sandbox.environment.recipe import RESULT, RESULT_VOLUME, Recipe
from fixtrail.qa.sandbox.output import Demultiplexer
from fixtrail.qa.sandbox.tree import TreeError, open_tree
from fixtrail.settings import SandboxSettings

LOG_BYTES = 64 * 1024
FREE_BYTES = 2 * 1024**3
"""A build is ended when the engine's disk has less left."""
DISK_SECONDS = 2.0
_SILENT_LIMIT = 3
_WATCHER = "65534:65534"


@dataclass(frozen=True)
class Outcome:
    """How a recipe's script ended."""

    exit_code: int
    oom_killed: bool
    timed_out: bool
    disk_full: bool
    log: str


class BuildContainer(Container):
    """One container from its making to its last word.

    Parameters
    ----------
    name
        The container's.
    cancelled
        Set from another thread to call the build off.
    free_bytes
        What the engine's disk has to keep.
    """

    def __init__(self, engine: Engine, name: str, cancelled: threading.Event, free_bytes: int) -> None:
        super().__init__(engine, name, cancelled)
        self._output = HeadAndTail(LOG_BYTES)
        self._free_bytes = free_bytes
        self._silent = 0
        self._full = False
        self._look = time.monotonic() + DISK_SECONDS

    def send_tree(self, path: Path) -> None:
        """Copy the tree in; raises :class:`~fixtrail.qa.sandbox.tree.TreeError`."""
        with open_tree(path) as (tree, size), engine_trouble("taking in the tree"):
            try:
                packed = self.checked(large_file("tree.tar", tree, size))
                self.client.put_archive(self.name, hardening.VOLUME, packed)
            except EOFError:
                raise TreeError("became shorter while it was read") from None

    def send_inputs(self, recipe: Recipe, access: Access) -> None:
        """Copy in the script, its files and the access settings, and make the folders that the script writes to."""
        folders = {"in": (0o755, 0), "access": (0o755, 0), "tmp": (0o755, hardening.UID)}
        files = {f"in/{name}": text.encode() for name, text in {**recipe.files, "build.sh": recipe.script}.items()}
        files |= {f"access/{name}": data for name, data in access.files.items()}
        with engine_trouble("taking in the recipe"):
            self.client.put_archive(self.name, hardening.VOLUME, small_archive(folders, files, hardening.UID))
            self.client.put_archive(
                self.name, RESULT_VOLUME, small_archive({Path(RESULT).name: (0o755, hardening.UID)}, {})
            )

    def run(self, timeout_seconds: float) -> Outcome:
        """Run the script to its end, or to the deadline."""
        with engine_trouble("installing dependencies"):
            with self.attached() as stream:
                self.check_cancelled()
                self.client.start(self.name)
                frames = Demultiplexer(self._output.feed)
                ended = self.drain(stream, time.monotonic() + timeout_seconds, frames, go_on=self._may_go_on)
            killed = not ended and self.kill()
            state = self.stopped()["State"]
        return Outcome(
            exit_code=state.get("ExitCode", -1),
            oom_killed=bool(state.get("OOMKilled")),
            timed_out=killed and not self._full,
            disk_full=killed and self._full,
            log=self._output.text(),
        )

    def take_result(self, target: Path, limit: int) -> int:
        """Write what was installed to ``target`` as a tar whose members begin with the folder's own name.

        Returns
        -------
        int
            Its size in bytes; more than ``limit``: it was cut off there and is of no use.
        """
        size = 0
        with engine_trouble("handing out what was installed"), target.open("wb") as file:
            stream, _ = self.client.get_archive(self.name, RESULT, chunk_size=1024**2)
            try:
                for piece in self.checked(stream):
                    file.write(piece)
                    size += len(piece)
                    if size > limit:
                        break
            finally:
                stream.close()
        return size

    def _may_go_on(self) -> bool:
        """Whether the disk has room; asked every :data:`DISK_SECONDS`."""
        if time.monotonic() >= self._look:
            self._full = not self._disk_has_room()
            self._look = time.monotonic() + DISK_SECONDS
        return not self._full

    def _disk_has_room(self) -> bool:
        """Whether the engine's disk, on which the volumes lie without a limit, is far from full.

        Asked in the container, since the engine may be on another machine, by a user whose processes those of the
        build cannot touch. An answer that does not come three times in a row counts as no.
        """
        try:
            asked = self.client.exec_create(self.name, ["df", "-Pk", RESULT_VOLUME], user=_WATCHER)
            answer = self.client.exec_start(asked["Id"]).decode("ascii", "replace")
            free_bytes = int(answer.splitlines()[-1].split()[3]) * 1024
        except (APIError, IndexError, ValueError):
            self._silent += 1
            return self._silent < _SILENT_LIMIT
        self._silent = 0
        return free_bytes >= self._free_bytes


@contextlib.contextmanager
def build_container(
    engine: Engine,
    image: str,
    recipe: Recipe,
    trace_id: str,
    settings: SandboxSettings,
    cancelled: threading.Event,
    *,
    background: bool,
) -> Iterator[BuildContainer]:
    """Make a stopped container, and remove it and its volumes at the end, whatever happened.

    Its labels are those of a test's container, so that what a killed daemon leaves is reaped in the same way.
    """

    def make(name: str, labels: dict[str, str]) -> None:
        with engine_trouble("making the container", image):
            create(engine, name, image, recipe.needs, settings, labels, background=background)

    with made(engine, trace_id, settings.environment_timeout_seconds + settings.spare_seconds, make) as name:
        yield BuildContainer(engine, name, cancelled, FREE_BYTES)
