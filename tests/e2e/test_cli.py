"""The command line, in a terminal without an editor: start, run, reason, status, export, upload; every exit code."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    (place / "app.py").write_text("answer = 41\n", encoding="utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], cwd=place, check=True)
    return place


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FIXTRAIL_", "OPENAI_"))}
    return kept | {"FIXTRAIL_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}


@pytest.fixture
def fixtrail(folder: Path, environment: dict[str, str]) -> Run:
    def run(*args: str, code: int = 0, **extra: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "fixtrail", *args],
            cwd=folder,
            env=environment | extra,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, (args, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    return run


def events(fixtrail: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(fixtrail("show", "--json").stdout)["events"]
    return found


def test_a_command_of_any_terminal_is_recorded_with_its_exit_code(fixtrail: Run) -> None:
    fixtrail("start", "--consent", "terminal-output")
    script = "import sys; print('to out'); print('to err', file=sys.stderr); sys.exit(7)"
    done = fixtrail("run", "--", sys.executable, "-c", script, code=7)
    assert done.stdout == "to out\n"
    assert done.stderr == "to err\n"
    command = events(fixtrail)[-1]
    assert command["event_type"] == "terminal_command"
    assert command["data"]["exit_code"] == 7
    assert command["data"]["cwd"] == "."
    # The two streams are one text in the record; what was written at the same moment may meet in one line.
    assert sorted(command["data"]["output"].replace("\n", "")) == sorted("to errto out")


def test_output_is_not_kept_without_consent(fixtrail: Run) -> None:
    fixtrail("start")
    fixtrail("run", "--", sys.executable, "-c", "print('private words')")
    command = events(fixtrail)[-1]
    assert command["data"]["output"] is None
    assert command["data"]["output_omitted"] == "consent"


def test_a_thought_is_on_the_disk_when_the_command_returns(fixtrail: Run) -> None:
    fixtrail("start")
    answer = json.loads(fixtrail("reason", "--kind", "hypothesis", "off by one", "--json").stdout)
    stored = events(fixtrail)[-1]
    assert (stored["event_id"], stored["seq"]) == (answer["eventId"], answer["seq"])
    assert stored["data"] == {"content": "off by one", "kind": "hypothesis"}


def test_nothing_is_recorded_before_start(fixtrail: Run, tmp_path: Path) -> None:
    done = fixtrail("run", "--", sys.executable, "-c", "open('ran', 'w')", code=2)
    assert "[trace/not-recording]" in done.stderr
    assert not (tmp_path / "work" / "ran").exists()
    assert "[trace/not-recording]" in fixtrail("reason", "x", code=2).stderr


def test_one_folder_has_one_open_trace(fixtrail: Run) -> None:
    fixtrail("start")
    assert "[trace/already-open]" in fixtrail("start", code=2).stderr
    fixtrail("discard", "--yes")
    assert json.loads(fixtrail("list", "--json").stdout)["traces"] == []
    fixtrail("start")


def test_pause_keeps_commands_out(fixtrail: Run) -> None:
    fixtrail("start")
    fixtrail("pause")
    assert "[trace/paused]" in fixtrail("reason", "not now", code=2).stderr
    assert "not recorded" in fixtrail("run", "--", sys.executable, "-c", "print(1)").stderr
    fixtrail("resume")
    fixtrail("reason", "now")
    kinds = [event["event_type"] for event in events(fixtrail)]
    assert kinds == ["session_mark", "session_mark", "session_mark", "reasoning_step"]


def test_a_test_command_for_a_shell_is_refused_by_the_part_that_needs_it(fixtrail: Run) -> None:
    done = fixtrail("start", "--test-command", "pytest && rm -rf /", code=2)
    assert "'&&'" in done.stderr
    assert "[rpc/invalid-params]" in done.stderr


def test_no_verdict_is_exit_code_3_and_the_failed_run_is_said(fixtrail: Run, tmp_path: Path) -> None:
    fixtrail("start", "--test-command", "python -m pytest")
    done = fixtrail("finalize", "--json", code=3, DOCKER_HOST=f"unix://{tmp_path}/nobody.sock")
    results = json.loads(done.stdout)["qaResults"]
    assert results["tests_passed"] is None
    assert results["tests"]["error_code"] == "docker/unavailable"
    trace_id = json.loads(done.stdout)["traceId"]
    assert "no verdict" in fixtrail("list").stdout
    fixtrail("resume", trace_id)
    assert events(fixtrail)[-1]["data"]["mark"] == "reopened"


@pytest.mark.docker
def test_failing_tests_are_exit_code_1(fixtrail: Run, folder: Path) -> None:
    (folder / "test_app.py").write_text("from app import answer\n\n\ndef test():\n    assert answer == 42\n", "utf-8")
    fixtrail("start")
    assert json.loads(fixtrail("finalize", "--json", code=1).stdout)["qaResults"]["tests_passed"] is False


@pytest.mark.docker
@pytest.mark.parametrize("allowed", [True, False])
def test_no_code_lies_beside_the_trace_without_consent(
    fixtrail: Run, folder: Path, tmp_path: Path, allowed: bool
) -> None:
    (folder / "test_app.py").write_text("def test():\n    assert True\n", "utf-8")
    fixtrail("start", *(["--consent", "code"] if allowed else []))
    assert json.loads(fixtrail("finalize", "--json").stdout)["qaResults"]["tests_passed"] is True
    assert bool(list((tmp_path / "home" / "traces").glob("*.git/objects/*"))) is allowed


def test_usage_and_unknown_things_are_exit_code_2(fixtrail: Run) -> None:
    fixtrail("start", "--consent", "everything", code=2)
    assert "[trace/unknown]" in fixtrail("show", "nonsense", code=2).stderr
    assert "[trace/unknown]" in fixtrail("export", "01990000-0000-7000-8000-000000000000", code=2).stderr
    assert "[trace/none]" in fixtrail("show", code=2).stderr


def test_doctor_names_what_is_missing(fixtrail: Run, tmp_path: Path) -> None:
    done = fixtrail("doctor", "--json", code=3, DOCKER_HOST=f"unix://{tmp_path}/nobody.sock")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["Docker"]["state"] == "bad"
    assert checks["git"]["state"] == "good"
    assert "Docker" in fixtrail("doctor", code=3, DOCKER_HOST=f"unix://{tmp_path}/nobody.sock").stdout


@pytest.fixture
def collector(tmp_path: Path, environment: dict[str, str]) -> Iterator[str]:
    log = tmp_path / "collector.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "fixtrail", "collector", "--port", "0", "--data", str(tmp_path / "collected")],
            env=environment | {"FIXTRAIL_COLLECTOR_TOKEN": "a-long-word"},
            stdout=errors,
            stderr=errors,
        )
    try:
        deadline = time.monotonic() + 30
        port = None
        while port is None:
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            port = re.search(r'"port": ?(\d+)|:(\d{4,5})\b', log.read_text("utf-8"))
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port[1] or port[2]}"
    finally:
        process.terminate()
        process.wait(20)


def test_upload_needs_consent_and_stores_once(fixtrail: Run, collector: str, tmp_path: Path) -> None:
    nobody = {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    target = {"FIXTRAIL_UPLOAD_URL": collector, "FIXTRAIL_UPLOAD_TOKEN": "a-long-word"}
    fixtrail("start", "--test-command", "pytest")
    fixtrail("finalize", "--json", code=3, **nobody)
    assert "[upload/no-consent]" in fixtrail("upload", code=2, **target).stderr
    fixtrail("start", "--test-command", "pytest", "--consent", "upload")
    fixtrail("reason", "worth sharing")
    fixtrail("finalize", "--json", code=3, **nobody)
    first = json.loads(fixtrail("upload", "--json", **target).stdout)
    again = json.loads(fixtrail("upload", "--json", **target).stdout)
    assert first["accepted"] == 3
    assert again["accepted"] == 0
