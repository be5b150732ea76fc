"""A real engine that says something else of itself: everything goes through but ``GET /info``."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fixtrail.qa.sandbox.engine import connect

_INFO = re.compile(rb"GET /v[0-9.]+/info HTTP")


class Veneer:
    """Listens on a Unix socket before the real engine and changes its answer to ``GET /info``."""

    def __init__(self, path: Path, changed: Mapping[str, Any]) -> None:
        with connect() as engine:
            self._target = engine.endpoint.url.removeprefix("unix://")
            self._info = {**engine.client.info(), **changed}
        self.url = f"unix://{path}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._ends: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def _begin(self, work: Any, *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._ends += [near, far]
                self._begin(self._requests, near, far)
                self._begin(self._pump, far, near)

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

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(timeout=5)


@contextlib.contextmanager
def engine_that_says(path: Path, changed: Mapping[str, Any]) -> Iterator[Veneer]:
    """Serve the real engine at ``path`` with another answer to ``GET /info``."""
    veneer = Veneer(path, changed)
    try:
        yield veneer
    finally:
        veneer.close()
