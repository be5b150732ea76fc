"""A damaged trace file is set aside, read as far as it reads, and never deleted or opened again and again."""

import random
from pathlib import Path

import pytest

from tests.support.daemon import DaemonClient, RpcError, event

COUNT = 400


async def recorded(workspace: Path) -> str:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        batch = [event("reasoning_step", content=f"thought {number} " + "x" * 300) for number in range(1, COUNT + 1)]
        daemon.events("editor", 1, batch)
        await daemon.recorded("editor", COUNT)
        return trace


def damage(path: Path, *, first_page: bool = False) -> None:
    content = bytearray(path.read_bytes())
    if first_page:
        content[:100] = bytes(100)
    else:
        middle = len(content) // 2 // 4096 * 4096
        content[middle : middle + 8192] = random.Random(1).randbytes(8192)
    path.write_bytes(content)


async def test_what_can_be_read_goes_on_in_a_new_file(workspace: Path, isolated: Path) -> None:
    trace = await recorded(workspace)
    path = isolated / "traces" / f"{trace}.db"
    damage(path)
    before = path.read_bytes()

    async with DaemonClient.running(workspace) as daemon:
        told = await daemon.until("window/showMessage")
        status = await daemon.request("trace/status", {})
        daemon.events("editor", COUNT + 1, [event("reasoning_step", content="and on")])
        await daemon.recorded("editor", COUNT + 1)
        events = await daemon.get(trace)

    assert "was damaged" in told["message"]
    assert (status["state"], status["traceId"], status["streams"]["editor"]) == ("recording", trace, COUNT)
    (aside,) = (isolated / "traces" / "damaged").glob("*.db")
    assert aside.read_bytes() == before
    thoughts = [each["data"]["content"].split()[1] for each in events if each["event_type"] == "reasoning_step"]
    numbers = [int(number) for number in thoughts[:-1]]
    assert numbers == sorted(set(numbers))
    assert COUNT * 0.8 < len(numbers) < COUNT
    (gap,) = [each for each in events if each["data"].get("reason") == "salvaged"]
    assert "could be read" in gap["data"]["detail"]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))

    async with DaemonClient.running(workspace) as daemon:  # once is enough
        assert (await daemon.request("trace/status", {}))["traceId"] == trace
    assert len(list((isolated / "traces" / "damaged").glob("*.db"))) == 1


async def test_a_file_of_which_nothing_is_left_is_set_aside_and_a_new_trace_begins(
    workspace: Path, isolated: Path
) -> None:
    trace = await recorded(workspace)
    damage(isolated / "traces" / f"{trace}.db", first_page=True)
    async with DaemonClient.running(workspace) as daemon:
        told = await daemon.until("window/showMessage")
        assert trace in told["message"]
        other = await daemon.start(workspace)
        await daemon.request("trace/reason", {"content": "anew"})
    assert other != trace
    assert len(list((isolated / "traces" / "damaged").glob(f"{trace}-*.db"))) == 1


async def test_a_newer_file_is_no_damaged_one(workspace: Path, isolated: Path) -> None:
    import sqlite3

    trace = await recorded(workspace)
    path = isolated / "traces" / f"{trace}.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    async with DaemonClient.running(workspace) as daemon:
        with pytest.raises(RpcError) as refused:
            await daemon.request("trace/resume", {"traceId": trace})
    assert refused.value.data["code"] == "store/too-new"
    assert path.read_bytes() == before
    assert not (isolated / "traces" / "damaged").exists()
