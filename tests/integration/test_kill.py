"""A daemon killed at any moment loses nothing it acknowledged, doubles nothing, and leaves a trace that verifies."""

import asyncio
import contextlib
import os
import random
from pathlib import Path
from typing import Any

import pytest
from fixtrail.replay.verify import verify_trace

from tests.support.daemon import DaemonClient, event
from tests.support.stores import store_of

KILLS = int(os.environ.get("FIXTRAIL_KILLS", "50"))
SEED = int(os.environ.get("FIXTRAIL_SEED", "20261124"))
STREAM = "an-editor-that-outlives-its-daemons"
FILES = ("calc.py", "notes.txt", "new.py")


class Editor:
    """Numbers its events once and for all, keeps what is not acknowledged, and sends it again."""

    def __init__(self, workspace: Path, rng: random.Random) -> None:
        self.workspace = workspace
        self.rng = rng
        self.sent = 0
        self.acknowledged = 0
        self.edits = 0

    async def meet(self, daemon: DaemonClient) -> None:
        """Compare with the daemon what it has, as an editor does when it is back."""
        await daemon.initialize(self.workspace)
        status = await daemon.request("trace/status", {})
        stored = status["streams"].get(STREAM, 0)
        assert stored >= self.acknowledged, f"{self.acknowledged} were acknowledged and {stored} are there"
        assert stored <= self.sent
        if self.sent > stored:
            self._send(daemon, stored + 1, self.sent)

    def _send(self, daemon: DaemonClient, first: int, last: int) -> None:
        batch = [self._event(number) for number in range(first, last + 1)]
        daemon.events(STREAM, first, batch)

    def _event(self, number: int) -> dict[str, Any]:
        made = event("reasoning_step", content=f"number {number}")
        return made | {"event_id": f"0190a6a4-0000-7000-8000-{number:012d}"}

    async def work(self, daemon: DaemonClient) -> None:
        """Send events, type and save, without an end."""
        opened: set[Path] = set()
        while True:
            self.sent += (count := self.rng.randint(1, 20))
            self._send(daemon, self.sent - count + 1, self.sent)
            path = self.workspace / self.rng.choice(FILES)
            if not path.exists():
                path.write_text("begin\n")
            if path not in opened:
                item = {"uri": path.as_uri(), "languageId": "text", "version": 1, "text": path.read_text()}
                daemon.notify("textDocument/didOpen", {"textDocument": item})
                daemon._versions[path.as_uri()] = 1
                opened.add(path)
            self.edits += 1
            daemon.change(path, {"text": f"edit {self.edits}\n" * self.rng.randint(1, 5)})
            if self.rng.random() < 0.5:
                daemon.save(path, f"edit {self.edits} saved\n")
            if self.rng.random() < 0.1:
                (self.workspace / "beside.txt").write_text(f"{self.edits}\n")
            await asyncio.sleep(self.rng.uniform(0, 0.02))

    def note(self, daemon: DaemonClient) -> None:
        """Take in what the daemon acknowledged before it died."""
        for method, params in daemon.notifications:
            if method == "trace/recorded" and params["stream"] == STREAM:
                self.acknowledged = max(self.acknowledged, params["seq"])


@pytest.mark.timeout(120 + 6 * KILLS)
async def test_no_kill_loses_doubles_or_reorders_what_was_acknowledged(workspace: Path, isolated: Path) -> None:
    rng = random.Random(SEED)
    editor = Editor(workspace, rng)
    trace = ""
    for kill in range(KILLS):
        daemon = await DaemonClient.spawn()
        try:
            if kill and rng.random() < 0.15:
                await asyncio.sleep(rng.uniform(0, 0.5))  # while it starts, or takes the trace up
                await daemon.kill()
                continue
            if not trace:
                await daemon.initialize(workspace)
                trace = await daemon.start(workspace)
            else:
                await editor.meet(daemon)
            work = asyncio.create_task(editor.work(daemon))
            await asyncio.sleep(rng.uniform(0.01, 0.5))
            await daemon.kill()
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await work
            editor.note(daemon)
        finally:
            await daemon.end()
    daemon = await DaemonClient.spawn()
    try:
        await editor.meet(daemon)
        await daemon.recorded(STREAM, editor.sent) if editor.sent > editor.acknowledged else None
        events = await daemon.get(trace)
        await daemon.request("trace/pause", {})  # compares the whole workspace
    finally:
        await daemon.end()

    assert editor.acknowledged > KILLS, "too little was acknowledged for this to say anything"
    thoughts = [each["data"]["content"] for each in events if each["event_type"] == "reasoning_step"]
    assert thoughts == [f"number {number}" for number in range(1, editor.sent + 1)]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    assert len({each["event_id"] for each in events}) == len(events)
    store = store_of(workspace, isolated, trace)
    result = await verify_trace(isolated / "traces" / f"{trace}.db", store, tree=store.write())
    assert result.verified is True, result
