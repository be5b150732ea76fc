"""In a real VS Code: what happens beside the typing is in the trace with its actor, and the trace rebuilds the code."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_vscode import FIX, Open, finalized_trace, project, start_recording, tools, vscode, vsix

__all__ = ["project", "tools", "vscode", "vsix"]  # fixtures

pytestmark = [pytest.mark.editor, pytest.mark.timeout(300)]

GENERATOR = "import pathlib\npathlib.Path('generated.py').write_text('made = 1\\n')\n"
APART_SECONDS = 2.0
"""A command may claim what was changed shortly before it was announced."""


def _edits(trace: dict[str, Any], path: str) -> list[dict[str, Any]]:
    found = [event for event in trace["events"] if event["event_type"] == "code_edit"]
    return [event for event in found if event["data"]["file_path"] == path]


def test_each_change_has_its_actor_and_the_trace_verifies(vscode: Open, project: Path) -> None:
    (project / "gen.py").write_text(GENERATOR)
    (project / ".vscode").mkdir()
    (project / ".vscode/settings.json").write_text('{"files.trimTrailingWhitespace": true}')
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    for command in (["add", "."], [*identity, "commit", "-q", "-m", "A generator"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    with vscode(project) as editor:
        start_recording(editor, "Code", "Terminal output", "File views")
        editor.open_file("prices.py")
        editor.open_terminal()
        editor.replace_line("prices.py", 6, FIX + "   ")
        editor.save("prices.py")
        time.sleep(APART_SECONDS)
        editor.run_in_terminal("sleep 0.5; python gen.py; sleep 0.5")
        time.sleep(APART_SECONDS)
        for command in ("stash", "stash pop", "checkout -b topic"):
            editor.run_in_terminal(f"git -c user.name=t -c user.email=t@example.invalid {command}; sleep 1")
            time.sleep(APART_SECONDS)
        (project / "outside.txt").write_text("from elsewhere\n")
        time.sleep(APART_SECONDS)
        editor.picture("before-the-end")
        editor.run_command("Trace: Finalize")
        editor.notification("Reasoning")
        trace = finalized_trace(editor)

        assert trace["reconstruction"]["verified"] is True, trace["reconstruction"]
        environment = os.environ | {"FIXTRAIL_HOME": str(editor.home / "data")}
        argv = [sys.executable, "-m", "fixtrail", "verify", trace["trace_id"], "--json"]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["verified"] is True

        looked = [event["data"] for event in trace["events"] if event["event_type"] == "file_view"]
        assert {view["file_path"] for view in looked} == {"prices.py"}, looked
        assert looked[0]["ranges"][0]["start"] == 1
        assert max(view["dwell_ms"] for view in looked) >= 1000

        typed = _edits(trace, "prices.py")
        assert {event["actor"] for event in typed} == {"developer"}, typed
        assert (project / "prices.py").read_text().splitlines()[5] == FIX, "format on save took the blanks away"
        commands = {
            event["event_id"]: event["data"]["command"]
            for event in trace["events"]
            if event["event_type"] == "terminal_command"
        }
        [made] = _edits(trace, "generated.py")
        assert made["actor"] == "tool"
        assert "gen.py" in commands[made["data"]["cause"]]
        told = [event for event in trace["events"] if event["event_type"] == "git_change"]
        assert {event["actor"] for event in told} == {"git"}
        operations = [event["data"]["operation"] for event in told if event["data"]["operation"]]
        assert operations == ["stash push", "stash pop", "checkout"], told
        assert all("git" in commands[event["data"]["cause"]] for event in told if event["data"]["operation"])
        [outside] = _edits(trace, "outside.txt")
        assert (outside["actor"], outside["data"]["diff"].endswith("+from elsewhere\n")) == ("unknown", True)
