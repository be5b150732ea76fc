"""Whatever is sent, the daemon answers or ignores it, stays up, stays small, and goes on to work."""

import asyncio
import json
import os
import random
from pathlib import Path
from typing import Any

import psutil
import pytest
from fixtrail.server.names import REQUEST_NAMES

from tests.support.daemon import DaemonClient, RpcError, event

MESSAGES = int(os.environ.get("FIXTRAIL_FUZZ", "5000"))
SEED = int(os.environ.get("FIXTRAIL_SEED", "20261124"))
GROWTH_BYTES = 96 * 1024**2
NOTIFICATIONS = (
    *("trace/events", "trace/commandStarted", "textDocument/didOpen", "textDocument/didChange", "textDocument/didSave"),
    *("textDocument/didClose", "$/cancelRequest", "$/setTrace", "workspace/didChangeConfiguration", "no/such/method"),
)
# Those that end the trace or the daemon, or take long by design, are for other tests.
REQUESTS = tuple(name for name in REQUEST_NAMES if name not in ("trace/finalize", "trace/discard", "trace/upload"))
FIELDS = (
    *("textDocument", "contentChanges", "range", "start", "end", "line", "character", "uri", "text", "version"),
    *("stream", "firstSeq", "events", "event_type", "timestamp", "data", "event_id", "actor", "traceId", "consent"),
    *(
        "file_path",
        "command",
        "content",
        "limit",
        "afterSeq",
        "eventIds",
        "since",
        "until",
        "eventId",
        "path",
        "format",
    ),
)


class Fuzzer:
    """Makes messages: mostly of the right shape, with wrong things in them."""

    def __init__(self, rng: random.Random, workspace: Path) -> None:
        self.rng = rng
        self.uris = [(workspace / "calc.py").as_uri(), "file:///", "untitled:1", "file:///etc/passwd", "http://x", ""]

    def value(self, depth: int = 0) -> Any:
        rng = self.rng
        kind = rng.randrange(14 if depth < 4 else 9)
        match kind:
            case 0:
                return rng.choice([None, True, False])
            case 1:
                return rng.choice([0, -1, 1, 2**31, -(2**63), 2**64, 10**30, 1e308, -0.0, 0.5])
            case 2:
                return rng.choice(
                    ["", "x" * rng.randrange(2_000), "\x00", "\ud83d", "é\U0001f600", "../../etc", "%s%n"]
                )
            case 3 | 4:
                return rng.choice(self.uris)
            case 5:
                return rng.choice(["code_edit", "terminal_command", "reasoning_step", "file_open", "nonsense"])
            case 6:
                return rng.choice(["2026-11-24T10:00:00.000Z", "yesterday", "9999-99-99T99:99:99Z", "0"])
            case 7:
                return rng.choice(["editor", "0190a6a4-0000-7000-8000-000000000001", "not-an-id"])
            case 8:
                return rng.randrange(100)
            case 9 | 10:
                return [self.value(depth + 1) for _ in range(rng.randrange(4))]
            case _:
                names = rng.sample(FIELDS, rng.randrange(1, 6))
                return {name: self.value(depth + 1) for name in names}

    def message(self, number: int) -> bytes:
        rng = self.rng
        message: dict[str, Any] = {"jsonrpc": "2.0"}
        if rng.random() < 0.5:
            message |= {"method": rng.choice(NOTIFICATIONS)}
        else:
            message |= {"method": rng.choice(REQUESTS), "id": f"fuzz-{number}"}
        if rng.random() < 0.95:
            message["params"] = self.value()
        if rng.random() < 0.1:
            message[rng.choice(["id", "method", "jsonrpc", "result", "error", "params"])] = self.value()
        body = json.dumps(message).encode("ascii")
        damage = rng.random()
        if damage < 0.05:
            body = body[: rng.randrange(len(body) + 1)]
        elif damage < 0.1:
            place = rng.randrange(len(body))
            body = body[:place] + rng.randbytes(rng.randrange(1, 8)) + body[place + 1 :]
        elif damage < 0.12:
            depth = rng.choice([50, 500, 5_000])
            body = b'{"jsonrpc":"2.0","method":"trace/events","params":' + b"[" * depth + b"]" * depth + b"}"
        elif damage < 0.13:
            body = rng.choice([b"", b"null", b"[]", b"[1,2]", b'"text"', b"\xff\xfe", b"{}", b"9" * 5_000])
        return body


@pytest.mark.timeout(120 + MESSAGES // 50)
async def test_malformed_messages_are_answered_or_ignored(workspace: Path, isolated: Path) -> None:
    rng = random.Random(SEED)
    fuzzer = Fuzzer(rng, workspace)
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        process = psutil.Process(daemon.process.pid)
        small = 0
        for number in range(1, MESSAGES + 1):
            daemon.send_raw(fuzzer.message(number))
            if number % 500 == 0:
                await _works(daemon, number)
                small = small or process.memory_info().rss  # once everything is loaded
                daemon.notifications.clear()
                daemon.unasked.clear()
        assert process.memory_info().rss - small < GROWTH_BYTES
        thoughts = await daemon.get(trace, "reasoning_step")
    told = [each["data"]["content"] for each in thoughts if each["data"]["content"].startswith("still here ")]
    assert told == [f"still here {number}" for number in range(500, MESSAGES + 1, 500)]


async def _works(daemon: DaemonClient, number: int) -> None:
    while True:  # what was sent before may pause it a moment later
        status = await daemon.request("trace/status", {})
        if status["state"] == "paused":
            await daemon.request("trace/resume", {})
        try:
            await daemon.request("trace/reason", {"content": f"still here {number}"})
        except RpcError as error:
            assert error.data["code"] == "trace/paused"  # noqa: PT017
        else:
            return


FRAMES = [
    b"Content-Length: 5\r\n\r\n{}",
    b"Content-Length: -1\r\n\r\n{}",
    b"Content-Length: 99999999999999999999\r\n\r\n{}",
    b"Content-Length: ten\r\n\r\n{}",
    b"content-length: 2\r\nX: y\r\n\r\n{}",
    b"\r\n\r\n\r\n",
    b"Content-Length: 2\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"A" * 200_000,
    b"Content-Length: 2\n\n{}",
]


async def test_broken_frames_harm_only_their_own_connection(workspace: Path, isolated: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        owner = json.loads((isolated / "traces" / f"{trace}.owner.json").read_text())
        for frame in FRAMES:
            reader, writer = await asyncio.open_unix_connection(owner["endpoint"])
            writer.write(frame)
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.close()
            del reader
            assert (await daemon.request("trace/status", {}))["state"] == "recording"
        daemon.events("editor", 1, [event("reasoning_step", content="all is well")])
        await daemon.recorded("editor", 1)
