"""Nothing leaks: secrets never reach the data directory, the proof holds all the same, and what is deleted is gone."""

import asyncio
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from fixtrail.privacy.gate import LOOK_SECONDS, Gate
from fixtrail.replay.verify import verify_trace
from fixtrail.settings import RedactionSettings
from fixtrail.store.tree import TreeStore

from tests.support.daemon import DaemonClient, event, moment
from tests.support.stores import store_of

TOKEN = "ghp_" + "aB3dE5fG7h" * 4
OTHER = "glpat-" + "Zy8xWv6uTs" * 2
EXPORT = {"format": "json"}


def everything(home: Path) -> bytes:
    """Every byte below a folder; objects of git unpacked."""
    found = []
    for file in home.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            found.append(content)
            try:
                found.append(zlib.decompress(content))
            except zlib.error:
                continue
    return b"\n".join(found)


async def proof(home: Path, trace: str, workspace: Path) -> Any:
    return await verify_trace(home / "traces" / f"{trace}.db", store_of(workspace, home, trace))


async def test_a_value_written_into_an_env_file_while_recording_is_known_by_then(
    workspace: Path, isolated: Path
) -> None:
    value = "walrus tusk seven"  # nothing in its form gives it away
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.request("trace/reason", {"content": "nothing yet"})
        (workspace / ".env").write_text(f'PASSPHRASE="{value}"\n')
        await asyncio.sleep(LOOK_SECONDS * 1.2)
        daemon.events("editor", 1, [event("terminal_command", command="cat it", output=f"<{value}>", exit_code=0)])
        await daemon.recorded("editor", 1)
        (workspace / ".env").unlink()
        await asyncio.sleep(LOOK_SECONDS * 1.2)
        await daemon.request("trace/reason", {"content": f"it was {value}, and is still a secret"})
        (command,) = await daemon.get(trace, "terminal_command")
    assert command["data"]["output"].startswith("<[REDACTED:known-value:")
    assert value.encode() not in everything(isolated)


async def test_secrets_in_files_reach_no_disk_and_the_trace_is_proven(workspace: Path, isolated: Path) -> None:
    config = workspace / "config.py"
    config.write_text(f'TOKEN = "{TOKEN}"\nDEBUG = False\n')  # not committed: a part of the baseline
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.open(config)
        daemon.replace(config, f'TOKEN = "{TOKEN}"\nDEBUG = True\n')
        (workspace / "made.txt").write_text(f"key: {OTHER}\n")  # beside the editor
        await daemon.request("trace/pause", {})  # compares everything
        await daemon.request("trace/resume", {})
        daemon.replace(config, "DEBUG = True\n")  # the secret goes
        output = f"saw {TOKEN}"
        daemon.events("editor", 1, [event("terminal_command", command="env", output=output, exit_code=0)])
        await daemon.recorded("editor", 1)
        await daemon.request("trace/reason", {"content": f"is {OTHER} the wrong key?"})
        exported = await daemon.request("trace/export", EXPORT)
        edits = await daemon.get(trace, "code_edit")
        (command,) = await daemon.get(trace, "terminal_command")
    kept = everything(isolated)
    assert TOKEN.encode() not in kept
    assert OTHER.encode() not in kept
    assert b"DEBUG = True" in kept
    assert TOKEN not in Path(exported["path"]).read_text()
    first = next(edit["data"] for edit in edits if edit["data"]["file_path"] == "config.py")
    assert "[REDACTED:github-token:" in first["diff"]
    assert first["form_before"] not in (None, first["blob_before"])
    assert command["redactions"] == [{"rule": "github-token", "count": 1}]
    assert edits[0]["redactions"]
    result = await proof(isolated, trace, workspace)
    assert result.verified is True, result
    assert result.redacted == ["made.txt"]


