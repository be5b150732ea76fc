"""A very small editor: opens, types, saves and closes over LSP, and tells what ran in its terminal."""

import asyncio
import os
from pathlib import Path
from typing import Any

from fixtrail_protocol.base import now

from fixtrail._version import __version__
from fixtrail.cli.rpc import RpcClient

Step = dict[str, Any]
_STREAM = "demo"
STORE_SECONDS = 30.0


def _position(text: str, offset: int) -> dict[str, int]:
    """Return an LSP position; the sample is ASCII, where a character is one UTF-16 unit."""
    before = text[:offset]
    return {"line": before.count("\n"), "character": offset - before.rfind("\n") - 1}


class DemoEditor:
    """Plays the steps of a recorded session against a daemon."""

    def __init__(self, client: RpcClient, workspace: Path) -> None:
        self._client = client
        self._workspace = workspace
        self._texts: dict[str, str] = {}
        self._version = 0
        self._sent = 0
        self._stored = 0
        self._progressed = asyncio.Event()
        client.on_notification = self.take

    def take(self, method: str, params: Any) -> None:
        """Take a notification of the daemon."""
        if method == "trace/recorded" and params["stream"] == _STREAM:
            self._stored = params["seq"]
            self._progressed.set()

    async def initialize(self) -> None:
        """Introduce ourselves."""
        uri = self._workspace.as_uri()
        params = {
            "processId": os.getpid(),
            "rootUri": uri,
            "workspaceFolders": [{"uri": uri, "name": self._workspace.name}],
            "capabilities": {},
            "clientInfo": {"name": "fixtrail demo", "version": __version__},
        }
        await self._client.request("initialize", params)
        await self._client.notify("initialized")

    def describe(self, step: Step) -> str:
        """Say in a few words what a step does."""
        match step["do"]:
            case "run":
                return f"$ {step['command']}  → exit {step['exit_code']}"
            case "reason":
                return f"“{step['text']}”"
            case "replace":
                return f"edit {step['path']}"
            case action:
                return f"{action} {step['path']}"

    async def perform(self, step: Step) -> None:
        """Do one step."""
        match step["do"]:
            case "run":
                await self._send_command(step)
            case "reason":
                await self._client.request("trace/reason", {"content": step["text"], "kind": step["kind"]})
            case action:
                await self._document(action, step)

    async def stored(self) -> None:
        """Wait until everything that was told is on the daemon's disk."""
        async with asyncio.timeout(STORE_SECONDS):
            while self._stored < self._sent:
                self._progressed.clear()
                await self._progressed.wait()

    async def _send_command(self, step: Step) -> None:
        data = {key: step[key] for key in ("command", "exit_code", "output", "duration_ms")}
        event = {
            "event_type": "terminal_command",
            "timestamp": now(),
            "data": data | {"cwd": ".", "confidence": "high"},
        }
        self._sent += 1
        await self._client.notify("trace/events", {"stream": _STREAM, "firstSeq": self._sent, "events": [event]})

    async def _document(self, action: str, step: Step) -> None:
        path = self._workspace / step["path"]
        document = {"uri": path.as_uri()}
        if action == "open":
            self._texts[step["path"]] = text = path.read_text(encoding="utf-8")
            item = document | {"languageId": "python", "version": self._version, "text": text}
            await self._client.notify("textDocument/didOpen", {"textDocument": item})
        elif action == "replace":
            await self._replace(step, document)
        elif action == "save":
            path.write_text(self._texts[step["path"]], encoding="utf-8")
            await self._client.notify("textDocument/didSave", {"textDocument": document})
        elif action == "close":
            await self._client.notify("textDocument/didClose", {"textDocument": document})
        else:
            raise ValueError(f"the session has an unknown step {action!r}")

    async def _replace(self, step: Step, document: dict[str, str]) -> None:
        text = self._texts[step["path"]]
        start = text.index(step["old"])
        end = start + len(step["old"])
        self._texts[step["path"]] = text[:start] + step["new"] + text[end:]
        self._version += 1
        change = {"range": {"start": _position(text, start), "end": _position(text, end)}, "text": step["new"]}
        params = {"textDocument": document | {"version": self._version}, "contentChanges": [change]}
        await self._client.notify("textDocument/didChange", params)
