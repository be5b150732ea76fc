"""From a tree to the image its tests run in: base, reused, built or failed, in one worker thread."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
from fixtrail_protocol.qa import Environment

from fixtrail.errors import FixtrailError
from fixtrail.qa.sandbox.engine import Engine, connect
from fixtrail.qa.sandbox.environment import uses
from fixtrail.qa.sandbox.environment.access import read_access
from fixtrail.qa.sandbox.environment.container import PROGRAM_MISSING, Outcome, build_container
from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.image import assemble, find_image
from fixtrail.qa.sandbox.environment.key import image_key, image_labels, image_tag
from fixtrail.qa.sandbox.environment.recipe import Recipe, UnsupportedError
from fixtrail.qa.sandbox.environment.select import select_recipe
from fixtrail.qa.sandbox.execution import Cancelled
from fixtrail.qa.sandbox.tree import TreeError
from fixtrail.qa.sandbox.verdict import UNPACK_FAILED
from fixtrail.settings import DEFAULT_IMAGE, SandboxSettings

LOG_LINES = 40
_WAIT_SECONDS = 0.2
"""How long a cancel may go unnoticed while another build of the same image is waited for."""


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes
    ----------
    tree_tar
        Uncompressed tar of the tree.
    trace_id
        Goes into the container's labels and the notes of use.
    argv
        The test command, which tells the language where a tree has several; may be empty.
    background
        Nobody waits: the build gets what processor time is left.
    """

    tree_tar: Path
    trace_id: str
    argv: Sequence[str] = ()
    background: bool = False


def prepare(
    order: Order, settings: SandboxSettings, cancelled: threading.Event, say: Callable[[str], None]
) -> Environment:
    """Return the environment for a tree; trouble of any kind is status ``failed`` with a reason.

    Raises
    ------
    Cancelled
        ``cancelled`` was set. The container is removed, and there is no image.
    """
    began = time.monotonic()
    result = Environment(status="failed", base_image=settings.image)
    try:
        files = TreeFiles.open(order.tree_tar)
        recipe = select_recipe(files, order.argv)
        if recipe is None:
            result.status, result.image = "base", settings.image
            return result
        result.recipe, result.sources = recipe.name, list(recipe.sources)
        with connect() as engine:
            _Preparation(engine, order, settings, cancelled, say, files, recipe, result).go()
    except TreeError as error:
        result.reason = f"The tree {error}."
    except UnsupportedError as error:
        result.reason = str(error)
    except FixtrailError as error:
        result.reason = f"{error.code}: {error}"
    except OSError as error:
        result.reason = f"The environment could not be written: {error.strerror or error}."
    result.duration_ms = round((time.monotonic() - began) * 1000)
    return result


