"""One JSON-RPC connection: reads frames, hands each message to who is meant, writes answers.

This is the hot path. ``trace/*`` and document messages are dispatched straight from the parsed JSON; plain pygls
would build a class for every message and hop threads three times for it, and it renames keys of the payload.
Everything else (initialize, shutdown, …) goes to a ``fallback``, which is pygls for an editor.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, cast

import orjson

from fixtrail.errors import FixtrailError
from fixtrail.server.framing import FrameParser, frame

logger = logging.getLogger(__name__)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603
REQUEST_CANCELLED = -32800

Message = dict[str, Any]


class Dispatcher(Protocol):
    """Who answers the messages of a connection."""

    @property
    def notifications(self) -> Mapping[str, Callable[["Connection", Any, bool], None]]:
        """Hot: called with the raw params; the flag says that they may hold lone surrogates."""

    @property
    def requests(self) -> Mapping[str, Callable[["Connection", Any], Awaitable[bytes]]]:
        """Each returns the result as JSON."""

    def connected(self, connection: "Connection") -> None:
        """A connection was made."""

    def disconnected(self, connection: "Connection") -> None:
        """A connection was lost."""


def error_body(error: BaseException) -> dict[str, Any]:
    """Return the JSON-RPC error object for an exception. Text of an unforeseen one stays in the log."""
    if isinstance(error, FixtrailError):
        data = {"code": error.code, **({"hint": error.hint} if error.hint else {})}
        return {"code": error.rpc_code, "message": error.message, "data": data}
    if isinstance(error, asyncio.CancelledError):
        return {"code": REQUEST_CANCELLED, "message": "Cancelled.", "data": {"code": "rpc/cancelled"}}
    return {
        "code": INTERNAL_ERROR,
        "message": f"Something went wrong inside fixtrail ({type(error).__name__}).",
        "data": {"code": "internal", "hint": "The log has more; please report it."},
    }


def usable_id(request_id: Any) -> str | int | None:
    """Return a request's id if an answer can carry it; null, as JSON-RPC has it, for what is no id."""
    if isinstance(request_id, str):
        return (
            request_id if request_id.isascii() or not any("\ud800" <= char <= "\udfff" for char in request_id) else None
        )
    whole = isinstance(request_id, int) and not isinstance(request_id, bool)
    return request_id if whole and abs(request_id) < 2**53 else None


