"""Every way a test run can end, for real: each a small project, run in the engine."""

import textwrap
from pathlib import Path

import psutil
import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.settings import SandboxSettings
from fixtrail_protocol.qa import TestRun

from tests.support.sandbox import IMAGE, QUICK, engine, job, leftovers  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

PASSES = "def test_sum():\n    assert 1 + 1 == 2\n"


async def run(where: Path, code: str, command: str = "pytest -q", settings: SandboxSettings = QUICK) -> TestRun:
    """Run ``code`` as the file test_it.py, and see to it that nothing is left of the container."""
    task = job(where, {"test_it.py": textwrap.dedent(code)}, command)
    receipt = await run_tests(task, settings)
    found = leftovers(task.trace_id)
    assert (found.containers, found.volumes) == ([], [])
    return receipt


async def test_passing_tests_pass_and_leave_a_receipt(tmp_path: Path) -> None:
    said: list[str] = []
    task = job(tmp_path, {"pkg/__init__.py": "", "tests/test_sum.py": PASSES}, "python -m pytest -q tests")

    receipt = await run_tests(task, QUICK, progress=said.append)

    assert (receipt.verdict, receipt.reason, receipt.error_code, receipt.exit_code) == ("passed", None, None, 0)
    assert (receipt.passed, receipt.failed, receipt.errors, receipt.skipped) == (1, 0, 0, 0)
    assert [(case.name, case.outcome) for case in receipt.cases or []] == [("tests.test_sum::test_sum", "passed")]
    assert receipt.command == ["python", "-m", "pytest", "-q", "tests"]
    assert (receipt.runner, receipt.tree, receipt.image) == ("pytest", task.tree_id, IMAGE)
    assert (receipt.image_digest or "").startswith("sha256:")
    assert receipt.engine
    assert "1 passed" in (receipt.output or "")
    assert receipt.output_bytes > 0
    assert receipt.output_dropped_bytes == 0
    assert receipt.started
    assert receipt.duration_ms
    assert (receipt.environment or {})["TZ"] == "UTC"
    assert said[0] == "Looking for the container engine"
    assert "Running the tests" in said
    assert TestRun.model_validate(receipt.model_dump(mode="json")) == receipt


async def test_one_failure_fails(tmp_path: Path) -> None:
    receipt = await run(tmp_path, PASSES + "def test_bad():\n    assert 1 + 1 == 3, 'sums are off'\n")

    assert (receipt.verdict, receipt.exit_code, receipt.reason) == ("failed", 1, None)
    assert (receipt.passed, receipt.failed) == (1, 1)
    bad = [case for case in receipt.cases or [] if case.outcome == "failed"]
    assert [case.name for case in bad] == ["test_it::test_bad"]
    assert "sums are off" in (bad[0].message or "")


async def test_the_exit_code_is_the_engines_whatever_is_printed(tmp_path: Path) -> None:
    code = """
        import sys
        print("===== 1 passed in 0.01s =====")
        print("exit code 0")
        sys.exit(1)
    """
    receipt = await run(tmp_path, code, "python test_it.py")

    assert (receipt.verdict, receipt.exit_code, receipt.runner) == ("failed", 1, None)
    assert "1 passed" in (receipt.output or "")


async def test_a_forged_summary_beside_a_failing_test_fails(tmp_path: Path) -> None:
    code = """
        import os
        def test_bad():
            os.write(1, b"\\n1 passed in 0.01s\\n")
            assert False
    """
    assert (await run(tmp_path, code, "pytest -q -s")).verdict == "failed"


async def test_tests_that_never_end_are_killed_at_the_deadline(tmp_path: Path) -> None:
    code = """
        import signal, time
        def test_waits():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("waiting", flush=True)
            time.sleep(600)
    """
    receipt = await run(tmp_path, code, "pytest -s", QUICK.model_copy(update={"timeout_seconds": 2.0}))

    assert (receipt.verdict, receipt.timed_out, receipt.exit_code) == ("timeout", True, 137)
    assert "2 s" in (receipt.reason or "")
    assert "waiting" in (receipt.output or "")
    assert 2_000 <= (receipt.duration_ms or 0) < 12_000


