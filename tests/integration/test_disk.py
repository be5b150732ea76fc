"""What happens beside the editor, in a real daemon with a real watcher: each change has an event and its actor."""

import asyncio
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fixtrail.replay.verify import verify_trace

from tests.support.daemon import DaemonClient, event
from tests.support.stores import store_of

Events = list[dict[str, Any]]


async def _until(daemon: DaemonClient, trace: str, found: Callable[[Events], bool]) -> Events:
    """Ask for the events until they are what is waited for."""
    async with asyncio.timeout(30):
        while True:
            events = await daemon.get(trace, "code_edit", "git_change", "tree_change")
            if found(events):
                return events
            await asyncio.sleep(0.1)


def _of(events: Events, path: str) -> Events:
    return [each for each in events if each["data"].get("file_path") == path]


async def _watching(daemon: DaemonClient, trace: str, workspace: Path) -> None:
    """Wait until a change is seen as it happens."""
    (workspace / "ready.txt").write_text("x\n")
    await _until(daemon, trace, lambda events: bool(_of(events, "ready.txt")))


async def _proof(isolated: Path, trace: str, workspace: Path) -> None:
    store = store_of(workspace, isolated, trace)
    result = await verify_trace(isolated / "traces" / f"{trace}.db", store, tree=store.write())
    assert result.verified, result.reason


async def test_a_file_another_program_writes_is_an_edit_of_unknown_hand(
    daemon: DaemonClient, workspace: Path, isolated: Path
) -> None:
    trace = await daemon.start(workspace)
    await _watching(daemon, trace, workspace)

    (workspace / "calc.py").write_text("x = 1\n")
    events = await _until(daemon, trace, lambda found: bool(_of(found, "calc.py")))

    (edit,) = _of(events, "calc.py")
    assert (edit["actor"], edit["data"]["origin"], edit["data"]["saved"]) == ("unknown", "disk", True)
    assert "+x = 1\n" in edit["data"]["diff"]
    await _proof(isolated, trace, workspace)


async def test_what_changes_while_a_command_runs_is_the_tools_doing(
    daemon: DaemonClient, workspace: Path, isolated: Path
) -> None:
    trace = await daemon.start(workspace)
    await _watching(daemon, trace, workspace)
    await asyncio.sleep(1)  # a command may claim what was written shortly before it was announced

    for name, agent in (("made.py", False), ("agent.py", True)):
        command = str(uuid.uuid4())
        daemon.notify("trace/commandStarted", {"eventId": command, "agent": agent})
        await daemon.request("trace/status", {})
        code = f"open('{name}', 'w').write('made = 1\\n')"
        await asyncio.to_thread(subprocess.run, ["python3", "-c", code], cwd=workspace, check=True)
        done = event("terminal_command", command="python gen.py", exit_code=0) | {"event_id": command}
        daemon.events(f"editor-{name}", 1, [done])
        events = await _until(daemon, trace, lambda found, name=name: bool(_of(found, name)))  # type: ignore[misc]
        (edit,) = _of(events, name)
        assert (edit["actor"], edit["data"]["cause"]) == ("agent" if agent else "tool", command)
        await asyncio.sleep(1)
    await _proof(isolated, trace, workspace)


async def test_git_is_told_as_git(
    daemon: DaemonClient, workspace: Path, git: Callable[..., str], isolated: Path
) -> None:
    trace = await daemon.start(workspace)
    await _watching(daemon, trace, workspace)
    await daemon.open(workspace / "calc.py")
    daemon.replace(workspace / "calc.py", "def add(a, b):\n    return a + b\n")

    def changes(events: Events) -> list[tuple[str, str | None]]:
        return [(e["data"]["kind"], e["data"]["operation"]) for e in events if e["event_type"] == "git_change"]

    expected: list[tuple[str, str | None]] = []
    for arguments, told in (
        (["stash"], ("stash", "stash push")),
        (["stash", "pop"], ("stash", "stash pop")),
        (["checkout", "-q", "-b", "topic"], ("branch", "checkout")),
        (["commit", "-qam", "fixed"], ("head", "commit")),
        (["checkout", "-q", "-"], ("branch", "checkout")),
    ):
        git(workspace, *arguments)
        expected.append(told)
        events = await _until(daemon, trace, lambda found: len(changes(found)) >= len(expected))
        assert changes(events) == expected

    assert {each["actor"] for each in events if each["event_type"] == "git_change"} == {"git"}
    edits = _of(events, "calc.py")
    assert [each["actor"] for each in edits] == ["developer"]
    stashed = next(each["data"] for each in events if each["event_type"] == "git_change")
    assert stashed["files"] == ["calc.py"]
    await _proof(isolated, trace, workspace)


async def test_a_storm_is_one_event_and_ignored_files_are_none(
    daemon: DaemonClient, workspace: Path, isolated: Path
) -> None:
    (workspace / ".gitignore").write_text("ignored/\n*.log\n")
    trace = await daemon.start(workspace)
    await _watching(daemon, trace, workspace)

    for folder in ("ignored", "many"):
        (workspace / folder).mkdir()
        for number in range(1500):
            (workspace / folder / f"{number}.js").write_text(f"{number}\n")
    (workspace / "noise.log").write_text("private\n")
    (workspace / "last.txt").write_text("x\n")
    events = await _until(daemon, trace, lambda found: _told(found) >= 1501)

    assert not [each for each in events if "ignored/" in str(each["data"]) or "noise.log" in str(each["data"])]
    assert len([each for each in events if each["event_type"] == "tree_change"]) >= 1
    assert len(events) < 250
    await _proof(isolated, trace, workspace)


def _told(events: Events) -> int:
    """Return how many files the events tell of, alone or in a tree."""
    many = sum(each["data"]["files_changed"] for each in events if each["event_type"] == "tree_change")
    return many + len(
        {each["data"]["file_path"] for each in events if each["event_type"] == "code_edit"} - {"ready.txt"}
    )


async def test_a_file_moved_and_a_file_made_executable(daemon: DaemonClient, workspace: Path, isolated: Path) -> None:
    trace = await daemon.start(workspace)
    await _watching(daemon, trace, workspace)

    (workspace / "calc.py").rename(workspace / "moved.py")
    events = await _until(daemon, trace, lambda found: bool(_of(found, "moved.py")))
    (edit,) = _of(events, "moved.py")
    assert edit["data"]["old_path"] == "calc.py"
    assert "rename from calc.py\nrename to moved.py\n" in edit["data"]["diff"]

    (workspace / "moved.py").chmod(0o755)
    events = await _until(daemon, trace, lambda found: len(_of(found, "moved.py")) == 2)
    assert "old mode 100644\nnew mode 100755\n" in _of(events, "moved.py")[1]["data"]["diff"]
    await _proof(isolated, trace, workspace)


async def test_edits_made_while_no_daemon_ran_are_found(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.kill()
    (workspace / "calc.py").write_text("x = 2\n")

    async with DaemonClient.running(workspace) as daemon:
        events = await _until(daemon, trace, lambda found: bool(_of(found, "calc.py")))
        assert "+x = 2\n" in _of(events, "calc.py")[0]["data"]["diff"]
        await _proof(isolated, trace, workspace)
