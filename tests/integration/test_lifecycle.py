"""How a daemon ends and begins again: nothing that was handed over is lost, and the next one goes on."""

import asyncio
from pathlib import Path

import pytest

from tests.support.daemon import DaemonClient, RpcError, thought

FIXED = "def add(a, b):\n    return a + b\n"


async def stored(folder: Path, trace: str, *types: str) -> list[str]:
    """What the disk holds, asked of another daemon."""
    async with DaemonClient.running(folder) as other:
        return [each["data"].get("content") or each["event_type"] for each in await other.get(trace, *types)]


async def test_shutdown_stores_what_was_sent_right_before(isolated: Path, workspace: Path, tmp_path: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.open(workspace / "calc.py")
        for number in range(1, 2001):
            daemon.events("editor", number, [thought(str(number))])
        daemon.change(workspace / "calc.py", {"text": FIXED})

        assert await daemon.shut_down() == 0

    assert await stored(tmp_path, trace, "reasoning_step") == [str(number) for number in range(1, 2001)]
    assert await stored(tmp_path, trace, "code_edit") == ["code_edit"]


async def test_sigterm_stores_what_has_arrived(isolated: Path, workspace: Path, tmp_path: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.open(workspace / "calc.py")
        daemon.change(workspace / "calc.py", {"text": FIXED})
        daemon.events("editor", 1, [thought(str(number)) for number in range(500)])
        await daemon.request("trace/status", {})  # has arrived, and need not be on the disk yet

        assert await daemon.terminate() == 0

    found = await stored(tmp_path, trace, "reasoning_step", "code_edit")
    assert found == ["code_edit", *(str(number) for number in range(500))]


async def test_hanging_up_ends_the_daemon_and_stores_everything(
    isolated: Path, workspace: Path, tmp_path: Path
) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        daemon.events("editor", 1, [thought("last words")])
        assert daemon.process.stdin is not None
        daemon.process.stdin.close()
        await daemon.exit_code()

    assert await stored(tmp_path, trace, "reasoning_step") == ["last words"]


async def test_after_kill_9_the_next_daemon_takes_the_trace_up_again(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        daemon.events("editor", 1, [thought("1"), thought("2")])
        await daemon.recorded("editor", 2)
        await daemon.kill()

    async with DaemonClient.running(workspace) as daemon:
        status = await daemon.request("trace/status", {})
        assert (status["traceId"], status["state"], status["streams"]) == (trace, "recording", {"editor": 2})
        # The editor does not know how far the dead one came, and sends everything again.
        daemon.events("editor", 1, [thought("1"), thought("2"), thought("3")])
        await daemon.recorded("editor", 3)

        found = await daemon.get(trace)
        assert [each["data"]["content"] for each in found if each["event_type"] == "reasoning_step"] == ["1", "2", "3"]
        assert [each["seq"] for each in found] == list(range(1, len(found) + 1))
        marks = [each["data"]["mark"] for each in found if each["event_type"] == "session_mark"]
        assert marks == ["started", "daemon_restarted"]


async def test_what_happened_while_no_daemon_ran_is_a_named_gap(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.open(workspace / "calc.py")
        await daemon.kill()
    (workspace / "calc.py").write_text(FIXED)

    async with DaemonClient.running(workspace) as daemon:
        await daemon.open(workspace / "calc.py")
        (gap,) = await daemon.get(trace, "capture_gap")
        assert gap["data"]["reason"] == "daemon_restarted"
        assert "not step by step" in gap["data"]["detail"]
        assert (await daemon.request("trace/status", {}))["gaps"] == 1


async def test_a_paused_trace_stays_paused_and_loses_no_later_edit(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.request("trace/pause", {})
        await daemon.kill()

    async with DaemonClient.running(workspace) as daemon:
        await daemon.open(workspace / "calc.py")
        assert (await daemon.request("trace/status", {}))["state"] == "paused"
        assert await daemon.get(trace, "capture_gap") == []
        await daemon.request("trace/resume", {})
        daemon.replace(workspace / "calc.py", FIXED)
        (found,) = await daemon.get(trace, "code_edit")
        assert found["data"]["added"] == 1


async def test_two_daemons_never_write_one_trace(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace) as first:
        trace = await first.start(workspace)
        async with DaemonClient.running(workspace) as second:
            assert (await second.request("trace/status", {}))["state"] == "idle"
            with pytest.raises(RpcError) as refused:
                await second.request("trace/resume", {"traceId": trace})
            assert refused.value.data["code"] == "trace/locked"
            with pytest.raises(RpcError) as refused:
                await second.request("trace/discard", {"traceId": trace})
            assert refused.value.data["code"] == "trace/locked"
            with pytest.raises(RpcError) as refused:
                await second.start(workspace)
            assert refused.value.data["code"] == "trace/already-open"
        assert (await first.request("trace/reason", {"content": "still here"}))["seq"] == 2


async def test_a_trace_is_finished_once_and_discarded_wholly(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        with pytest.raises(RpcError) as refused:
            await daemon.start(workspace)
        assert refused.value.data["code"] == "trace/already-recording"

        assert await daemon.request("trace/discard", {}) == {"traceId": trace}

        assert (await daemon.request("trace/status", {}))["state"] == "idle"
        assert (await daemon.request("trace/list", {}))["traces"] == []
        assert list((isolated / "traces").glob(f"{trace}.db*")) == []
        assert await daemon.start(workspace) != trace


async def test_a_daemon_leaves_no_control_socket_behind(
    isolated: Path, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "t"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    async with DaemonClient.running(workspace) as daemon:
        await daemon.start(workspace)
        (folder,) = temporary.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        reader, writer = await asyncio.open_unix_connection(folder / "control")
        writer.close()
        await writer.wait_closed()
        assert await reader.read() == b""
        assert await daemon.shut_down() == 0
    assert list(temporary.iterdir()) == []
    for path in isolated.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or ".git" in str(path.relative_to(isolated)), path
    assert isolated.stat().st_mode & 0o777 == 0o700
