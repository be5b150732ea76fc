"""``fixtrail demo``: the whole way, as a newcomer meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]


def demo(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FIXTRAIL_JUDGE", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-m", "fixtrail", "demo", "--json", "--dir", str(folder)],
        env=clean | {"FIXTRAIL_HOME": str(folder / "unused")} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = demo(tmp_path_factory.mktemp("demo") / "place")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.docker
def test_the_demo_passes_and_prints_one_object(shown: dict[str, Any]) -> None:
    assert shown["tests_passed"] is True
    assert shown["test_verdict"] == "passed"
    assert shown["reasoning_status"] == "not_configured"
    assert shown["reasoning_score"] is None
    assert set(shown) == {
        "trace_id", "trace_path", "report_path", "tests_passed", "test_verdict", "reasoning_status",
        "reasoning_score", "events",
    }  # fmt: skip


@pytest.mark.docker
def test_its_trace_validates_and_tells_the_way(shown: dict[str, Any]) -> None:
    trace = json.loads(Path(shown["trace_path"]).read_text(encoding="utf-8"))
    jsonschema.validate(trace, json.loads((ROOT / "protocol/schema/trace.schema.json").read_text(encoding="utf-8")))
    assert len(trace["events"]) == shown["events"]
    kinds = [event["event_type"] for event in trace["events"]]
    assert kinds.count("code_edit") == 3
    assert kinds.count("test_result") == 2
    commands = [event["data"]["exit_code"] for event in trace["events"] if event["event_type"] == "terminal_command"]
    assert commands == [1, 0]
    assert [event["seq"] for event in trace["events"]] == list(range(1, len(kinds) + 1))
    assert trace["qa_results"]["tests"]["limits_enforced"]["network"] == "none"
    assert Path(shown["report_path"]).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.docker
def test_its_1_0_export_has_exactly_the_fields_of_1_0(shown: dict[str, Any]) -> None:
    path = Path(shown["trace_path"]).with_suffix(".1.0.json")
    trace = json.loads(path.read_text(encoding="utf-8"))
    assert list(trace) == [
        "schema_version", "trace_id", "developer_id", "bug_id", "repo", "start_time", "end_time",
        "events", "qa_results",
    ]  # fmt: skip
    assert set(trace["repo"]) == {"name", "url", "branch", "commit_before", "commit_after", "test_command"}
    assert set(trace["qa_results"]) == {
        "tests_passed", "test_exit_code", "test_output_snippet", "reasoning_score", "reasoning_feedback",
    }  # fmt: skip
    assert all(set(event) == {"event_type", "timestamp", "data"} for event in trace["events"])


def test_without_docker_it_goes_on_and_says_so(tmp_path: Path) -> None:
    done = demo(tmp_path / "place", DOCKER_HOST=f"unix://{tmp_path}/nobody.sock")
    assert done.returncode == 3, done.stderr
    shown = json.loads(done.stdout)
    assert shown["tests_passed"] is None
    assert shown["test_verdict"] == "infra_error"
    trace = json.loads(Path(shown["trace_path"]).read_text(encoding="utf-8"))
    assert trace["qa_results"]["tests"]["error_code"] == "docker/unavailable"
    assert trace["qa_results"]["tests"]["reason"]
