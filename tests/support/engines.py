"""A real engine that says something else of itself: everything goes through but ``GET /info``."""

import contextlib
import json
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fixtrail.qa.sandbox.engine import connect

from tests.support.sandbox import Cable

_INFO = re.compile(rb"GET /v[0-9.]+/info HTTP")


class Veneer(Cable):
    """A cable to the real engine that changes its answer to ``GET /info``."""

    def __init__(self, path: Path, changed: Mapping[str, Any]) -> None:
        with connect() as engine:
            self._info = {**engine.client.info(), **changed}
        super().__init__(path)

    def _requests(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                if _INFO.match(data):
                    body = json.dumps(self._info).encode()
                    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    near.sendall(head % len(body) + body)
                else:
                    far.sendall(data)
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def engine_that_says(path: Path, changed: Mapping[str, Any]) -> Iterator[Veneer]:
    """Serve the real engine at ``path`` with another answer to ``GET /info``."""
    veneer = Veneer(path, changed)
    try:
        yield veneer
    finally:
        veneer.pull()
