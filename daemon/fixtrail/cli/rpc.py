"""A JSON-RPC client over a pair of streams: for the socket of a running daemon, and for the demo's own daemon."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import orjson

from fixtrail.errors import FixtrailError, UnavailableError, UsageError
from fixtrail.server.framing import FrameParser, frame

Params = dict[str, Any]


class RemoteError(FixtrailError):
    """An error the daemon answered with; its code and hint are kept."""


def _error(body: Params) -> FixtrailError:
    data = body.get("data") or {}
    code, message, hint = data.get("code", "rpc/error"), body.get("message", "The daemon failed."), data.get("hint", "")
    return UsageError(code, message, hint) if body.get("code") == -32602 else RemoteError(code, message, hint)


class RpcClient:
    """Sends requests and notifications; hands what the daemon says of itself to ``on_notification``."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_notification: Callable[[str, Any], None] = lambda _method, _params: None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.on_notification = on_notification
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        parser = FrameParser()
        while chunk := await self._reader.read(65_536):
            for body in parser.feed(chunk):
                self._take(orjson.loads(body))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(UnavailableError("daemon/gone", "The daemon ended.", "See its log."))

    def _take(self, message: Params) -> None:
        if "method" in message:
            if "id" in message:
                self._send({"id": message["id"], "result": None})
            else:
                self.on_notification(message["method"], message.get("params"))
            return
        future = self._waiting.pop(message["id"], None)
        if future is None or future.done():
            return
        if "error" in message:
            future.set_exception(_error(message["error"]))
        else:
            future.set_result(message.get("result"))

    def _send(self, message: Params) -> None:
        self._writer.write(frame(orjson.dumps({"jsonrpc": "2.0", **message})))

    async def request(self, method: str, params: Any = None) -> Any:
        """Send a request and return its result.

        Raises
        ------
        FixtrailError
            What the daemon answered with, or ``daemon/gone``.
        """
        number = next(self._ids)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._send({"id": number, "method": method, "params": {} if params is None else params})
        await self._writer.drain()
        try:
            return await future
        except asyncio.CancelledError:
            self._send({"method": "$/cancelRequest", "params": {"id": number}})
            await self._writer.drain()
            raise

    async def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self._send({"method": method, "params": {} if params is None else params})
        await self._writer.drain()

    async def close(self) -> None:
        """Hang up."""
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, self._writer.wait_closed(), return_exceptions=True)