class Connection(asyncio.Protocol):
    """One peer. Works over pipes and sockets alike.

    Parameters
    ----------
    fallback
        Takes every message that the dispatcher does not know; returns False when it does not know it either.
    """

    def __init__(self, dispatcher: Dispatcher, fallback: Callable[["Connection", Message], bool] | None = None) -> None:
        self._dispatcher = dispatcher
        self._fallback = fallback
        self._parser = FrameParser()
        self._reader: asyncio.ReadTransport | None = None
        self._writer: asyncio.WriteTransport | None = None
        self._inbox: deque[bytes] = deque()
        self._holds = 0
        self.tasks: dict[str | int, asyncio.Task[None]] = {}
        self.closed: asyncio.Event = asyncio.Event()

    # --- transport ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio: for a socket, the transport both reads and writes."""
        self._reader = cast("asyncio.ReadTransport", transport)
        if isinstance(transport, asyncio.Transport):
            self._writer = transport
        self._dispatcher.connected(self)

    def attach_writer(self, transport: asyncio.WriteTransport) -> None:
        """Give the transport to write to, where it is not the one that is read (stdio)."""
        self._writer = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio when the peer is gone."""
        self._dispatcher.disconnected(self)
        self.closed.set()

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with what has arrived."""
        bodies = self._parser.feed(data)
        if self._parser.errors:
            for problem in self._parser.errors:
                self._send_error(None, PARSE_ERROR, f"Skipped: {problem}.", "rpc/bad-frame")
            self._parser.errors.clear()
        self._inbox.extend(bodies)
        self._drain()

    def hold(self) -> None:
        """Stop handling messages until :meth:`release`; they are kept in order."""
        self._holds += 1
        if self._holds == 1 and self._reader is not None:
            self._reader.pause_reading()

    def release(self) -> None:
        """Go on handling messages."""
        self._holds -= 1
        self._drain()
        if not self._holds and self._reader is not None and not self.closed.is_set():
            self._reader.resume_reading()

    def _drain(self) -> None:
        inbox = self._inbox
        while inbox and not self._holds:
            self._handle(inbox.popleft())

    def write(self, data: bytes) -> None:
        """Send bytes that are framed already."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(data)

    def close(self) -> None:
        """Close both directions once what was written is sent."""
        for transport in (self._writer, self._reader):
            if transport is not None:
                transport.close()

    # --- messages -------------------------------------------------------------------------------------------

    def _handle(self, body: bytes) -> None:
        scrubbed = False
        try:
            message = orjson.loads(body)
        except orjson.JSONDecodeError:
            # Half an emoji (a lone surrogate) is valid JSON that orjson refuses; the standard library takes it.
            try:
                message = json.loads(body)
            except (ValueError, RecursionError):
                self._send_error(None, PARSE_ERROR, "The message is not JSON.", "rpc/not-json")
                return
            scrubbed = True
        if not isinstance(message, dict):
            self._send_error(None, INVALID_REQUEST, "The message is not a JSON-RPC object.", "rpc/invalid-request")
            return
        method = message.get("method")
        if method is not None and not isinstance(method, str):
            self._send_error(None, INVALID_REQUEST, "A method's name is a string.", "rpc/invalid-request")
            return
        if "id" in message and usable_id(message["id"]) is None:
            if method is not None:
                text = "A request's id is a string or a number."
                self._send_error(None, INVALID_REQUEST, text, "rpc/invalid-request")
            return
        try:
            # Answered before the dispatcher is asked for anything: it may have to be loaded first.
            if method == "initialize" and self._fallback is not None and self._fallback(self, message):
                return
            handler = self._dispatcher.notifications.get(method) if isinstance(method, str) else None
            if handler is not None:
                handler(self, message.get("params"), scrubbed)
            elif isinstance(method, str) and method in self._dispatcher.requests and "id" in message:
                self._start(message["id"], method, message.get("params"))
            elif method == "$/cancelRequest":
                self._cancel(message)
            elif self._fallback is not None and self._fallback(self, message):
                pass
            elif "id" in message and method is not None:
                text = f"There is no method {method!r}."
                self._send_error(message["id"], METHOD_NOT_FOUND, text, "rpc/unknown-method")
        except Exception as error:
            # One bad message must not end the connection, whatever is wrong with it.
            logger.exception("message failed method=%s", method if isinstance(method, str) else "?")
            if "id" in message and method is not None:
                self.send({"id": message["id"], "error": error_body(error)})

    def _start(self, request_id: Any, method: str, params: Any) -> None:
        task = asyncio.create_task(self._answer(request_id, method, params), name=f"{method} {request_id}")
        self.tasks[request_id] = task
        task.add_done_callback(lambda _: self.tasks.pop(request_id, None))

    async def _answer(self, request_id: str | int, method: str, params: Any) -> None:
        try:
            result = await self._dispatcher.requests[method](self, params)
        except asyncio.CancelledError as error:
            self.send({"id": request_id, "error": error_body(error)})
        except Exception as error:
            if not isinstance(error, FixtrailError):
                logger.exception("request failed method=%s", method)
            self.send({"id": request_id, "error": error_body(error)})
        else:
            encoded_id = orjson.dumps(request_id)
            self.write(frame(b'{"jsonrpc":"2.0","id":' + encoded_id + b',"result":' + result + b"}"))

    def _cancel(self, message: Message) -> None:
        params = message.get("params")
        request_id = params.get("id") if isinstance(params, dict) else None
        task = self.tasks.get(request_id) if isinstance(request_id, str | int) else None
        if task is not None:
            task.cancel()
        elif self._fallback is not None:
            self._fallback(self, message)

    def send(self, message: Message) -> None:
        """Send a message; ``jsonrpc`` is added."""
        self.write(frame(orjson.dumps({"jsonrpc": "2.0", **message})))

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def _send_error(self, request_id: Any, code: int, text: str, word: str) -> None:
        self.send({"id": request_id, "error": {"code": code, "message": text, "data": {"code": word}}})
