"""A container's life, whatever runs in it: made under a name of ours, followed, ended, and always removed."""

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import requests
from docker.errors import APIError, NotFound

from fixtrail.errors import UnavailableError
from fixtrail.qa.sandbox.engine import Engine, engine_trouble, explain
from fixtrail.qa.sandbox.hardening import LABEL_DEADLINE, LABEL_PID, LABEL_TRACE
from fixtrail.qa.sandbox.output import Demultiplexer

POLL_SECONDS = 0.1
"""How long a cancel or the deadline may go unnoticed while nothing is printed."""
SETTLE_SECONDS = 10
"""How long the engine may take from the end of the output, or from a kill, to a stopped container."""
_REMOVE_ATTEMPTS = 5

_log = logging.getLogger(__name__)


class Cancelled(Exception):
    """What ran was called off; its container is gone."""


@contextlib.contextmanager
def made(
    engine: Engine, trace_id: str, lifetime_seconds: float, make: Callable[[str, dict[str, str]], None]
) -> Iterator[str]:
    """Make a stopped container, give its name, and see to it that nothing of it is left at the end.

    Parameters
    ----------
    lifetime_seconds
        After that it is an orphan: if this process is gone by then, another one removes it.
    make
        Called with the name and the labels, which go on its volumes as well.
    """
    # A name of our own, so that it can be removed even if the engine's answer to 'create' is lost.
    name = f"fixtrail-{uuid.uuid4().hex}"
    labels = {
        LABEL_TRACE: trace_id,
        LABEL_DEADLINE: str(int(time.time() + lifetime_seconds)),
        LABEL_PID: str(os.getpid()),
    }
    try:
        make(name, labels)
        yield name
    finally:
        remove(engine, name)


def remove(engine: Engine, name: str) -> bool:
    """Kill and remove a container with its volumes; returns whether it is gone.

    What cannot be removed now is logged, and left to :func:`fixtrail.qa.sandbox.reap_orphans`.
    """
    problem: Exception | None = None
    for attempt in range(_REMOVE_ATTEMPTS):
        try:
            engine.knock()
            engine.client.remove_container(name, v=True, force=True)
        except NotFound:
            return True
        except APIError as error:  # for example 409, "removal is already in progress"
            problem = error
            time.sleep(0.1 * 2**attempt)
        except (requests.RequestException, OSError) as error:
            problem = error
            break
        else:
            return True
    if problem is not None:
        _log.warning("container %s could not be removed and is left to its deadline: %s", name, explain(problem))
    return False


class Container:
    """A container that was made, from its start to its last word.

    Parameters
    ----------
    cancelled
        Set from another thread to call it off; noticed within :data:`POLL_SECONDS` or after the request to the engine
        that is under way. Each method but :meth:`kill` may raise :class:`Cancelled`.
    """

    def __init__(self, engine: Engine, name: str, cancelled: threading.Event) -> None:
        self.engine = engine
        self.client = engine.client
        self.name = name
        self._cancelled = cancelled

    def check_cancelled(self) -> None:
        """Raise :class:`Cancelled` if it was called off."""
        if self._cancelled.is_set():
            raise Cancelled

    def checked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces of something long, as long as it was not called off."""
        for piece in pieces:
            self.check_cancelled()
            yield piece

    @contextlib.contextmanager
    def attached(self) -> Iterator[Any]:
        """Open the stream of what it prints; before its start, or the beginning is lost."""
        wrapped = self.client.attach_socket(self.name, {"stdout": 1, "stderr": 1, "stream": 1})
        # Over plain sockets the SDK hands out an io wrapper, which does not survive a timeout; the socket in it does.
        stream = getattr(wrapped, "_sock", wrapped)
        stream.settimeout(POLL_SECONDS)
        try:
            yield stream
        finally:
            # Closing the response closes the socket with it; the other way round leaves it half open.
            getattr(wrapped, "_response", wrapped).close()

    def drain(
        self, stream: Any, deadline: float, frames: Demultiplexer, *, go_on: Callable[[], bool] = lambda: True
    ) -> bool:
        """Read to the end of the output; False: the deadline (:func:`time.monotonic`) came, or ``go_on`` said no.

        Then it is to be killed, but not while attached: Docker answers a kill only after it has delivered all output,
        and would wait for us to read it.
        """
        while time.monotonic() < deadline and go_on():
            self.check_cancelled()
            try:
                data = stream.recv(65536)
            except TimeoutError:
                continue
            if not data:
                return True
            frames.feed(data)
        return False

    def kill(self) -> bool:
        """Kill it; False: it had ended by itself."""
        try:
            self.client.kill(self.name)
        except APIError as error:
            if error.status_code in (404, 409):
                return False
            raise
        return True

    def stopped(self) -> dict[str, Any]:
        """Return the engine's last word on it (``GET /containers/{id}/json``), once it has stopped.

        Raises
        ------
        UnavailableError
            ``docker/engine-error``: the engine is gone, or it runs on though its output has ended.
        """
        give_up = time.monotonic() + SETTLE_SECONDS
        while True:
            self.check_cancelled()
            with engine_trouble("ending the container"):
                self.engine.knock()
                # Either exception means that it still runs, or that the engine is gone: ask.
                with contextlib.suppress(requests.ReadTimeout, requests.ConnectionError):
                    self.client.wait(self.name, timeout=1)
                self.engine.knock()
                inspected: dict[str, Any] = self.client.inspect_container(self.name)
            if not inspected["State"].get("Running"):
                return inspected
            if time.monotonic() >= give_up:
                raise UnavailableError(
                    "docker/engine-error",
                    "The engine closed the container's output, but the container runs on.",
                    "Look at the engine's log and try again.",
                )
