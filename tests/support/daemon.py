"""A client of the real daemon that leaves every message as it is: a subprocess, its pipes and plain JSON."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

WAIT = 20.0
"""Seconds after which a test gives up: a daemon that does not answer is a failure, not a hang."""

EVERYTHING = {"code": True, "terminalOutput": True, "fileViews": True, "judge": True, "upload": False}


def moment() -> str:
    """Return now as a trace writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(event_type: str, **data: Any) -> dict[str, Any]:
    """Return an event as an editor sends it."""
    return {"event_type": event_type, "timestamp": moment(), "data": data}


def thought(content: str) -> dict[str, Any]:
    """Return a reasoning step as an editor sends it."""
    return event("reasoning_step", content=content)


class RpcError(Exception):
    """The daemon answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['code']} {error['message']} {error.get('data')}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: dict[str, Any] = error.get("data") or {}


class DaemonClient:
    """One daemon process and the editor's end of its pipes.

    Attributes
    ----------
    notifications
        Every notification of the daemon, as (method, params), in order.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.notifications: list[tuple[str, Any]] = []
        self.capabilities: dict[str, Any] = {}
        self.unasked: list[dict[str, Any]] = []
        """Answers without an id: what the daemon could not read."""
        self._news = asyncio.Condition()
        self._answers: dict[int | str, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._versions: dict[str, int] = {}
        self._reader = asyncio.create_task(self._read())

    # --- life -----------------------------------------------------------------------------------------------

    @classmethod
    async def spawn(cls, **environment: str) -> Self:
        """Start ``fixtrail serve`` and say nothing yet."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fixtrail",
            "serve",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | environment,
            limit=64 * 1024 * 1024,
        )
        return cls(process)

    @classmethod
    @asynccontextmanager
    async def running(
        cls, folder: Path, *, options: Mapping[str, Any] | None = None, **environment: str
    ) -> AsyncIterator[Self]:
        """Start a daemon, initialize it for ``folder``, and end it whatever happens."""
        client = await cls.spawn(**environment)
        try:
            await client.initialize(folder, options)
            yield client
        finally:
            await client.end()

    async def initialize(self, folder: Path, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make the LSP handshake."""
        result: dict[str, Any] = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": "test-editor", "version": "1.2"},
                "rootUri": folder.as_uri(),
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
                "capabilities": {},
                "initializationOptions": {"fixtrail": {"sendsFileEvents": False, **(options or {})}},
            },
        )
        self.capabilities = result["capabilities"]
        self.notify("initialized", {})
        return result

    async def shut_down(self) -> int:
        """End the daemon as an editor does; returns its exit code."""
        await self.request("shutdown")
        self.notify("exit")
        return await self.exit_code()

    async def exit_code(self) -> int:
        """Wait for the process to end."""
        async with asyncio.timeout(WAIT):
            code = await self.process.wait()
            await self._reader
        return code

    async def terminate(self) -> int:
        """Send SIGTERM and wait."""
        self.process.send_signal(signal.SIGTERM)
        return await self.exit_code()

    async def kill(self) -> None:
        """Send SIGKILL: no clean-up of any kind."""
        self.process.kill()
        await self.exit_code()

    async def end(self) -> None:
        """Make sure that nothing is left of the process."""
        assert self.process.stdin is not None
        if self.process.returncode is None:
            self.process.stdin.close()
            try:
                async with asyncio.timeout(15):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        self.process.stdin.close()
        with contextlib.suppress(ConnectionError):
            await self.process.stdin.wait_closed()
        await self._reader

    # --- messages -------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        try:
            while True:
                header = await stdout.readuntil(b"\r\n\r\n")
                length = int(header.lower().partition(b"content-length:")[2].split()[0])
                message = json.loads(await stdout.readexactly(length))
                await self._take(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the daemon ended"))
                    answer.exception()
            async with self._news:
                self._news.notify_all()

    async def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            async with self._news:
                self.notifications.append((message["method"], message.get("params")))
                self._news.notify_all()
            return
        answer = self._answers.pop(message["id"], None) if message.get("id") is not None else None
        if answer is None:
            async with self._news:
                self.unasked.append(message)
                self._news.notify_all()
        elif "error" in message:
            answer.set_exception(RpcError(message["error"]))
        else:
            answer.set_result(message["result"])

    def send_raw(self, body: bytes) -> None:
        """Send a body as it is, with a right header."""
        self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes, header and all."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message; half characters travel as ``\\ud83d``, as an editor sends them."""
        self.send_raw(json.dumps({"jsonrpc": "2.0", **message}).encode("ascii"))

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> tuple[int, asyncio.Future[Any]]:
        """Send a request and return its id and the answer to come."""
        self._last_id += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[self._last_id] = answer
        self.send({"id": self._last_id, "method": method, "params": params})
        return self._last_id, answer

    async def request(self, method: str, params: Any = None) -> Any:
        """Send a request and return its result; :class:`RpcError` when it is an error."""
        async with asyncio.timeout(WAIT * 3):
            return await self.begin(method, params)[1]

    async def until(self, method: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the params of the first notification that fits, one that came already included."""
        seen = 0
        async with asyncio.timeout(WAIT), self._news:
            while True:
                for name, params in self.notifications[seen:]:
                    if name == method and fits(params):
                        return params
                seen = len(self.notifications)
                if self._reader.done():
                    raise ConnectionError("the daemon ended")
                await self._news.wait()

    async def until_unasked(self) -> dict[str, Any]:
        """Return the next answer that has no id."""
        async with asyncio.timeout(WAIT), self._news:
            await self._news.wait_for(lambda: self.unasked)
            return self.unasked.pop(0)

    # --- what an editor does ----------------------------------------------------------------------------------

    async def start(self, folder: Path, *, consent: Mapping[str, bool] = EVERYTHING, **more: Any) -> str:
        """Begin a trace and return its id."""
        params = {"workspaceUri": folder.as_uri(), "consent": dict(consent), **more}
        result = await self.request("trace/start", params)
        return str(result["traceId"])

    def events(self, stream: str, first: int, events: Sequence[Any]) -> None:
        """Send a batch of a stream."""
        self.notify("trace/events", {"stream": stream, "firstSeq": first, "events": list(events)})

    async def recorded(self, stream: str, seq: int) -> None:
        """Wait until ``seq`` of ``stream`` is acknowledged."""
        await self.until("trace/recorded", lambda got: got["stream"] == stream and got["seq"] >= seq)

    async def open(self, path: Path, text: str | None = None) -> None:
        """Open a file, and wait until the daemon knows; the text is the disk's unless another is given."""
        text = path.read_bytes().decode() if text is None else text
        self._versions[path.as_uri()] = 1
        item = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        await self.request("trace/status", {})

    def change(self, path: Path, *changes: Mapping[str, Any]) -> None:
        """Type; each change as LSP writes it."""
        self._versions[path.as_uri()] += 1
        item = {"uri": path.as_uri(), "version": self._versions[path.as_uri()]}
        self.notify("textDocument/didChange", {"textDocument": item, "contentChanges": list(changes)})

    def save(self, path: Path, text: str | None = None) -> None:
        """Save a file: write it, then say so."""
        if text is not None:
            path.write_bytes(text.encode())
        self.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})

    def replace(self, path: Path, text: str) -> None:
        """Replace a file's text in the editor and save it."""
        self.change(path, {"text": text})
        self.save(path, text)

    def close_file(self, path: Path) -> None:
        """Close a file."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})

    async def get(self, trace_id: str, *types: str) -> list[dict[str, Any]]:
        """Return the events of a trace, every page; with ``types`` only those."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = await self.request("trace/get", {"traceId": trace_id, "afterSeq": after, "limit": 1000})
            found += page["events"]
            after = page["nextSeq"]
        return [each for each in found if not types or each["event_type"] in types]


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    """Return an incremental change."""
    return {
        "range": {
            "start": {"line": start[0], "character": start[1]},
            "end": {"line": end[0], "character": end[1]},
        },
        "text": text,
    }
