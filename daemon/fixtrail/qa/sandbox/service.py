"""The asynchronous front: one worker thread per run, and the event loop only waits.

Runs before and after a fix, and repeats for flakiness, are made above this, in :mod:`fixtrail.qa.verdict`: each is one
:class:`~fixtrail.qa.sandbox.job.Job`.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from fixtrail_protocol.qa import TestRun

from fixtrail.errors import FixtrailError
from fixtrail.qa.sandbox.job import EngineStatus, Job
from fixtrail.qa.sandbox.threads import Say, in_thread, until_called_off
from fixtrail.settings import DEFAULT_IMAGE, SandboxSettings

_log = logging.getLogger(__name__)


def _silent(_: str) -> None:
    pass


async def run_tests(job: Job, settings: SandboxSettings, *, progress: Callable[[str], None] = _silent) -> TestRun:
    """Run a test command on a tree, in a container without network, and return the receipt.

    Nothing in the engine, the image or the tree makes this raise: that is verdict ``infra_error`` with an
    ``error_code``. When the task is cancelled, the container is killed and removed first.

    Parameters
    ----------
    job
        What to run, and on what.
    settings
        Image and limits.
    progress
        Called on the event loop with a few words on each phase.
    """

    def work(called_off: threading.Event, say: Say) -> TestRun | None:
        from fixtrail.qa.sandbox.container import Cancelled
        from fixtrail.qa.sandbox.execution import execute

        try:
            return execute(job, settings, called_off, say)
        except Cancelled:
            return None

    return await until_called_off("fixtrail-sandbox", work, progress)


async def reap_orphans() -> int:
    """Remove what is of ours in the engine and outlived its deadline: containers, volumes, networks, unnamed images.

    Returns
    -------
    int
        How many were removed; 0 too when no engine answers, since then none runs either.
    """
    return (await _reap())[0]


async def reap_until_none_is_left() -> None:
    """Reap now, and again when the deadline of what is left has come, until there is nothing of ours any more."""
    while True:
        _, deadline = await _reap()
        if deadline is None:
            return
        await asyncio.sleep(max(1.0, deadline + 1 - time.time()))


async def _reap() -> tuple[int, float | None]:
    """Return how many were removed, and the earliest deadline of what is left."""

    def work() -> tuple[int, float | None]:
        from fixtrail.qa.sandbox.orphans import reap

        sweep = reap()
        return sweep.removed, sweep.next_deadline

    try:
        return await in_thread("fixtrail-reaper", work)
    except FixtrailError as error:
        _log.info("orphans were not looked for: %s", error)
        return 0, None


async def engine_status(image: str = DEFAULT_IMAGE, runtime: str | None = None) -> EngineStatus:
    """Say whether tests can be run: which engine answers, whether it has ``image`` and ``runtime``. Never raises."""

    def work() -> EngineStatus:
        from fixtrail.qa.sandbox.status import status

        return status(image, runtime)

    return await in_thread("fixtrail-engine-status", work)
