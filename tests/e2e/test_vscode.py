"""A person fixes a bug in a real VS Code, and the trace holds what they did."""

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.editor.session import Editor, open_editor
from tests.e2e.editor.tools import Tools

pytestmark = [pytest.mark.editor, pytest.mark.timeout(300)]

PROJECT = {
    ".gitignore": "__pycache__/\n.pytest_cache/\n",
    "prices.py": '"""Prices of a small shop."""\n\n\ndef total(prices, discount=0.0):\n'
    '    """Sum the prices, less a discount between 0 and 1."""\n    return sum(prices) * discount\n',
    "test_prices.py": "from prices import total\n\n\ndef test_no_discount():\n    assert total([1, 2]) == 3\n\n\n"
    "def test_a_quarter_off():\n    assert total([1, 3], 0.25) == 3\n",
}
BUG = "    return sum(prices) * discount"
FIX = "    return sum(prices) * (1 - discount)"
TESTS = "python -m pytest -q"
HYPOTHESIS = "total multiplies by the discount itself, so no discount means nothing to pay: 1 - discount is meant"


@pytest.fixture(scope="session")
def tools() -> Tools:
    return Tools.find()


@pytest.fixture(scope="session")
def vsix(tools: Tools) -> Path:
    tools.install_packages(Path(__file__).parent / "editor")
    return tools.package_extension()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in PROJECT.items():
        (folder / name).write_text(text)
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "Begin a shop"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


Open = Callable[[Path], AbstractContextManager[Editor]]


