"""What a finalized trace holds of the runs before and after, through the real daemon."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DaemonClient
from tests.support.sandbox import engine, leftovers  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

FIXED = "def add(a, b):\n    return a + b\n"


async def finalize(daemon: DaemonClient, workspace: Path, **start: Any) -> dict[str, Any]:
    trace = await daemon.start(workspace, testCommand="python -m pytest -q", **start)
    await daemon.open(workspace / "calc.py")
    daemon.replace(workspace / "calc.py", FIXED)
    result = await daemon.request("trace/finalize", {})
    assert leftovers(trace).containers == []
    written: dict[str, Any] = json.loads(Path(result["tracePath"]).read_text())["qa_results"]
    assert written == result["qaResults"]
    return written


async def test_without_consent_to_code_what_is_committed_is_compared(daemon: DaemonClient, workspace: Path) -> None:
    results = await finalize(daemon, workspace, consent={"code": False})

    assert results["comparison"]["status"] == "compared"
    assert results["comparison"]["fail_to_pass"] == ["test_calc::test_add"]


async def test_without_consent_to_code_what_was_not_committed_is_not_there_and_that_is_said(
    daemon: DaemonClient, workspace: Path
) -> None:
    (workspace / "calc.py").write_text("def add(a, b):\n    return a * b + 1\n")

    results = await finalize(daemon, workspace, consent={"code": False})

    assert results["tests_passed"] is True
    assert results["comparison"]["status"] == "not_possible"
    assert "not kept" in results["comparison"]["reason"]


async def test_secrets_that_tests_print_are_in_no_receipt(daemon: DaemonClient, workspace: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    (workspace / "test_calc.py").write_text(
        f"from calc import add\n\n\ndef test_add():\n    print({token!r})\n    assert add(2, 2) == 4, {token!r}\n"
    )

    results = await finalize(daemon, workspace)

    assert results["comparison"]["before"]["verdict"] == "failed"
    assert token not in json.dumps(results)
    assert "REDACTED" in results["comparison"]["before"]["output"]
