"""A second editor: Neovim's own LSP client records and finalizes a fix, with no plug-in of ours."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sandbox import engine  # noqa: F401 - a fixture

RECORD = Path(__file__).parents[1] / "neovim" / "record.lua"


@pytest.mark.docker
@pytest.mark.editor
@pytest.mark.usefixtures("engine")
def test_a_fix_made_in_neovim_becomes_a_scored_trace(
    isolated: Path, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("nvim") is None:
        pytest.fail("Neovim is not installed; scripts/setup-editors does that.", pytrace=False)
    result = tmp_path / "result.json"
    monkeypatch.setenv("FIXTRAIL_COMMAND", "\n".join([sys.executable, "-m", "fixtrail", "serve"]))
    monkeypatch.setenv("FIXTRAIL_FOLDER", str(workspace))
    monkeypatch.setenv("FIXTRAIL_RESULT", str(result))

    ran = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", f"+luafile {RECORD}"],
        cwd=workspace,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
    )

    assert result.exists(), ran.stdout + ran.stderr
    said = json.loads(result.read_text())
    assert said.get("problem") is None
    assert said["finalize"]["qaResults"]["tests_passed"] is True
    assert said["finalize"]["qaResults"]["reasoning"]["status"] == "not_configured"
    trace = json.loads(Path(said["finalize"]["tracePath"]).read_text())
    assert trace["trace_id"] == said["start"]["traceId"]
    assert trace["editor"]["name"] == "Neovim"
    assert trace["qa_results"]["tests"]["verdict"] == "passed"
    types = [event["event_type"] for event in trace["events"]]
    assert types == ["session_mark", "file_open", "code_edit", "reasoning_step", "session_mark"]
    opened, edited, reasoned = trace["events"][1:4]
    assert opened["data"]["file_path"] == "calc.py"
    assert edited["data"]["cut"] == "save"
    assert edited["data"]["diff"].endswith("-    return a - b\n+    return a + b\n")
    assert reasoned["event_id"] == said["reason"]["eventId"]
    assert reasoned["data"]["kind"] == "hypothesis"
