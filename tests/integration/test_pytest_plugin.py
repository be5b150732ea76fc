"""The plug-in we ship: a real pytest tells a real daemon what each test gave, once, and only where asked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import DaemonClient, event, moment

TESTS = """
import pytest

def test_passes():
    pass

def test_fails():
    assert 1 == 2, "they differ"

@pytest.mark.parametrize("number", [1, 2])
def test_each(number):
    pass

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass

@pytest.mark.xfail
def test_expected():
    assert False

@pytest.fixture
def broken():
    raise RuntimeError("no set-up")

def test_error(broken):
    pass

@pytest.fixture
def leaving():
    yield
    raise RuntimeError("no tear-down")

def test_bad_end(leaving):
    pass
"""
OUTCOMES = {
    "test_passes": "passed",
    "test_fails": "failed",
    "test_each[1]": "passed",
    "test_each[2]": "passed",
    "test_skipped": "skipped",
    "test_expected": "skipped",
    "test_error": "error",
    "test_bad_end": "error",
}
COMMAND = "0190a6a4-2222-7000-8000-000000000001"


@pytest.fixture
def suite(workspace: Path) -> Path:
    (workspace / "test_many.py").write_text(TESTS)
    return workspace


def outside(**more: str) -> dict[str, str]:
    """The environment of a command that is not run within a test."""
    return {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"} | more


def run_pytest(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=outside(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_every_test_of_a_run_is_told_once_with_the_command_that_ran_it(suite: Path) -> None:
    async with DaemonClient.running(suite) as daemon:
        trace_id = await daemon.start(suite)
        started = moment()
        daemon.notify("trace/commandStarted", {"eventId": COMMAND, "command": "pytest", "timestamp": started})
        ran = run_pytest(suite, "test_many.py", "--junitxml=junit.xml")
        line = "pytest --junitxml=junit.xml"
        command = event("terminal_command", command=line, exit_code=1, output=ran.stdout, duration_ms=60_000)
        daemon.events("editor", 1, [{**command, "event_id": COMMAND, "timestamp": started}])
        await daemon.recorded("editor", 1)
        results = await daemon.get(trace_id, "test_result")

    assert ran.returncode == 1
    assert "fixtrail" not in ran.stdout + ran.stderr
    assert len(results) == 1
    told = results[0]["data"]
    assert (told["source"], told["runner"], told["exit_code"]) == ("pytest", "pytest", 1)
    assert told["command_event_id"] == COMMAND
    assert {case["name"].removeprefix("test_many.py::"): case["outcome"] for case in told["cases"]} == OUTCOMES
    assert (told["passed"], told["failed"], told["errors"], told["skipped"]) == (3, 1, 2, 2)
    messages = {case["name"].partition("::")[2]: case.get("message") for case in told["cases"]}
    assert messages["test_fails"] == "AssertionError: they differ\nassert 1 == 2"
    assert messages["test_skipped"] == "Skipped: not today"
    assert messages["test_passes"] is None
    assert all(case["duration_ms"] >= 0 for case in told["cases"])


async def test_a_later_command_without_the_plug_in_still_gives_a_result_of_its_own(suite: Path) -> None:
    async with DaemonClient.running(suite) as daemon:
        trace_id = await daemon.start(suite)
        run_pytest(suite, "test_many.py")
        started = moment()
        ran = run_pytest(suite, "test_calc.py", "-p", "no:fixtrail")
        command = event("terminal_command", command="pytest", exit_code=1, output=ran.stdout, duration_ms=60_000)
        daemon.events("editor", 1, [{**command, "timestamp": started}])
        await daemon.recorded("editor", 1)
        results = await daemon.get(trace_id, "test_result")

    assert [result["data"]["source"] for result in results] == ["pytest", "terminal"]


async def test_a_file_that_cannot_be_collected_is_an_error_of_the_run(suite: Path) -> None:
    (suite / "test_broken.py").write_text("import nothing_of_that_name\n")
    async with DaemonClient.running(suite) as daemon:
        trace_id = await daemon.start(suite)
        run_pytest(suite, "test_broken.py")
        (result,) = await daemon.get(trace_id, "test_result")

    assert (result["data"]["exit_code"], result["data"]["errors"]) == (2, 1)
    assert "nothing_of_that_name" in result["data"]["cases"][0]["message"]


async def test_messages_need_the_consent_to_output(suite: Path) -> None:
    async with DaemonClient.running(suite) as daemon:
        trace_id = await daemon.start(suite, consent={"code": True})
        run_pytest(suite, "test_many.py")
        (result,) = await daemon.get(trace_id, "test_result")

    assert len(result["data"]["cases"]) == len(OUTCOMES)
    assert not [case for case in result["data"]["cases"] if "message" in case]


async def test_nothing_is_told_while_paused_or_of_what_only_lists_tests(suite: Path) -> None:
    async with DaemonClient.running(suite) as daemon:
        trace_id = await daemon.start(suite)
        run_pytest(suite, "--collect-only")
        await daemon.request("trace/pause", {})
        ran = run_pytest(suite, "test_calc.py")
        await daemon.request("trace/resume", {})
        assert await daemon.get(trace_id, "test_result") == []
    assert "fixtrail" not in ran.stdout + ran.stderr


async def test_pytest_within_a_test_is_a_part_of_that_test(suite: Path) -> None:
    async with DaemonClient.running(suite) as daemon:
        trace_id = await daemon.start(suite)
        run_pytest(suite, "test_calc.py", PYTEST_CURRENT_TEST="test_outer.py::test (call)")
        assert await daemon.get(trace_id, "test_result") == []


def test_without_a_daemon_fixtrail_run_gives_the_same_result_once(suite: Path) -> None:
    def fixtrail(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "fixtrail", *arguments],
            cwd=suite,
            env=outside(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    fixtrail("start", "--consent", "all")
    fixtrail("run", "--", sys.executable, "-m", "pytest", "-q", "test_many.py", code=1)
    events = json.loads(fixtrail("show", "--json"))["events"]
    (command,) = [each for each in events if each["event_type"] == "terminal_command"]
    (result,) = [each for each in events if each["event_type"] == "test_result"]
    assert result["data"]["source"] == "pytest"
    assert result["data"]["command_event_id"] == command["event_id"]


def test_where_no_trace_is_open_nothing_of_it_is_loaded(suite: Path, isolated: Path) -> None:
    asked = "import sys\ndef test_inert():\n    assert not [m for m in sys.modules if m.startswith('fixtrail.cli')]\n"
    (suite / "test_inert.py").write_text(asked)
    ran = run_pytest(suite, "test_inert.py", "--trace-config")
    assert ran.returncode == 0, ran.stdout
    assert "fixtrail.pytest_plugin" in ran.stdout  # it was there, and did nothing
    assert not isolated.exists()


async def test_a_trace_that_another_process_holds_does_not_fail_the_tests(suite: Path, isolated: Path) -> None:
    async with DaemonClient.running(suite) as daemon:
        trace_id = await daemon.start(suite)
        owner = isolated / "traces" / f"{trace_id}.owner.json"
        owner.write_text(json.dumps({"pid": 1, "endpoint": None, "token": None}))
        (suite / "test_good.py").write_text("def test_good():\n    pass\n")
        ran = run_pytest(suite, "test_good.py")
    assert ran.returncode == 0
    assert "fixtrail: the run was not recorded" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