async def test_a_committed_secret_is_no_part_of_any_diff(workspace: Path, isolated: Path, git: Any) -> None:
    config = workspace / "config.py"
    config.write_text(f'TOKEN = "{TOKEN}"\n' + "".join(f"line_{number} = {number}\n" for number in range(20)))
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message", "A mistake")
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.open(config)
        daemon.replace(config, config.read_text().replace("line_1 = 1", "line_1 = 2"))
        git(workspace, "stash", "--quiet")
        await daemon.request("trace/pause", {})
        await daemon.request("trace/resume", {})
        git(workspace, "stash", "pop", "--quiet")
        await daemon.request("trace/pause", {})
        await daemon.request("trace/resume", {})
    assert TOKEN.encode() not in everything(isolated)
    result = await proof(isolated, trace, workspace)
    assert result.verified is True, result


async def test_a_changed_form_is_found(workspace: Path, isolated: Path) -> None:
    config = workspace / "config.py"
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.open(config, "")
        daemon.replace(config, f'TOKEN = "{TOKEN}"\n')
        await daemon.request("trace/pause", {})
    path = isolated / "traces" / f"{trace}.db"
    store = TreeStore(
        workspace, path.with_suffix(".git"), guard=Gate.for_workspace(b"x", RedactionSettings(), workspace).content
    )
    result = await verify_trace(path, store, tree=store.write())
    assert result.verified is False
    assert (result.mismatch.code, result.mismatch.file_path) == ("form", "config.py")


async def test_files_that_hold_secrets_are_never_read(workspace: Path, isolated: Path, git: Any) -> None:
    marker = "in-a-file-nobody-may-read"
    (workspace / ".env").write_text(f"A={marker}\n")
    (workspace / "server.pem").write_text(marker)
    git(workspace, "add", "--force", ".env")
    git(workspace, "commit", "--quiet", "--message", "A tracked .env")
    (workspace / ".fixtrailignore").write_text("private/\n")
    (workspace / "private").mkdir()
    (workspace / "private" / "notes.txt").write_text(marker)
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        env = workspace / ".env"
        await daemon.open(env)
        daemon.replace(env, f"A={marker}\nB={marker}2\n")
        (workspace / "private" / "notes.txt").write_text(marker + " changed")
        await daemon.request("trace/pause", {})
        await daemon.request("trace/resume", {})
        edits = await daemon.get(trace, "code_edit", "tree_change")
    assert [edit["data"] for edit in edits if edit["data"].get("file_path") != ".fixtrailignore"] == []
    assert marker.encode() not in everything(isolated)


async def test_deleting_reaches_everything(workspace: Path, isolated: Path) -> None:
    markers = [f"marker-{number}-{number * 7919}" for number in range(20)]
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await daemon.request("trace/reason", {"content": "kept from before"})
        calc = workspace / "calc.py"
        await daemon.open(calc)
        since = moment()
        for marker in markers[:5]:
            daemon.replace(calc, f"# {marker}\n" * 50)
            await daemon.request("trace/status", {})
        for marker in markers[5:10]:
            (workspace / f"{marker[:8]}.bin").write_bytes(b"\0" + marker.encode())
        batch = [event("terminal_command", command=f"echo {m}", output=m, exit_code=0) for m in markers[10:15]]
        daemon.events("editor", 1, batch)
        await daemon.recorded("editor", 5)
        for marker in markers[15:]:
            await daemon.request("trace/reason", {"content": marker})
        await daemon.request("trace/pause", {})
        await daemon.request("trace/resume", {})
        await daemon.request("trace/export", EXPORT)
        assert all(marker.encode() in everything(isolated) for marker in markers)
        daemon.replace(calc, "def add(a, b):\n    return a + b\n")
        for file in workspace.glob("marker*.bin"):
            file.unlink()
        await daemon.request("trace/pause", {})
        await daemon.request("trace/resume", {})

        answer = await daemon.request("trace/deleteEvents", {"since": since})

        assert answer["deleted"] >= 20
        kept = everything(isolated)
        assert [marker for marker in markers if marker.encode() in kept] == []
        daemon.replace(calc, "def add(a, b):\n    return b + a\n")
        await daemon.request("trace/reason", {"content": "it goes on"})
        left = await daemon.get(trace)
    assert [each["seq"] for each in left] == list(range(1, len(left) + 1))
    thoughts = [each["data"]["content"] for each in left if each["event_type"] == "reasoning_step"]
    assert thoughts == ["kept from before", "it goes on"]
    result = await proof(isolated, trace, workspace)
    assert (result.verified, result.reason) == (None, "not_possible: changes of the code were deleted on purpose")


