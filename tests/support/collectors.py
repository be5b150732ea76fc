"""Real collectors on loopback, and real servers in front of them that misbehave as networks do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fixtrail.collector.app import create_app
from fixtrail.collector.config import CollectorConfig
from fixtrail.collector.service import listen

TOKEN = "a-long-random-word"


@contextlib.asynccontextmanager
async def serve(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application with uvicorn on a free port; yields its base URL."""
    with listen("127.0.0.1", 0) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2))
        server.capture_signals = contextlib.nullcontext  # pytest's own handling of Ctrl-C stays
        task = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            while not server.started:
                if task.done():
                    await task
                    raise RuntimeError("the server did not start")
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@contextlib.asynccontextmanager
async def collector(
    folder: Path, *, wrap: Callable[[Any], Any] = lambda app: app, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a collector on ``folder``; yields a client that has its address and token."""
    app = create_app(CollectorConfig(data_dir=folder, token=TOKEN, **settings))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with serve(wrap(app)) as url, httpx.AsyncClient(base_url=url, headers=headers) as client:
        yield client


class Answers:
    """ASGI: gives the next scripted answer to each matching request, then lets everything through.

    A script holds ``(status, headers)``, or None to let one request through; ``seen`` lists every request.
    """

    def __init__(self, app: Any, path: str, script: list[tuple[int, dict[str, str]] | None]) -> None:
        self.app = app
        self.path = path
        self.script = list(script)
        self.seen: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.seen.append(scope["path"])
        matches = scope["path"].endswith(self.path)
        answer = self.script.pop(0) if matches and self.script else None
        if answer is None:
            await self.app(scope, receive, send)
            return
        status, headers = answer
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": [*raw, (b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


class CuttingProxy:
    """TCP proxy that resets a connection at a chosen point, once.

    Parameters
    ----------
    after_request
        Cut once more bytes than that have gone up, counted over all connections: in the middle of a request.
    at_answer
        Cut instead of passing on the n-th answer: the request took effect, and its sender does not know.
    """

    def __init__(self, upstream: str, *, after_request: int | None = None, at_answer: int | None = None) -> None:
        self._host, port = upstream.removeprefix("http://").rstrip("/").split(":")
        self._port = int(port)
        self._after_request = after_request
        self._at_answer = at_answer
        self._sent = 0
        self._answers = 0
        self.cuts = 0
        self.url = ""

    async def __aenter__(self) -> "CuttingProxy":
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        up = asyncio.create_task(self._pump(reader, up_writer, self._cut_up))
        down = asyncio.create_task(self._pump(up_reader, writer, self._cut_down))
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        for end in (writer, up_writer):
            end.transport.abort()
            with contextlib.suppress(OSError):
                await end.wait_closed()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: Callable[[bytes], bool]
    ) -> None:
        while data := await reader.read(65_536):
            if cut(data):
                self.cuts += 1
                return
            writer.write(data)
            await writer.drain()

    def _cut_up(self, data: bytes) -> bool:
        self._sent += len(data)
        due = self._after_request is not None and self._sent > self._after_request
        if due:
            self._after_request = None
        return due

    def _cut_down(self, data: bytes) -> bool:
        self._answers += data.startswith(b"HTTP/1.1")
        due = self._answers == self._at_answer
        if due:
            self._at_answer = None
        return due