async def test_the_deadline_holds_while_output_pours(tmp_path: Path) -> None:
    code = "while True:\n    print('x' * 1000)\n"
    receipt = await run(tmp_path, code, "python test_it.py", QUICK.model_copy(update={"timeout_seconds": 1.0}))

    assert receipt.verdict == "timeout"
    assert receipt.output_dropped_bytes > 0


async def test_too_much_memory_is_its_own_verdict(tmp_path: Path) -> None:
    receipt = await run(tmp_path, "def test_eats():\n    assert len(bytearray(2**30)) == 2**30\n")

    assert (receipt.verdict, receipt.oom_killed, receipt.timed_out) == ("oom", True, False)
    assert "256 MB" in (receipt.reason or "")


async def test_a_child_killed_for_memory_is_no_pass_though_the_tests_go_on(tmp_path: Path) -> None:
    code = """
        import subprocess, sys
        def test_carries_on():
            subprocess.run([sys.executable, "-c", "bytearray(2**30)"])
    """
    receipt = await run(tmp_path, code)

    assert (receipt.verdict, receipt.exit_code, receipt.oom_killed) == ("oom", 0, True)
    assert receipt.passed == 1


async def test_nothing_collected_is_no_tests(tmp_path: Path) -> None:
    receipt = await run(tmp_path, "x = 1\n")

    assert (receipt.verdict, receipt.exit_code) == ("no_tests", 5)


async def test_all_skipped_is_no_tests_though_pytest_is_content(tmp_path: Path) -> None:
    receipt = await run(tmp_path, "import pytest\n@pytest.mark.skip\ndef test_later():\n    pass\n")

    assert (receipt.verdict, receipt.exit_code, receipt.skipped) == ("no_tests", 0, 1)


async def test_a_file_that_cannot_be_imported_fails(tmp_path: Path) -> None:
    receipt = await run(tmp_path, "import nosuchmodule\n")

    assert (receipt.verdict, receipt.exit_code, receipt.errors) == ("failed", 2, 1)


async def test_a_wrong_option_says_nothing_of_the_code(tmp_path: Path) -> None:
    receipt = await run(tmp_path, PASSES, "pytest --nosuch-option")

    assert (receipt.verdict, receipt.exit_code) == ("unknown", 4)
    assert "called wrongly" in (receipt.reason or "")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"test_it.py": "import os\ndef test_leaves():\n    os._exit(0)\n"}, "no JUnit report"),
        ({"conftest.py": "import sys\nsys.exit(0)\n", "test_it.py": PASSES}, "no JUnit report"),
        (
            {"test_it.py": "import atexit, os\natexit.register(os._exit, 0)\ndef test_bad():\n    assert False\n"},
            "1 failed",
        ),
    ],
    ids=["os._exit in a test", "sys.exit in conftest", "exit hook over a failure"],
)
async def test_leaving_early_with_success_is_no_pass(tmp_path: Path, files: dict[str, str], said: str) -> None:
    receipt = await run_tests(job(tmp_path, files), QUICK)

    assert (receipt.verdict, receipt.exit_code) == ("unknown", 0)
    assert said in (receipt.reason or "")


async def test_a_kill_that_was_not_ours_is_unknown(tmp_path: Path) -> None:
    receipt = await run(tmp_path, "import os\ndef test_dies():\n    os.kill(os.getpid(), 9)\n")

    assert (receipt.verdict, receipt.exit_code, receipt.oom_killed) == ("unknown", 137, False)


@pytest.mark.parametrize(("code", "verdict"), [("print('fine')", "passed"), ("raise SystemExit(3)", "failed")])
async def test_a_runner_nobody_knows_goes_by_its_exit_code(tmp_path: Path, code: str, verdict: str) -> None:
    receipt = await run(tmp_path, code, "python test_it.py")

    assert (receipt.verdict, receipt.runner, receipt.cases) == (verdict, None, None)


async def test_a_script_around_pytest_is_held_to_the_report(tmp_path: Path) -> None:
    swallow = "#!/bin/sh\npytest -q\nexit 0\n"
    task = job(tmp_path, {"check.sh": swallow, "test_it.py": "def test_bad():\n    assert False\n"}, "./check.sh")

    receipt = await run_tests(task, QUICK)

    assert (receipt.verdict, receipt.runner, receipt.failed) == ("unknown", None, 1)
    assert "exit code 0" in (receipt.reason or "")
    assert "1 failed" in (receipt.reason or "")