async def test_deleting_a_thought_does_not_take_the_proof(workspace: Path, isolated: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        gone = await daemon.request("trace/reason", {"content": "a thought to forget"})
        await daemon.open(workspace / "calc.py")
        daemon.replace(workspace / "calc.py", "def add(a, b):\n    return a + b\n")
        await daemon.request("trace/deleteEvents", {"eventIds": [gone["eventId"]]})
    result = await proof(isolated, trace, workspace)
    assert result.verified is True


async def test_consent_can_be_changed_and_counts_from_then_on(workspace: Path, isolated: Path) -> None:
    everything_allowed = {"code": True, "terminalOutput": True, "fileViews": True, "judge": False, "upload": False}
    calc = workspace / "calc.py"
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace, consent=everything_allowed)
        await daemon.open(calc)
        daemon.replace(calc, "one = 1\n")
        answer = await daemon.request("trace/setConsent", {"consent": {"terminalOutput": False, "code": False}})
        assert answer["consent"]["code"] is False
        assert (await daemon.request("trace/status", {}))["consent"]["terminal_output"] is False
        daemon.replace(calc, "secret_sauce = 2\n")
        daemon.events("editor", 1, [event("terminal_command", command="ls", output="hidden-output", exit_code=0)])
        await daemon.recorded("editor", 1)
        edits = await daemon.get(trace, "code_edit")
        (command,) = await daemon.get(trace, "terminal_command")
        marks = await daemon.get(trace, "session_mark")
    assert edits[0]["data"]["diff"]
    assert (edits[-1]["data"]["diff"], edits[-1]["data"]["diff_omitted"]) == (None, "consent")
    assert not {"blob_after", "form_after"} & edits[-1]["data"].keys()
    assert (command["data"]["output"], command["data"]["output_omitted"]) == (None, "consent")
    assert marks[-1]["data"] == {"mark": "consent_changed", "detail": "Allowed: nothing."}
    kept = everything(isolated)
    assert b"secret_sauce" not in kept
    assert b"hidden-output" not in kept
    result = await proof(isolated, trace, workspace)
    assert result.verified is None


async def test_purge_leaves_no_byte(workspace: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    def purge(*arguments: str, code: int = 0) -> dict[str, Any]:
        argv = [sys.executable, "-m", "fixtrail", "purge", *arguments, "--yes", "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    markers = [f"purge-marker-{number}" for number in range(20)]
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        for marker in markers:
            await daemon.request("trace/reason", {"content": marker})
        await daemon.request("trace/export", EXPORT)
        assert purge(trace, code=1) == {"removed": [], "held": [trace], "dryRun": False}
    assert purge("--older-than", "1")["removed"] == []
    assert purge("--dry-run", trace)["removed"] == [trace]
    assert markers[0].encode() in everything(isolated)
    assert purge("--everything")["removed"] == [trace]
    kept = everything(isolated)
    assert [marker for marker in markers if marker.encode() in kept] == []
    assert trace.encode() not in kept


@pytest.mark.parametrize("reopened", [False, True])
async def test_deleting_reaches_the_results_of_a_finalize(workspace: Path, isolated: Path, reopened: bool) -> None:
    said = "All tests pass now in walrus-4711."
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        thought = await daemon.request("trace/reason", {"content": said})
        result = await daemon.request("trace/finalize", {})
        quotes = [claim["quote"] for claim in result["qaResults"]["process"]["claims"]]
        assert any("walrus-4711" in quote for quote in quotes), "a claim quotes it"
        assert b"walrus-4711" in everything(isolated)
        if reopened:
            await daemon.request("trace/resume", {"traceId": trace})
        await daemon.request("trace/deleteEvents", {"traceId": trace, "eventIds": [thought["eventId"]]})
        assert b"walrus-4711" not in everything(isolated)