@pytest.fixture
def vscode(tools: Tools, vsix: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    """Return what opens a folder; a context, so that a failure is told together with what was on the screen."""
    name = request.node.name.removeprefix("test_")
    settings = {"fixtrail.testCommand": TESTS}
    return lambda folder: open_editor(tools, vsix, folder, tmp_path / "editor", name, settings)


def start_recording(editor: Editor, *allowed: str) -> None:
    editor.run_command("Trace: Start Recording")
    assert editor.tick("what do you allow?", allowed) == [], "something was ticked that nobody ticked"
    editor.picture("consent")
    editor.confirm()
    editor.wait_for_status("REC")


def finalized_trace(editor: Editor) -> dict[str, Any]:
    [document] = (editor.home / "data" / "exports").glob("*.json")
    trace: dict[str, Any] = json.loads(document.read_text())
    return trace


def of_type(trace: dict[str, Any], event_type: str) -> list[dict[str, Any]]:
    return [event["data"] for event in trace["events"] if event["event_type"] == event_type]


def check_order(trace: dict[str, Any]) -> None:
    """Everything once, in order."""
    events = trace["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert len({event["event_id"] for event in events}) == len(events)


@pytest.mark.docker
def test_a_fix_is_recorded_and_scored(vscode: Open, project: Path) -> None:
    with vscode(project) as editor:
        assert editor.offered_commands("Trace: ") == [
            "Trace: Export",
            "Trace: Set Key",
            "Trace: Show Log",
            "Trace: Start Recording",
        ]
        assert not editor.daemons(), "something runs before the first start"
        start_recording(editor, "Code", "Terminal output", "File views")
        editor.open_file("prices.py")
        editor.open_terminal()
        editor.run_in_terminal(TESTS)
        editor.run_command("Trace: Add Reasoning Step")
        editor.enter("Add Reasoning Step", HYPOTHESIS)
        editor.replace_line("prices.py", 6, FIX)
        editor.save("prices.py")
        editor.run_in_terminal(TESTS)
        editor.picture("recording")
        editor.run_command("Trace: Finalize")
        result = editor.notification("Reasoning")
        editor.picture("result")
        assert result.startswith("Tests passed. Reasoning not scored: ")

        check_fix(finalized_trace(editor))
        assert (project / "prices.py").read_text() == PROJECT["prices.py"].replace(BUG, FIX)

        editor.answer("Tests passed", "Open report")
        report = editor.webview_text("prices.py")
        editor.picture("report")
        assert HYPOTHESIS in report


def slowly(text: str) -> str:
    """Print so that VS Code does not miss it: what a command prints at once may come with the mark of its start."""
    return f"sleep 0.3 && echo {text}"


@pytest.mark.docker
def test_nothing_is_lost_when_the_daemon_dies_or_the_window_reloads(vscode: Open, project: Path) -> None:
    with vscode(project) as editor:
        start_recording(editor, "Code", "Terminal output", "File views")
        editor.open_file("prices.py")
        editor.open_terminal()
        editor.replace_line("prices.py", 6, FIX)
        editor.save("prices.py")
        editor.run_in_terminal(slowly("one"))
        [daemon] = editor.daemons()
        daemon.suspend()  # what is sent now stays in its pipe, and is lost with it
        editor.run_in_terminal(slowly("two"))
        daemon.kill()
        editor.run_in_terminal(slowly("three"))
        editor.wait_for_new_daemon(daemon.pid)
        editor.wait_for_status("REC")
        editor.picture("after-the-daemon-died")

        editor.reload_window()
        editor.notification("goes on recording")
        editor.wait_for_status("REC")
        editor.wait_for_prompt()
        editor.run_in_terminal(slowly("four"))
        editor.picture("after-reload")
        editor.run_command("Trace: Finalize")
        assert editor.notification("Reasoning").startswith("Tests passed.")

        trace = finalized_trace(editor)
        check_order(trace)
        printed = [(command["command"], command["output"]) for command in of_type(trace, "terminal_command")]
        assert printed == [(slowly(word), f"{word}\n") for word in ("one", "two", "three", "four")]
        assert f"+{FIX}" in "".join(edit["diff"] for edit in of_type(trace, "code_edit"))
        marks = [mark["mark"] for mark in of_type(trace, "session_mark")]
        assert marks == ["started", "daemon_restarted", "daemon_restarted", "editor_restarted", "finalized"]


def test_nothing_starts_without_consent(vscode: Open, project: Path) -> None:
    with vscode(project) as editor:
        editor.run_command("Trace: Start Recording")
        assert editor.tick("what do you allow?", ["Code"]) == []
        editor.escape()
        assert "REC" not in editor.wait_for_status("fixtrail")
        assert not editor.daemons()
        assert not (editor.home / "data").exists()


def test_a_paused_trace_records_nothing_and_a_discarded_one_is_gone(vscode: Open, project: Path) -> None:
    with vscode(project) as editor:
        start_recording(editor, "Terminal output")
        editor.open_terminal()
        editor.run_in_terminal(slowly("before"))
        editor.run_command("Trace: Pause Recording")
        editor.wait_for_status("paused")
        editor.run_in_terminal(slowly("between"))
        editor.open_file("prices.py")
        editor.run_command("Trace: Resume Recording")
        editor.wait_for_status("REC")
        editor.run_in_terminal(slowly("after"))
        editor.replace_line("prices.py", 6, FIX)
        editor.save("prices.py")

        editor.run_command("Trace: Export")
        editor.pick("JSON, schema 1.0")
        editor.accept("Export the trace")
        editor.notification("The trace was exported to")
        [document] = (editor.home / "home").glob("trace-*.json")  # offered outside the repository
        trace = json.loads(document.read_text())
        assert trace["schema_version"] == "1.0"
        assert [ran["command"] for ran in of_type(trace, "terminal_command")] == [slowly("before"), slowly("after")]
        assert not of_type(trace, "file_open"), "file views were not allowed"
        assert [edit["diff"] for edit in of_type(trace, "code_edit")] == [None], "code was not allowed"

        editor.run_command("Trace: Discard")
        editor.answer_dialog("Discard this trace?", "Discard")
        editor.wait_for_status("^ *fixtrail$")
        assert not list((editor.home / "data" / "traces").glob("*.db*"))


@pytest.mark.docker
def test_a_finalize_that_is_cancelled_leaves_the_trace_open(vscode: Open, project: Path) -> None:
    (project / "test_slow.py").write_text("import time\n\n\ndef test_slow():\n    time.sleep(120)\n")
    with vscode(project) as editor:
        start_recording(editor)
        editor.run_command("Trace: Finalize")
        editor.notification("Running the tests")
        editor.picture("progress")
        editor.answer("Finalizing the trace", "Cancel")
        editor.wait_for_status("REC")
        assert not list((editor.home / "data" / "exports").glob("*"))


def check_fix(trace: dict[str, Any]) -> None:
    """What the person did is in the trace, all of it, once."""
    check_order(trace)
    assert trace["qa_results"]["tests_passed"] is True
    assert trace["qa_results"]["tests"]["verdict"] == "passed"
    given = {name for name, value in trace["consent"].items() if value is True}
    assert given == {"code", "terminal_output", "file_views"}

    edits = of_type(trace, "code_edit")
    assert {edit["file_path"] for edit in edits} == {"prices.py"}
    diffs = "".join(edit["diff"] for edit in edits)
    assert f"-{BUG}\n" in diffs
    assert f"+{FIX}\n" in diffs
    assert [opened["file_path"] for opened in of_type(trace, "file_open")] == ["prices.py"]
    assert [step["content"] for step in of_type(trace, "reasoning_step")] == [HYPOTHESIS]

    commands = of_type(trace, "terminal_command")
    assert [(command["command"], command["exit_code"]) for command in commands] == [(TESTS, 1), (TESTS, 0)]
    assert "2 failed" in commands[0]["output"]
    assert "2 passed" in commands[1]["output"]
    for command in commands:
        assert command["cwd"] == "."
        assert command["duration_ms"] > 0
        assert "\x1b" not in command["output"]
    assert [(result["failed"], result["passed"]) for result in of_type(trace, "test_result")] == [(2, 0), (0, 2)]
