"""The asynchronous front: one worker thread per run, and the event loop only waits.

Runs before and after a fix, and repeats for flakiness, are made above this, in :mod:`fixtrail.qa.verdict`: each is one
:class:`~fixtrail.qa.sandbox.job.Job`.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from fixtrail_protocol.qa import TestRun

from fixtrail.errors import FixtrailError
from fixtrail.qa.sandbox.job import EngineStatus, Job
from fixtrail.settings import DEFAULT_IMAGE, SandboxSettings

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

CANCEL_SECONDS = 10.0
"""How long a cancelled run may take to remove its container before it goes on with that in the background."""


def _silent(_: str) -> None:
    pass


def _in_thread(name: str, work: Callable[[], _Result]) -> "asyncio.Future[_Result]":
    """Run ``work`` in a thread of its own, which does not hold up the end of the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()

    def settle(result: _Result | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: _Result | None = None
        problem: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  handed on to whoever waits
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


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
    loop = asyncio.get_running_loop()
    called_off = threading.Event()

    def say(words: str) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(progress, words)

    def work() -> TestRun | None:
        from fixtrail.qa.sandbox.execution import Cancelled, execute

        try:
            return execute(job, settings, called_off, say)
        except Cancelled:
            return None

    running = _in_thread("fixtrail-sandbox", work)
    try:
        receipt = await asyncio.shield(running)
    except asyncio.CancelledError:
        called_off.set()
        done, _ = await asyncio.wait({running}, timeout=CANCEL_SECONDS)
        if not done:
            _log.warning("the engine is slow: the cancelled run goes on removing its container in the background")
        raise
    assert receipt is not None, "only a cancelled run has no receipt"
    return receipt


async def reap_orphans() -> int:
    """Remove containers of ours that outlived their deadline, and their volumes.

    Returns
    -------
    int
        How many were removed; 0 too when no engine answers, since then none runs either.
    """

    def work() -> int:
        from fixtrail.qa.sandbox.orphans import reap

        return reap()

    try:
        return await _in_thread("fixtrail-reaper", work)
    except FixtrailError as error:
        _log.info("orphans were not looked for: %s", error)
        return 0


async def engine_status(image: str = DEFAULT_IMAGE) -> EngineStatus:
    """Say whether tests can be run: which engine answers, and whether it holds ``image``. Never raises."""

    def work() -> EngineStatus:
        from fixtrail.qa.sandbox.status import status

        return status(image)

    return await _in_thread("fixtrail-engine-status", work)
