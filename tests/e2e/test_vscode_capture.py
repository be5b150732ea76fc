"""In a real VS Code: several folders in one window, tasks, full-screen programs, tests under the debugger."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.editor.session import Editor
from tests.e2e.editor.tools import Tools
from tests.e2e.test_vscode import Open, finalized_trace, of_type, project, start_recording, tools, vscode, vsix

__all__ = ["project", "tools", "vscode", "vsix"]  # fixtures

pytestmark = [pytest.mark.editor, pytest.mark.timeout(300)]

WAIT = 30.0
RUNNER = """// Stands where a project's test runner stands: what matters is that the debugger runs it.
const total = 1 + 1;
debugger;
process.exit(total === 2 ? 0 : 1);
"""


def fixtrail(editor: Editor, *arguments: str) -> Any:
    environment = os.environ | {"FIXTRAIL_HOME": str(editor.home / "data")}
    argv = [sys.executable, "-m", "fixtrail", *arguments, "--json"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def repository(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / name).write_text("value = 1\n")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def test_each_folder_of_a_window_has_a_trace_of_its_own(vscode: Open, tmp_path: Path) -> None:
    alpha, beta = repository(tmp_path / "alpha", "first.py"), repository(tmp_path / "beta", "second.py")
    window = tmp_path / "both.code-workspace"
    window.write_text(json.dumps({"folders": [{"path": "alpha"}, {"path": "beta"}]}))
    with vscode(window) as editor:
        editor.open_file("first.py")
        start_recording(editor, "Code", "Terminal output", "File views")
        editor.open_file("second.py")
        editor.run_command("Trace: Start Recording")
        assert editor.tick("what do you allow?", []) == ["Code", "Terminal output", "File views"]
        editor.confirm()
        editor.wait_for_status("2 folders")
        editor.run_command("Terminal: Create New Terminal")
        editor.pick("alpha")
        editor.wait_for_prompt()
        editor.replace_line("first.py", 1, "value = 2")
        editor.save("first.py")
        editor.replace_line("second.py", 1, "value = 3")
        editor.save("second.py")
        editor.run_in_terminal("sleep 0.5; echo in-alpha")
        editor.run_in_terminal(f"cd {beta}")
        editor.run_in_terminal("sleep 0.5; echo in-beta; echo made > made.txt")
        editor.picture("two-folders")
        assert len(editor.daemons()) == 2

        editor.open_file("first.py")
        editor.run_command("Trace: Finalize")
        editor.notification("Reasoning")
        first = finalized_trace(editor)
        editor.picture("one-left")
        listed = {trace["repo"]: trace for trace in fixtrail(editor, "list")["traces"]}
        assert {name: trace["state"] for name, trace in listed.items()} == {"alpha": "finalized", "beta": "recording"}
        second = fixtrail(editor, "show", listed["beta"]["traceId"])

    assert first["trace_id"] == listed["alpha"]["traceId"]
    assert first["reconstruction"]["verified"] is True
    assert {data["file_path"] for data in of_type(first, "code_edit")} == {"first.py"}
    assert {data["file_path"] for data in of_type(second, "code_edit")} == {"second.py", "made.txt"}
    assert {data["file_path"] for data in of_type(first, "file_view")} <= {"first.py"}
    assert {data["file_path"] for data in of_type(second, "file_view")} <= {"second.py"}
    commands = [data["command"] for data in of_type(first, "terminal_command")]
    assert any("in-alpha" in command for command in commands), commands
    assert not any("in-beta" in command for command in commands), commands
    [told] = [event for event in second["events"] if event["event_type"] == "terminal_command"]
    assert "in-beta" in told["data"]["command"]
    [made] = [event for event in second["events"] if event["data"].get("file_path") == "made.txt"]
    assert (made["actor"], made["data"]["cause"]) == ("tool", told["event_id"])
    assert (alpha / "first.py").read_text() == "value = 2\n"


def test_tasks_and_full_screen_programs_are_commands(vscode: Open, project: Path) -> None:
    (project / ".vscode").mkdir()
    quiet = {"problemMatcher": [], "presentation": {"reveal": "always", "showReuseMessage": False}}
    line = "sleep 1; echo made > made.txt; sleep 1; exit 3"
    tasks = [{"label": "generate", "type": "shell", "command": line, **quiet}]
    tasks.append({"label": "look", "type": "process", "command": "sh", "args": ["-c", "exit 4"], **quiet})
    (project / ".vscode/tasks.json").write_text(json.dumps({"version": "2.0.0", "tasks": tasks}))
    with vscode(project) as editor:
        start_recording(editor, "Code", "Terminal output")
        [trace] = fixtrail(editor, "list")["traces"]

        def commands() -> list[dict[str, Any]]:
            events = fixtrail(editor, "show", trace["traceId"])["events"]
            return [event for event in events if event["event_type"] == "terminal_command"]

        for count, label in enumerate(("generate", "look"), 1):
            editor.run_command("Tasks: Run Task")
            editor.pick(label)
            wait_until(lambda count=count: len(commands()) >= count)  # type: ignore[misc]
        editor.picture("tasks")
        editor.open_terminal()
        editor.run_in_terminal("sleep 0.5; nvim -u NONE -c 'sleep 500m' -c q; echo after")
        wait_until(lambda: len(commands()) >= 3)
        time.sleep(1)
        shown = fixtrail(editor, "show", trace["traceId"])

    told = [event for event in shown["events"] if event["event_type"] == "terminal_command"]
    generate, look, screen = (event["data"] for event in told)
    assert (generate["command"], generate["exit_code"], generate["terminal"]) == (line, 3, "generate")
    assert (look["command"], look["exit_code"], look["cwd"]) == ("sh -c 'exit 4'", 4, ".")
    assert look["output_omitted"] == "not_captured"
    [made] = [event for event in shown["events"] if event["data"].get("file_path") == "made.txt"]
    assert (made["actor"], made["data"]["cause"]) == ("tool", told[0]["event_id"])
    assert screen["full_screen"] is True
    assert screen["output"].strip() == "after"
    assert "full_screen" not in look


def test_a_debug_session_tells_where_it_stopped_and_how_the_tests_ended(
    vscode: Open, tools: Tools, project: Path
) -> None:
    (project / "tools").mkdir()
    (project / "tools/jest.js").write_text(RUNNER)
    (project / ".vscode").mkdir()
    launch = {"type": "node", "request": "launch", "name": "Debug tests", "console": "internalConsole"}
    launch |= {"program": "${workspaceFolder}/tools/jest.js", "args": ["--runInBand"]}
    launch |= {"runtimeExecutable": str(tools.node_bin / "node")}
    (project / ".vscode/launch.json").write_text(json.dumps({"version": "0.2.0", "configurations": [launch]}))
    with vscode(project) as editor:
        start_recording(editor, "Code", "Terminal output")
        [trace] = fixtrail(editor, "list")["traces"]

        def debugged(phase: str) -> list[dict[str, Any]]:
            events = fixtrail(editor, "show", trace["traceId"])["events"]
            return [e for e in events if e["event_type"] == "debug_session" and e["data"]["phase"] == phase]

        editor.run_command("Debug: Start Debugging")
        wait_until(lambda: bool(debugged("stopped")))
        editor.picture("stopped")
        editor.run_command("Debug: Continue")
        wait_until(lambda: len(debugged("stop")) == len(debugged("start")))
        time.sleep(1)
        shown = fixtrail(editor, "show", trace["traceId"])
        [stopped] = debugged("stopped")

    assert (stopped["data"]["file_path"], stopped["data"]["line"]) == ("tools/jest.js", 3)
    [run] = of_type(shown, "terminal_command")
    assert run["command"].endswith("tools/jest.js --runInBand")
    assert (run["exit_code"], run["exit_code_reason"]) == (None, "The debug adapter did not report one.")
