"""In a real VS Code: what is refused is not recorded, what is forgotten is gone, and a killed daemon loses nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.editor.session import Editor
from tests.e2e.test_vscode import FIX, Open, check_order, of_type, project, slowly, start_recording, tools, vscode, vsix

__all__ = ["project", "tools", "vscode", "vsix"]  # fixtures

pytestmark = [pytest.mark.editor, pytest.mark.timeout(300)]

TOKEN = "ghp_" + "aB3dE5fG7h" * 4


def finalized(editor: Editor) -> dict[str, Any]:
    editor.run_command("Trace: Finalize")
    editor.notification("Reasoning")
    [document] = (editor.home / "data" / "exports").glob("*.json")
    trace: dict[str, Any] = json.loads(document.read_text())
    return trace


def kept(editor: Editor) -> bytes:
    """Every byte that fixtrail keeps: its data directory, and its part of the editor's storage."""
    storage = [path for path in (editor.home / "user").rglob("*") if "fixtrail" in str(path) and path.suffix != ".log"]
    files = [*(editor.home / "data").rglob("*"), *storage]
    return b"\n".join(file.read_bytes() for file in files if file.is_file())


def test_refused_classes_are_absent_and_two_killed_daemons_lose_nothing(vscode: Open, project: Path) -> None:
    with vscode(project) as editor:
        start_recording(editor, "Code")
        editor.open_file("prices.py")
        editor.open_terminal()
        editor.run_in_terminal(slowly("one"))
        for turn in ("two", "three"):
            [daemon] = editor.daemons()
            daemon.kill()
            editor.run_in_terminal(slowly(turn))
            editor.wait_for_new_daemon(daemon.pid)
            editor.wait_for_status("REC")
        editor.replace_line("prices.py", 6, FIX)
        editor.save("prices.py")
        editor.run_in_terminal(slowly("four"))
        trace = finalized(editor)

    check_order(trace)
    assert trace["reconstruction"]["verified"] is True, trace["reconstruction"]
    assert trace["consent"] == {"code": True} | dict.fromkeys(
        ("terminal_output", "file_views", "judge", "upload"), False
    )
    commands = of_type(trace, "terminal_command")
    assert [command["command"] for command in commands] == [slowly(turn) for turn in ("one", "two", "three", "four")]
    assert {(command["output"], command["output_omitted"]) for command in commands} == {(None, "consent")}
    assert not [event for event in trace["events"] if event["event_type"].startswith("file_")]
    edits = [edit for edit in of_type(trace, "code_edit") if edit["diff"]]
    assert any(FIX in edit["diff"] for edit in edits)


def test_secrets_and_what_is_forgotten_are_nowhere(vscode: Open, project: Path) -> None:
    with vscode(project) as editor:
        start_recording(editor, "Code", "Terminal output")
        editor.open_file("prices.py")
        editor.open_terminal()
        editor.run_in_terminal(f"sleep 0.5; echo {TOKEN}; sleep 0.5")
        editor.replace_line("prices.py", 6, f'    token = "{TOKEN}"')
        editor.save("prices.py")
        editor.run_in_terminal("sleep 0.5; echo planted-marker; sleep 0.5")
        assert b"planted-marker" in kept(editor)
        assert b"[REDACTED:github-token:" in kept(editor)
        assert TOKEN.encode() not in kept(editor)

        editor.run_command("Trace: Forget the Last Minutes")
        editor.picture("forget")
        editor.pick("The last 5 minutes")
        assert "deleted" in editor.notification("deleted")
        assert b"planted-marker" not in kept(editor)

        editor.run_command("Trace: Change What Is Allowed")
        assert editor.tick("what do you allow?", ["Terminal output"]) == ["Code", "Terminal output"]
        editor.picture("change-consent")
        editor.confirm()
        editor.run_in_terminal("sleep 0.5; echo unseen-output; sleep 0.5")
        editor.replace_line("prices.py", 6, FIX)
        editor.save("prices.py")
        trace = finalized(editor)

    commands = of_type(trace, "terminal_command")
    assert [(command["output"], command["output_omitted"]) for command in commands] == [(None, "consent")]
    reasons = {gap["reason"] for gap in of_type(trace, "capture_gap")}
    assert {"deleted", "deleted_code"} <= reasons
    assert trace["reconstruction"]["reason"] == "not_possible: changes of the code were deleted on purpose"
    assert TOKEN not in json.dumps(trace)


def test_a_key_in_the_secret_storage_reaches_the_daemon_and_no_file_of_ours(vscode: Open, project: Path) -> None:
    key = "planted-key-0f9a7c"
    with vscode(project) as editor:
        start_recording(editor, "Code")
        [before] = editor.daemons()
        assert "FIXTRAIL_JUDGE_API_KEY" not in before.environ()
        editor.run_command("Trace: Set Key")
        editor.pick("Key of the judge")
        editor.enter("Key of the judge", key)
        editor.wait_for_new_daemon(before.pid)
        editor.wait_for_status("REC")
        [daemon] = editor.daemons()
        assert daemon.environ()["FIXTRAIL_JUDGE_API_KEY"] == key
        assert key.encode() not in kept(editor)
        logs = [*editor.home.glob("user/logs/**/*.log"), *editor.home.glob("data/logs/*")]
        assert logs
        assert not [log for log in logs if key in log.read_text(errors="replace")]
