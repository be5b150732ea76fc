"""Finalize over the real daemon, with a real container engine, a judge on loopback and the user's own repository."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.daemon import DaemonClient, RpcError
from tests.support.sandbox import engine, leftovers  # noqa: F401  engine is a fixture
from tests.support.scripted_llm import ScriptedLLM, judges
from tests.support.traces import SCHEMA

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

FIXED = "def add(a, b):\n    return a + b\n"
COMMAND = "python -m pytest -q"


async def fix(daemon: DaemonClient, workspace: Path, text: str = FIXED) -> str:
    """Record a fix, up to the moment before finalize."""
    trace = await daemon.start(workspace, testCommand=COMMAND, bugId="BUG-7")
    await daemon.open(workspace / "calc.py")
    daemon.replace(workspace / "calc.py", text)
    await daemon.request("trace/reason", {"content": "The operator is wrong: 2 - 2 is 0.", "kind": "hypothesis"})
    return trace


async def container_of(trace: str) -> None:
    """Wait until the tests of a trace run: only the engine knows."""
    async with asyncio.timeout(60):
        while not leftovers(trace).running:  # noqa: ASYNC110 - the engine is asked, nothing of ours can tell
            await asyncio.sleep(0.1)


def written(result: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path(result["tracePath"]).read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    return document


async def test_a_fix_that_passes(daemon: DaemonClient, workspace: Path, tmp_path: Path) -> None:
    trace = await fix(daemon, workspace)

    result = await daemon.request("trace/finalize", {"workDoneToken": "t1"})

    assert result["traceId"] == trace
    qa = result["qaResults"]
    assert (qa["tests_passed"], qa["test_exit_code"]) == (True, 0)
    assert "1 passed" in qa["test_output_snippet"]
    assert (qa["reasoning_score"], qa["reasoning"]["status"]) == (None, "not_configured")
    # What the events say needs no key: the edit is there, the hypothesis comes after it, nothing was run.
    measures = qa["process"]["measures"]
    assert (measures["hypothesis_before_edit"]["value"], measures["rerun_after_last_edit"]["value"]) == (False, False)
    assert [step["place"] for step in qa["process"]["steps"]] == ["after_last_edit"]
    assert qa["label"] in ("unproven_fix", "lucky_fix")  # the second once the tests run on the code before as well
    assert qa["label_reason"]
    document = written(result)
    assert document["qa_results"] == qa
    receipt = document["qa_results"]["tests"]
    assert (receipt["verdict"], receipt["passed"], receipt["command"]) == ("passed", 1, COMMAND.split())
    assert receipt["image_digest"].startswith("sha256:")
    assert receipt["limits_enforced"]["network"] == "none"
    assert receipt["tree"] == document["repo"]["commit_after"] == document["reconstruction"]["tree"]
    assert document["end_time"] >= document["start_time"]
    assert document["capture"]["events"] == len(document["events"])
    assert Path(result["reportPath"]).read_text().startswith("<!")
    kinds = [got["value"]["kind"] for name, got in daemon.notifications if name == "$/progress"]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert leftovers(trace).containers == []
    assert (await daemon.request("trace/status", {}))["state"] == "idle"

    old = await daemon.request(
        "trace/export", {"traceId": trace, "format": "json-1.0", "path": str(tmp_path / "old.json")}
    )
    seed = json.loads(Path(old["path"]).read_text())
    example = json.loads((SCHEMA.parents[1] / "examples" / "seed-1.0.json").read_text())
    assert seed.keys() == example.keys()
    assert seed["repo"].keys() == example["repo"].keys()
    assert seed["qa_results"].keys() == example["qa_results"].keys()
    assert {frozenset(each) for each in seed["events"]} == {frozenset({"event_type", "timestamp", "data"})}
    assert hashlib.sha256(Path(old["path"]).read_bytes()).hexdigest() == old["sha256"]


async def test_a_fix_that_fails(daemon: DaemonClient, workspace: Path) -> None:
    await fix(daemon, workspace, "def add(a, b):\n    return a * b + 1\n")

    result = await daemon.request("trace/finalize", {})

    assert result["qaResults"]["tests_passed"] is False
    assert result["qaResults"]["test_exit_code"] == 1
    (case,) = written(result)["qa_results"]["tests"]["cases"]
    assert (case["name"], case["outcome"]) == ("test_calc::test_add", "failed")


async def test_a_cancelled_finalize_leaves_the_trace_open_and_no_container(
    daemon: DaemonClient, workspace: Path
) -> None:
    (workspace / "test_slow.py").write_text("import time\n\n\ndef test_slow():\n    time.sleep(120)\n")
    trace = await fix(daemon, workspace)

    request_id, answer = daemon.begin("trace/finalize", {})
    await container_of(trace)
    assert (await daemon.request("trace/status", {}))["state"] == "finalizing"
    daemon.notify("$/cancelRequest", {"id": request_id})
    with pytest.raises(RpcError) as cancelled:
        await answer

    assert cancelled.value.code == -32800
    assert leftovers(trace).containers == []
    status = await daemon.request("trace/status", {})
    assert (status["traceId"], status["state"]) == (trace, "recording")
    (workspace / "test_slow.py").unlink()
    await daemon.request("trace/reason", {"content": "The slow test is not needed."})
    again = await daemon.request("trace/finalize", {})
    assert (again["traceId"], again["qaResults"]["tests_passed"]) == (trace, True)


async def test_a_file_opened_and_typed_in_during_a_cancelled_finalize_keeps_its_edit(
    daemon: DaemonClient, workspace: Path
) -> None:
    (workspace / "test_slow.py").write_text("import time\n\n\ndef test_slow():\n    time.sleep(120)\n")
    trace = await daemon.start(workspace, testCommand=COMMAND)
    request_id, answer = daemon.begin("trace/finalize", {})
    await container_of(trace)

    await daemon.open(workspace / "calc.py")
    daemon.change(workspace / "calc.py", {"text": FIXED})
    daemon.notify("$/cancelRequest", {"id": request_id})
    with pytest.raises(RpcError):
        await answer
    daemon.save(workspace / "calc.py", FIXED)

    (found,) = await daemon.get(trace, "code_edit")
    assert found["data"]["diff"].endswith("-    return a - b\n+    return a + b\n")


async def test_without_an_engine_there_is_no_verdict_and_a_reason(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace, DOCKER_HOST="unix:///nonexistent/docker.sock") as daemon:
        await fix(daemon, workspace)
        result = await daemon.request("trace/finalize", {})

    qa = written(result)["qa_results"]
    assert (qa["tests_passed"], qa["test_exit_code"]) == (None, None)
    assert (qa["tests"]["verdict"], qa["tests"]["error_code"]) == ("infra_error", "docker/unavailable")
    assert qa["tests"]["reason"]


async def test_the_judge_gives_a_score_where_there_is_one(isolated: Path, workspace: Path) -> None:
    async with (
        ScriptedLLM(judges(0.75)) as llm,
        DaemonClient.running(workspace, FIXTRAIL_JUDGE_BASE_URL=llm.base_url) as daemon,
    ):
        await fix(daemon, workspace)
        result = await daemon.request("trace/finalize", {})

    reasoning = written(result)["qa_results"]["reasoning"]
    assert (reasoning["status"], reasoning["mode"], len(llm.requests)) == ("scored", "grounded", 3)
    hypothesis, validation = (reasoning["dimensions"][name] for name in ("hypothesis_formation", "validation"))
    assert (hypothesis["status"], hypothesis["score"]) == ("grounded", 0.75)
    assert hypothesis["quotes"][0]["text"] == "The operator is wrong: 2 - 2 is 0."
    assert (validation["given"], validation["score"]) == (0.75, 0.0), "nothing was run after the edit"
    assert result["qaResults"]["reasoning_score"] == reasoning["score"] < 3.75
    asked = json.dumps(llm.requests[0].json())
    assert "The operator is wrong" in asked
    assert "+    return a + b" in asked
    assert "1 passed" not in asked, "the judge does not know the verdict"


async def test_a_second_finalize_of_an_unchanged_trace_asks_no_judge_and_deleting_forgets_its_words(
    isolated: Path, workspace: Path
) -> None:
    async with (
        ScriptedLLM(judges(0.75)) as llm,
        DaemonClient.running(workspace, FIXTRAIL_JUDGE_BASE_URL=llm.base_url) as daemon,
    ):
        trace = await fix(daemon, workspace)
        first = await daemon.request("trace/finalize", {})
        await daemon.request("trace/resume", {"traceId": trace})
        second = await daemon.request("trace/finalize", {})
        assert len(llm.requests) == 3
        [thought] = await daemon.get(trace, "reasoning_step")
        [kept] = isolated.rglob(f"{trace}.judge.json")
        assert b"The operator is wrong" in kept.read_bytes()
        await daemon.request("trace/deleteEvents", {"traceId": trace, "eventIds": [thought["event_id"]]})
        assert not kept.exists()
        left = await daemon.request("trace/get", {"traceId": trace, "limit": 1})

    one, two = (result["qaResults"]["reasoning"] for result in (first, second))
    assert (one["cached"], two["cached"]) == (False, True)
    assert two == one | {"cached": True}
    assert first["qaResults"]["reasoning_score"] == left["trace"]["qa_results"]["reasoning_score"]
    assert "The operator is wrong" not in json.dumps(left["trace"])
    files = [path for path in isolated.rglob("*") if path.is_file() and trace in path.name]
    assert not any(b"The operator is wrong" in path.read_bytes() for path in files)


async def test_without_consent_the_judge_is_not_asked(isolated: Path, workspace: Path) -> None:
    async with (
        ScriptedLLM(judges()) as llm,
        DaemonClient.running(workspace, FIXTRAIL_JUDGE_BASE_URL=llm.base_url) as daemon,
    ):
        await daemon.start(workspace, testCommand=COMMAND, consent={"code": True})
        await daemon.request("trace/reason", {"content": "private"})
        result = await daemon.request("trace/finalize", {})

    assert result["qaResults"]["reasoning"]["status"] == "no_consent"
    assert llm.requests == []


async def test_the_users_repository_is_not_touched(
    daemon: DaemonClient, workspace: Path, git: Callable[..., str]
) -> None:
    (workspace / "staged.py").write_text("staged = 1\n")
    git(workspace, "add", "staged.py")
    (workspace / "test_calc.py").write_text("def test_other():\n    pass\n")
    (workspace / "untracked.py").write_text("x = 1\n")

    def state() -> tuple[object, ...]:
        files = {
            str(path.relative_to(workspace)): path.read_bytes()
            for path in workspace.rglob("*")
            if path.is_file() and path.name not in ("calc.py",)
        }
        return git(workspace, "count-objects", "-v"), git(workspace, "stash", "list"), files

    before = state()
    index = (workspace / ".git" / "index").read_bytes()
    await fix(daemon, workspace)
    await daemon.request("trace/finalize", {})

    assert (workspace / ".git" / "index").read_bytes() == index
    assert state() == before
    assert git(workspace, "status", "--porcelain").splitlines() == [
        " M calc.py",
        "A  staged.py",
        " M test_calc.py",
        "?? untracked.py",
    ]


async def test_a_finalized_trace_can_be_reopened(daemon: DaemonClient, workspace: Path) -> None:
    trace = await fix(daemon, workspace, "def add(a, b):\n    return 5\n")
    first = await daemon.request("trace/finalize", {})
    assert first["qaResults"]["tests_passed"] is False

    await daemon.request("trace/resume", {"traceId": trace})
    daemon.replace(workspace / "calc.py", FIXED)
    second = await daemon.request("trace/finalize", {})

    assert second["qaResults"]["tests_passed"] is True
    marks = [each["data"]["mark"] for each in written(second)["events"] if each["event_type"] == "session_mark"]
    assert marks == ["started", "finalized", "reopened", "finalized"]
