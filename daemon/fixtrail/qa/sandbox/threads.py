"""A worker thread for each piece of work with the engine, and a future for whoever waits."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

CANCEL_SECONDS = 10.0
"""How long what was cancelled may take to remove its container before it goes on with that in the background."""
Say = Callable[[str], None]

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


def in_thread(name: str, work: Callable[[], _Result]) -> "asyncio.Future[_Result]":
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


async def until_called_off(name: str, work: Callable[[threading.Event, Say], _Result | None], progress: Say) -> _Result:
    """Run ``work`` in a thread; when this task is cancelled, tell it so and let it tidy up before that is passed on.

    Parameters
    ----------
    work
        Given an event that calls it off and a function to say how far it is. It returns None only when called off.
    progress
        Called on the event loop with what ``work`` says.
    """
    loop = asyncio.get_running_loop()
    called_off = threading.Event()

    def say(words: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(progress, words)

    running = in_thread(name, lambda: work(called_off, say))
    try:
        result = await asyncio.shield(running)
    except asyncio.CancelledError:
        called_off.set()
        done, _ = await asyncio.wait({running}, timeout=CANCEL_SECONDS)
        if not done:
            _log.warning("the engine is slow: %s was cancelled and goes on removing its container", name)
        raise
    assert result is not None, "only what was called off has no result"
    return result
