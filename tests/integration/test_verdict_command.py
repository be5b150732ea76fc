"""``fixtrail verify --rerun``: a finalized trace's runs made again by the command line, and each exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import aiosqlite
import pytest

from tests.support.daemon import DaemonClient
from tests.support.sandbox import engine, leftovers  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]


def verify(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "fixtrail", "verify", "--rerun", *arguments],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


async def test_a_trace_is_run_again_and_compared(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace, testCommand="python -m pytest -q")
        await daemon.open(workspace / "calc.py")
        daemon.replace(workspace / "calc.py", "def add(a, b):\n    return a + b\n")
        await daemon.request("trace/finalize", {})

    # Whatever lies in the workspace by now: what was tested then is run.
    (workspace / "calc.py").write_text("raise SystemError\n")
    same = verify(workspace, trace)
    assert (same.returncode, same.stderr) == (0, "")
    assert same.stdout.splitlines() == [
        "✓ The same on the fixed code: passed.",
        "✓ The same on the code before the fix: failed.",
    ]
    told = json.loads(verify(workspace, trace, "--json").stdout)
    assert (told["trace_id"], told["same"]) == (trace, True)
    assert told["runs"]["the code before the fix"] == {"verdict": "failed", "was": "failed", "differences": []}
    assert leftovers(trace).containers == []

    gone = verify(workspace, trace, DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert (gone.returncode, gone.stdout) == (3, "")
    assert len(gone.stderr.strip().splitlines()) == 1

    file = isolated / "traces" / f"{trace}.db"
    async with aiosqlite.connect(file) as database:
        [(header,)] = await database.execute_fetchall("SELECT header FROM trace")
        await database.execute(
            "UPDATE trace SET header = ?", (header.replace('"verdict":"passed"', '"verdict":"failed"'),)
        )
        await database.commit()
    other = verify(workspace, trace)
    assert other.returncode == 1
    assert "The verdict was failed and is passed." in other.stdout


async def test_a_trace_that_was_not_finalized_has_nothing_to_run_again(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace, testCommand="python -m pytest -q")

    done = verify(workspace, trace)

    assert done.returncode == 3
    assert "no test run" in done.stderr
