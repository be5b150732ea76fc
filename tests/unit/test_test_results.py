"""A terminal command that ran tests gives a result, from its JUnit file or from pytest's last line."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fixtrail.capture.test_results import FinishedCommand, derive_test_result

JUNIT = (
    '<testsuites><testsuite><testcase classname="t" name="a" time="0.5"/>'
    '<testcase classname="t" name="b"><failure message="no"/></testcase></testsuite></testsuites>'
)


def ran(command: str, output: str | None = None, *, cwd: str | None = None, ago: float = 0) -> FinishedCommand:
    started = datetime.now(UTC) - timedelta(seconds=ago)
    return FinishedCommand(command=command, cwd=cwd, output=output, exit_code=1, started=started, duration_ms=10)


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("===== 1 failed, 2 passed, 1 skipped in 0.12s =====", (2, 1, 0, 1)),
        ("3 passed in 1.00s", (3, 0, 0, 0)),
        ("= 1 passed, 1 xfailed, 1 xpassed, 2 warnings, 1 error in 61.05s (0:01:01) =", (2, 0, 1, 1)),
        ("==== no tests ran in 0.00s ====", (0, 0, 0, 0)),
    ],
)
def test_the_summary_line_of_pytest(tmp_path: Path, line: str, counts: tuple[int, ...]) -> None:
    found = derive_test_result(tmp_path, ran("python -m pytest", f"collected\n5 passed in 9s, said a test\n{line}\n"))
    assert found is not None
    assert (found["passed"], found["failed"], found["errors"], found["skipped"]) == counts
    assert (found["runner"], found["source"], found["exit_code"]) == ("pytest", "terminal", 1)


@pytest.mark.parametrize("command", ["echo 1 passed in 0.1s", "cat pytest.log", "ls pytest/", "pip install pytestx"])
def test_a_command_that_ran_no_tests(tmp_path: Path, command: str) -> None:
    assert derive_test_result(tmp_path, ran(command, "1 passed in 0.1s\n")) is None


def test_a_junit_file_of_this_run_goes_first(tmp_path: Path) -> None:
    (tmp_path / "out.xml").write_text(JUNIT)
    found = derive_test_result(tmp_path, ran("pytest --junitxml=out.xml", "9 passed in 1s"))
    assert found is not None
    assert (found["passed"], found["failed"], found["source"]) == (1, 1, "junit")
    assert [case["outcome"] for case in found["cases"]] == ["passed", "failed"]


def test_another_runner_is_seen_by_its_junit_file(tmp_path: Path) -> None:
    (tmp_path / "target" / "surefire-reports").mkdir(parents=True)
    (tmp_path / "target" / "surefire-reports" / "TEST-a.xml").write_text(JUNIT)
    found = derive_test_result(tmp_path, ran("mvn test", "BUILD FAILURE"))
    assert found is not None
    assert (found["runner"], found["failed"]) == ("maven", 1)


def test_old_damaged_and_foreign_reports_are_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    old = root / "junit.xml"
    old.write_text(JUNIT)
    os.utime(old, (1, 1))
    (tmp_path / "outside.xml").write_text(JUNIT)
    (root / "damaged.xml").write_text("<testsuite>")
    (root / "link.xml").symlink_to(tmp_path / "outside.xml")

    for command in ("make", "make --to=../outside.xml", "make damaged.xml", "make link.xml", "make 'open.xml"):
        assert derive_test_result(root, ran(command)) is None, command
    assert derive_test_result(root, ran("make outside.xml", cwd="..")) is None
