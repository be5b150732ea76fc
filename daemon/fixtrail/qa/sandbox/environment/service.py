"""The asynchronous front: one worker thread for each environment, and the event loop only waits."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fixtrail_protocol.qa import Environment

from fixtrail.qa.sandbox.threads import Say, in_thread, until_called_off
from fixtrail.settings import SandboxSettings

if TYPE_CHECKING:
    from fixtrail.qa.sandbox.environment.catalogue import EnvironmentImage, Pruned

_log = logging.getLogger(__name__)


def _silent(_: str) -> None:
    pass


async def list_environments() -> "list[EnvironmentImage]":
    """Return the images of environments that the engine holds, the last used first.

    Raises
    ------
    UnavailableError
        ``docker/unavailable`` or ``docker/engine-error``.
    """

    def work() -> "list[EnvironmentImage]":
        from fixtrail.qa.sandbox.engine import connect
        from fixtrail.qa.sandbox.environment.catalogue import list_images

        with connect() as engine:
            return list_images(engine)

    return await in_thread("fixtrail-images", work)


async def prune_environments(older_than_days: float | None = None, *, everything: bool = False) -> "Pruned":
    """Remove images of environments; see :func:`fixtrail.qa.sandbox.environment.catalogue.prune_images`.

    Raises
    ------
    UnavailableError
        ``docker/unavailable`` or ``docker/engine-error``.
    """

    def work() -> "Pruned":
        from fixtrail.qa.sandbox.engine import connect
        from fixtrail.qa.sandbox.environment.catalogue import prune_images

        with connect() as engine:
            return prune_images(engine, older_than_days, everything=everything)

    return await in_thread("fixtrail-images", work)


async def prepare_environment(
    tree_tar: Path,
    trace_id: str,
    settings: SandboxSettings,
    *,
    argv: Sequence[str] = (),
    background: bool = False,
    progress: Callable[[str], None] = _silent,
) -> Environment:
    """Return the image that a tree's tests run in, with what the project's files ask for installed.

    It is looked up by a key over those files, the recipe and the base image; what is not there is built, in a container
    with a network, if ``settings.network_builds`` allows it. Raises nothing but :class:`asyncio.CancelledError`: any
    trouble is status ``failed`` with a reason and the last lines of the log. Cancelled, it leaves no container and no
    image.

    Parameters
    ----------
    tree_tar
        Uncompressed tar of the tree, as for :class:`~fixtrail.qa.sandbox.job.Job`.
    trace_id
        For labels and for notes of use.
    argv
        The test command, which tells the language where the tree has files of several.
    background
        Nobody waits for it: it yields the processors to everything else.
    progress
        Called on the event loop with a few words on each phase.
    """

    def work(called_off: threading.Event, say: Say) -> Environment | None:
        from fixtrail.qa.sandbox.container import Cancelled
        from fixtrail.qa.sandbox.environment.prepare import Order, prepare

        order = Order(tree_tar, trace_id, tuple(argv), background)
        try:
            return prepare(order, settings, called_off, say)
        except Cancelled:
            return None
        except Exception as error:  # noqa: BLE001  a verdict without an environment says so; it is no crash
            _log.exception("an environment could not be prepared")
            return Environment(
                status="failed",
                base_image=settings.image,
                reason=f"Something went wrong while preparing the environment ({type(error).__name__}).",
            )

    return await until_called_off("fixtrail-environment", work, progress)