async def test_a_report_of_the_commands_own_does_not_take_ours_away(tmp_path: Path) -> None:
    receipt = await run(tmp_path, PASSES, "pytest --junitxml=reports/mine.xml")

    assert (receipt.verdict, receipt.passed) == ("passed", 1)
    assert receipt.command == ["pytest", "--junitxml=/fixtrail/out/junit.xml"]


async def test_a_report_that_would_expand_is_refused(tmp_path: Path) -> None:
    code = """
        import os
        def test_forges():
            with open("/fixtrail/out/junit.xml", "w") as report:
                report.write('<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="t"/></testsuite>')
            os._exit(0)
    """
    receipt = await run(tmp_path, code)

    assert (receipt.verdict, receipt.cases) == ("unknown", None)
    assert "document type" in (receipt.reason or "")


@pytest.mark.parametrize(
    ("command", "exit_code"), [("nosuch --option", 127), ("./nosuch.sh", 127), ("./test_it.py", 126)]
)
async def test_a_command_that_is_not_there_is_not_the_codes_fault(tmp_path: Path, command: str, exit_code: int) -> None:
    receipt = await run(tmp_path, PASSES, command)

    assert (receipt.verdict, receipt.exit_code) == ("infra_error", exit_code)
    assert receipt.error_code == "sandbox/command-not-found"


async def test_a_tree_that_is_no_tar_is_not_the_codes_fault(tmp_path: Path) -> None:
    (tmp_path / "tree.tar").write_bytes(b"this is no tar" * 1000)

    receipt = await run_tests(Job(["pytest"], tmp_path / "tree.tar", None, "test-no-tar"), QUICK)

    assert (receipt.verdict, receipt.error_code) == ("infra_error", "sandbox/tree-unpack-failed")
    assert "tar:" in (receipt.output or "")


async def test_a_tree_that_does_not_fit_is_not_the_codes_fault(tmp_path: Path) -> None:
    small = QUICK.model_copy(update={"memory_bytes": 64 * 1024**2})
    task = job(tmp_path, {"test_it.py": PASSES, "large.txt": "x" * (40 * 1024**2)})

    receipt = await run_tests(task, small)

    assert receipt.error_code == "sandbox/tree-unpack-failed"
    assert "tar:" in (receipt.output or "")


async def test_a_tree_that_is_gone_is_not_the_codes_fault(tmp_path: Path) -> None:
    task = Job(["pytest"], tmp_path / "gone.tar", None, "test-gone")

    receipt = await run_tests(task, QUICK)

    assert (receipt.verdict, receipt.error_code) == ("infra_error", "sandbox/tree-unpack-failed")
    assert leftovers(task.trace_id).containers == []


async def test_an_output_bomb_costs_no_memory(tmp_path: Path) -> None:
    code = """
        import sys
        sys.stdout.write("begin of it\\n")
        for _ in range(200):
            sys.stdout.write("x" * 1024**2)
        sys.stdout.write("\\nend of it\\n")
    """
    me = psutil.Process()
    await run(tmp_path, "print('warm')", "python test_it.py")
    before = me.memory_info().rss

    receipt = await run(tmp_path, code, "python test_it.py")

    assert me.memory_info().rss - before < 30 * 1024**2
    assert receipt.verdict == "passed"
    assert receipt.output_bytes == 200 * 1024**2 + len("begin of it\n\nend of it\n")
    assert receipt.output_dropped_bytes == receipt.output_bytes - QUICK.output_bytes
    assert (receipt.output or "").startswith("begin of it\n")
    assert (receipt.output or "").endswith("\nend of it\n")
    assert len(receipt.output or "") < QUICK.output_bytes + 100


async def test_raw_output_becomes_clean_text(tmp_path: Path) -> None:
    code = r"import os; os.write(1, b'\x1b[31mred\x1b[0m nul\0 bad\xff'); os.write(2, b' and stderr\n')"
    receipt = await run(tmp_path, code, "python test_it.py")

    assert receipt.output == "red nul bad\ufffd and stderr\n"


async def test_output_and_errors_keep_their_order(tmp_path: Path) -> None:
    code = "import os\nfor each in range(100):\n    os.write(1 + each % 2, b'%d\\n' % each)\n"
    receipt = await run(tmp_path, code, "python test_it.py")

    assert (receipt.output or "").split() == [str(each) for each in range(100)]
