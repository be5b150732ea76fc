"""Reach the trace of this folder: through the daemon that holds it, else in this process."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson

from fixtrail.cli.rpc import RpcClient
from fixtrail.errors import StateError, UnavailableError
from fixtrail.server.connection import Connection, Message
from fixtrail.server.methods import Methods
from fixtrail.server.service import TraceService
from fixtrail.settings import load_settings
from fixtrail.store.layout import DataDirectory
from fixtrail.store.lock import LockedError, Owner, read_owner, this_process

OnProgress = Callable[[dict[str, Any]], None]

LOCK_RETRIES = 50
LOCK_PAUSE_SECONDS = 0.1
STORE_SECONDS = 30.0
"""Another command may be writing its one event: worth a short wait."""


class Client:
    """Calls ``trace/*`` methods: ``await client("trace/status", {})``."""

    def __init__(
        self,
        request: Callable[[str, Any], Awaitable[Any]],
        notify: Callable[[str, Any], Awaitable[None]],
        on_progress: OnProgress,
    ) -> None:
        self._request = request
        self._notify = notify
        self._on_progress = on_progress
        self._stored: dict[str, asyncio.Event] = {}

    async def __call__(self, method: str, params: dict[str, Any]) -> Any:
        """Send a request and return its result."""
        return await self._request(method, params)

    async def close_burst(self) -> None:
        """Say that something happens now: what was typed before belongs before it."""
        await self._notify("trace/events", {"stream": "command-line", "firstSeq": 1, "events": []})

    async def command_started(self, event_id: str, timestamp: str) -> None:
        """Say that a command has begun whose event will have this id."""
        await self._notify("trace/commandStarted", {"eventId": event_id, "timestamp": timestamp})

    async def record(self, events: list[dict[str, Any]]) -> None:
        """Record events; they are on the disk when this returns."""
        stream = f"command-line-{uuid.uuid4()}"
        self._stored[stream] = stored = asyncio.Event()
        try:
            await self._notify("trace/events", {"stream": stream, "firstSeq": 1, "events": events})
            async with asyncio.timeout(STORE_SECONDS):
                await stored.wait()
        except TimeoutError:
            raise UnavailableError(
                "daemon/no-answer", "The daemon did not store the event in time.", "See 'fixtrail status'."
            ) from None
        finally:
            del self._stored[stream]

    def take(self, method: str, params: Any) -> None:
        """Take a notification of the daemon."""
        if method == "$/progress":
            self._on_progress(params["value"])
        elif method == "trace/recorded" and (waiting := self._stored.get(params["stream"])) is not None:
            waiting.set()


class _LocalPeer(Connection):
    """Stands for the connection when a command calls the methods in its own process."""

    def __init__(self, methods: Methods) -> None:
        super().__init__(methods)
        self.take: Callable[[str, Any], None] = lambda _method, _params: None

    def send(self, message: Message) -> None:
        if "method" in message:
            self.take(message["method"], message["params"])


def data_directory() -> DataDirectory:
    """Return the data directory the settings name."""
    return DataDirectory(load_settings().home)


async def _dial(owner: Owner | None) -> RpcClient | None:
    if owner is None or owner.endpoint is None:
        return None
    try:
        if owner.token is None:
            reader, writer = await asyncio.open_unix_connection(owner.endpoint)
        else:
            host, _, port = owner.endpoint.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return None
    return RpcClient(reader, writer)


async def _open_local(service: TraceService, trace_id: str) -> None:
    for attempt in range(LOCK_RETRIES):
        try:
            await service.open_existing(trace_id)
        except LockedError:
            if attempt == LOCK_RETRIES - 1:
                raise
            await asyncio.sleep(LOCK_PAUSE_SECONDS)
        else:
            return


@contextlib.asynccontextmanager
async def connect(
    folder: Path | None = None,
    *,
    need_trace: bool = False,
    open_trace: bool = True,
    on_progress: OnProgress | None = None,
) -> AsyncIterator[Client]:
    """Give a client for the trace that is open for ``folder``.

    Parameters
    ----------
    folder
        By default the current one; a folder inside the recorded one will do.
    need_trace
        Refuse with ``trace/not-recording`` when no trace is open for it.
    open_trace
        Take the trace into this process when no daemon holds it.
    """
    here = (folder or Path.cwd()).resolve()
    data = data_directory()
    progress = on_progress or (lambda _value: None)
    trace_id = data.open_trace_of(here)
    if trace_id is None and need_trace:
        raise StateError(
            "trace/not-recording",
            f"Nothing is being recorded in {here}.",
            "Begin with 'fixtrail start', or in the editor.",
        )
    remote = await _dial(read_owner(data.trace_path(trace_id))) if trace_id else None
    if remote is not None:
        client = Client(remote.request, remote.notify, progress)
        remote.on_notification = client.take
        try:
            yield client
        finally:
            await remote.close()
        return
    service = TraceService(data, this_process())
    service.watches_disk = False
    methods = Methods(service)
    peer = _LocalPeer(methods)

    async def request(method: str, params: Any) -> Any:
        return orjson.loads(await methods.requests[method](peer, params))

    async def notify(method: str, params: Any) -> None:
        methods.notifications[method](peer, params, True)

    client = Client(request, notify, progress)
    peer.take = client.take
    try:
        if trace_id is not None and open_trace:
            await _open_local(service, trace_id)
        yield client
        if need_trace and service.recorder is not None and service.recorder.recording:
            await service.recorder.settle()
    finally:
        await service.close()


def finalize_token() -> str:
    """Return a progress token of this process."""
    return f"fixtrail-{os.getpid()}"
