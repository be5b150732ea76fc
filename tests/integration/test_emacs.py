"""A third editor: Emacs with eglot records and finalizes a fix, with no package of ours."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sandbox import engine  # noqa: F401 - a fixture

RECORD = Path(__file__).parents[1] / "emacs" / "record.el"


@pytest.mark.docker
@pytest.mark.editor
@pytest.mark.usefixtures("engine")
def test_a_fix_made_in_emacs_becomes_a_scored_trace(
    isolated: Path, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("emacs") is None:
        pytest.fail("Emacs is not installed; scripts/setup-editors does that.", pytrace=False)
    result = tmp_path / "result.json"
    monkeypatch.setenv("FIXTRAIL_COMMAND", "\n".join([sys.executable, "-m", "fixtrail", "serve"]))
    monkeypatch.setenv("FIXTRAIL_FOLDER", str(workspace))
    monkeypatch.setenv("FIXTRAIL_RESULT", str(result))

    ran = subprocess.run(
        ["emacs", "--batch", "-l", str(RECORD)],
        cwd=workspace,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )

    assert result.exists(), ran.stdout + ran.stderr
    said = json.loads(result.read_text())
    assert said["problem"] is None, (said, ran.stderr)
    assert said["finalize"]["qaResults"]["tests_passed"] is True
    trace = json.loads(Path(said["finalize"]["tracePath"]).read_text())
    assert trace["trace_id"] == said["start"]["traceId"]
    assert trace["reconstruction"]["verified"] is True
    edits = [event["data"] for event in trace["events"] if event["event_type"] == "code_edit"]
    assert {edit["file_path"] for edit in edits} == {"calc.py"}
    assert edits[-1]["diff"].endswith("-    return a - b\n+    return a + b  # 🤔\n")
    types = [event["event_type"] for event in trace["events"]]
    assert types.count("reasoning_step") == 1
    assert "file_close" in types
    assert (workspace / "calc.py").read_text() == "def add(a, b):\n    return a + b  # 🤔\n"