class _Preparation:
    """One order with its engine and recipe; fills the result."""

    def __init__(
        self,
        engine: Engine,
        order: Order,
        settings: SandboxSettings,
        cancelled: threading.Event,
        say: Callable[[str], None],
        files: TreeFiles,
        recipe: Recipe,
        result: Environment,
    ) -> None:
        self._engine = engine
        self._order = order
        self._settings = settings
        self._cancelled = cancelled
        self._say = say
        self._files = files
        self._recipe = recipe
        self._result = result

    def go(self) -> None:
        base = find_image(self._engine, self._settings.image)
        if base is None:
            self._result.reason = (
                f"docker/image-missing: The engine does not hold the base image {self._settings.image}. "
                "Pull or build it, or name another in the setting sandbox.image."
            )
            return
        self._result.base_digest = base["Id"]
        self._result.key = key = image_key(self._recipe, self._files, base["Id"])
        if self._reused():
            return
        if self._settings.network_builds != "allow":
            self._without_network()
            return
        self._say("Waiting for the environment")
        with self._alone(key):
            if not self._reused():
                self._build(base)

    def _reused(self) -> bool:
        """Take the image if it is there."""
        key = self._result.key or ""
        found = find_image(self._engine, image_tag(key))
        if found is not None:
            self._result.status, self._result.image, self._result.image_digest = "reused", image_tag(key), found["Id"]
            uses.note_use(key, self._order.trace_id)
        return found is not None

    def _without_network(self) -> None:
        """Say what it means that nothing may be downloaded.

        fixtrail's own base image is known to hold nothing that a project asks for, so its tests would fail for want of
        it; an image that somebody has named is there to hold it.
        """
        wants = self._recipe.wants
        named = ", ".join(wants[:5]) + (" …" if len(wants) > 5 else "")
        allow = "To have dependencies downloaded and installed in a container, set sandbox.network_builds to allow"
        if wants and self._settings.image == DEFAULT_IMAGE:
            self._result.reason = (
                f"The project asks for {named}, which the image {self._settings.image} does not have. {allow}; "
                "or name an image that has them in sandbox.image."
            )
            return
        self._result.status, self._result.image = "base", self._settings.image
        self._result.image_digest = self._result.base_digest
        self._result.reason = f"The project's dependencies were not installed: the image is used as it is. {allow}."

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Let one build of a key run at a time on this machine; the others find its image."""
        lock = filelock.FileLock(uses.folder() / f"{key}.lock", thread_local=False)
        while True:
            if self._cancelled.is_set():
                raise Cancelled
            try:
                lock.acquire(timeout=_WAIT_SECONDS)
                break
            except filelock.Timeout:
                continue
        try:
            yield
        finally:
            lock.release()

    def _build(self, base: dict[str, Any]) -> None:
        self._say("Installing dependencies")
        recipe, settings = self._recipe, self._settings
        with (
            tempfile.TemporaryDirectory(prefix="fixtrail-") as folder,
            ThreadPoolExecutor(max_workers=1) as beside,
            build_container(
                self._engine,
                base["Id"],
                recipe,
                self._order.trace_id,
                settings,
                self._cancelled,
                background=self._order.background,
            ) as container,
        ):
            asked = beside.submit(read_access, npm="node" in recipe.needs)
            container.send_tree(self._order.tree_tar)
            access = asked.result()
            container.send_inputs(recipe, access)
            outcome = container.run(settings.environment_timeout_seconds)
            if reason := self._trouble(outcome):
                self._result.reason = reason
                self._result.log = "\n".join(access.mask(outcome.log).splitlines()[-LOG_LINES:])
                return
            self._say("Keeping the environment")
            layer = Path(folder) / "layer.tar"
            if container.take_result(layer, settings.environment_bytes) > settings.environment_bytes:
                self._result.reason = (
                    f"What was installed is larger than {settings.environment_bytes // 1024**2} MB. "
                    "The setting sandbox.environment_bytes says how much it may be."
                )
                return
            self._keep(base, layer)

    def _keep(self, base: dict[str, Any], layer: Path) -> None:
        key = self._result.key or ""
        labels = image_labels(self._recipe, key, self._settings.image, base["Id"])
        digest = assemble(
            self._engine, base, self._recipe, layer, tag=image_tag(key), labels=labels, cancelled=self._cancelled
        )
        self._result.status, self._result.image, self._result.image_digest = "built", image_tag(key), digest
        uses.note_use(key, self._order.trace_id)

    def _trouble(self, outcome: Outcome) -> str | None:
        """Say in one sentence why a script did not come to its end."""
        recipe, settings = self._recipe, self._settings
        if outcome.timed_out:
            return (
                f"Installing dependencies with {recipe.name} had not ended after "
                f"{settings.environment_timeout_seconds:g} seconds (sandbox.environment_timeout_seconds)."
            )
        if outcome.oom_killed:
            return f"Installing dependencies needed more than {settings.memory_bytes // 1024**2} MB of memory."
        if outcome.exit_code == 0:
            return None
        if outcome.exit_code == UNPACK_FAILED:
            return "The tree could not be unpacked for installing dependencies."
        if outcome.exit_code == PROGRAM_MISSING:
            missing = outcome.log.strip().rpartition("\n")[2].partition(":")[0]
            return (
                f"The image {settings.image} has no {missing}, which {recipe.name} needs: "
                "name one that has it in the setting sandbox.image."
            )
        return f"Installing dependencies with {recipe.name} failed with exit code {outcome.exit_code}."
