"""A language server in a process of its own, spoken to in raw frames, so that the client costs next to nothing."""

import contextlib
import itertools
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

Message = dict[str, Any]
WAIT_SECONDS = 60.0


def frame(message: Mapping[str, Any]) -> bytes:
    body = orjson.dumps({"jsonrpc": "2.0", **message})
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def notification(method: str, params: Mapping[str, Any]) -> bytes:
    return frame({"method": method, "params": params})


class Peer:
    """Server over stdio. One that does not answer within a minute is killed, and reading from it raises EOFError."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **(env or {})}, bufsize=0
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in = self.process.stdin.fileno()
        self._out = self.process.stdout.fileno()
        self._buffer = b""
        self._ids = itertools.count(1)

    def read(self) -> Message:
        """Return the next message."""
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if found:
                sizes = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                if len(rest) >= (size := int(sizes[0])):
                    self._buffer = rest[size:]
                    message: Message = orjson.loads(rest[:size])
                    return message
            chunk = os.read(self._out, 1 << 20)
            if not chunk:
                raise EOFError("the server hung up, or was ended because it did not answer in time")
            self._buffer += chunk

    def exchange(self, data: bytes, until: Callable[[Message], bool]) -> Message:
        """Write ``data``, from a thread so that a full pipe blocks nobody, and read up to the message wanted."""
        sender = threading.Thread(target=self._write, args=(data,))
        watchdog = threading.Timer(WAIT_SECONDS, self.process.kill)
        watchdog.start()
        sender.start()
        try:
            while not until(message := self.read()):
                pass
        finally:
            watchdog.cancel()
            watchdog.join()
            sender.join()
        return message

    def send(self, data: bytes) -> None:
        """Write a little, and wait for nothing."""
        self._write(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[os.write(self._in, view) :]

    def framed_request(self, method: str, params: Any) -> tuple[bytes, Callable[[Message], bool]]:
        """Return a request's bytes, and what tells its answer from other messages."""
        number = next(self._ids)

        def answers(message: Message) -> bool:
            if message.get("id") != number or "method" in message:
                return False
            if "error" in message:
                raise RuntimeError(f"{method}: {message['error']}")
            return True

        return frame({"id": number, "method": method, "params": params}), answers

    def request(self, method: str, params: Any) -> Any:
        """Send a request and return its result."""
        return self.exchange(*self.framed_request(method, params))["result"]

    def initialize(self) -> None:
        self.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})

    def end(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def peer(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Iterator[Peer]:
    """Start a server; end it with the block."""
    started = Peer(command, env)
    try:
        yield started
    finally:
        started.end()
