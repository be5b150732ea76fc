"""From a tree to the image its tests run in: base, reused, built or failed, in one worker thread."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock
from fixtrail_protocol.qa import Environment

from fixtrail.errors import FixtrailError
from fixtrail.qa.sandbox.container import Cancelled
from fixtrail.qa.sandbox.engine import Engine, connect
from fixtrail.qa.sandbox.environment import uses
from fixtrail.qa.sandbox.environment.dockerfile import read_blueprint
from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.image import find_image
from fixtrail.qa.sandbox.environment.key import image_tag
from fixtrail.qa.sandbox.environment.plans import BlueprintPlan, BuildFailedError, Plan, RecipePlan, Site
from fixtrail.qa.sandbox.environment.recipe import UnsupportedError
from fixtrail.qa.sandbox.environment.select import select_recipe
from fixtrail.qa.sandbox.tree import TreeError
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
        _Preparation(order, settings, cancelled, say, result).go()
    except TreeError as error:
        result.reason = f"The tree {error}."
    except BuildFailedError as error:
        result.reason = str(error)
        result.log = "\n".join(error.log.splitlines()[-LOG_LINES:]) or None
    except UnsupportedError as error:
        result.reason = str(error)
    except FixtrailError as error:
        result.reason = f"{error.code}: {error}"
    except OSError as error:
        result.reason = f"The environment could not be written: {error.strerror or error}."
    result.duration_ms = round((time.monotonic() - began) * 1000)
    return result


class _Preparation:
    """One order; fills the result."""

    def __init__(
        self,
        order: Order,
        settings: SandboxSettings,
        cancelled: threading.Event,
        say: Callable[[str], None],
        result: Environment,
    ) -> None:
        self._order = order
        self._settings = settings
        self._cancelled = cancelled
        self._say = say
        self._result = result

    def go(self) -> None:
        files = TreeFiles.open(self._order.tree_tar)
        if self._settings.dockerfile is not None:
            blueprint = read_blueprint(files, self._settings.dockerfile)
            with connect() as engine:
                if blueprint.image is not None:
                    self._take_as_it_is(engine, blueprint.image, blueprint.sources)
                else:
                    self._use(engine, BlueprintPlan(self._site(engine, files), blueprint))
            return
        recipe = select_recipe(files, self._order.argv)
        if recipe is None:
            self._result.status, self._result.image = "base", self._settings.image
            return
        with connect() as engine:
            self._use(engine, RecipePlan(self._site(engine, files), recipe))

    def _site(self, engine: Engine, files: TreeFiles) -> Site:
        order = self._order
        return Site(engine, order.tree_tar, files, order.trace_id, self._settings, self._cancelled, order.background)

    def _take_as_it_is(self, engine: Engine, image: str, sources: Sequence[str]) -> None:
        """Use an image that a devcontainer.json names; it is not pulled."""
        result = self._result
        result.base_image, result.sources, result.recipe = image, list(sources), "devcontainer"
        found = find_image(engine, image)
        if found is None:
            result.reason = f"docker/image-missing: The engine does not hold the image {image}. Pull or build it."
            return
        result.status, result.image, result.image_digest = "base", image, found["Id"]

    def _use(self, engine: Engine, plan: Plan) -> None:
        self._result.recipe, self._result.sources = plan.name, list(plan.sources)
        self._result.base_image, self._result.base_digest = plan.base_image, plan.base_digest
        self._result.key = key = plan.key
        if self._reused(engine, key):
            return
        if self._settings.network_builds != "allow":
            self._without_network(plan)
            return
        self._say("Waiting for the environment")
        with self._alone(key), tempfile.TemporaryDirectory(prefix="fixtrail-") as folder:
            if self._reused(engine, key):
                return
            digest = plan.build(Path(folder), self._say)
            # What was pulled for it counts from now on.
            self._result.key, self._result.base_digest = plan.key, plan.base_digest
            self._result.status, self._result.image, self._result.image_digest = "built", image_tag(plan.key), digest
            uses.note_use(plan.key, self._order.trace_id)

    def _reused(self, engine: Engine, key: str) -> bool:
        """Take the image if it is there."""
        found = find_image(engine, image_tag(key))
        if found is not None:
            self._result.status, self._result.image, self._result.image_digest = "reused", image_tag(key), found["Id"]
            uses.note_use(key, self._order.trace_id)
        return found is not None

    def _without_network(self, plan: Plan) -> None:
        """Say what it means that nothing may be downloaded.

        fixtrail's own base image is known to hold nothing that a project asks for, so its tests would fail for want of
        it; an image that somebody has named is there to hold it.
        """
        allow = "To have dependencies downloaded and installed in a container, set sandbox.network_builds to allow"
        if plan.wants and plan.base_image in (None, DEFAULT_IMAGE):
            named = ", ".join(plan.wants[:5]) + (" …" if len(plan.wants) > 5 else "")
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
