"""The script that stands in for ``python -m unittest``: it ends as that does, and leaves a report."""

import subprocess
import sys
from pathlib import Path

import pytest
from fixtrail.capture.junit import Report, read_report
from fixtrail.qa.sandbox.runners import inside

from tests.support.runners import sample


def _run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def _both(where: Path, files: dict[str, str], *arguments: str) -> tuple[Report, str]:
    """Run the tests with the script and with unittest itself; returns the report and what the script said."""
    project = where / "project"
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    script, report = where / "unittest_report.py", where / "report.xml"
    script.write_bytes(inside("unittest")["unittest_report.py"])

    ours = _run(project, str(script), str(report), *arguments)
    theirs = _run(project, "-m", "unittest", *arguments)

    assert ours.returncode == theirs.returncode, ours.stderr
    assert ours.stderr.splitlines()[-1:] == theirs.stderr.splitlines()[-1:]
    return read_report(report.read_bytes()), ours.stderr


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("passing", "1 passed, 0 failed, 0 errors, 2 skipped"),
        ("failing", "1 passed, 2 failed, 1 errors, 0 skipped"),
        ("broken", "0 passed, 0 failed, 1 errors, 0 skipped"),
        (None, "0 passed, 0 failed, 0 errors, 0 skipped"),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("discover", "-s", "tests", "-t", "."), ("-v", "-b")])
def test_it_ends_as_unittest_does(tmp_path: Path, state: str | None, said: str, arguments: tuple[str, ...]) -> None:
    report, _ = _both(tmp_path, sample("unittest", state), *arguments)

    assert str(report) == said


def test_messages_say_what_was_wrong_and_hold_no_control_characters(tmp_path: Path) -> None:
    report, _ = _both(tmp_path, sample("unittest", "failing"))

    message = next(case.message or "" for case in report.cases if case.outcome == "error")
    assert "RuntimeError: <&> \ufffd[31mred" in message


def test_what_classes_and_modules_fail_at_is_named_by_them(tmp_path: Path) -> None:
    code = """
import unittest

def setUpModule():
    if MODULE: raise RuntimeError

class A(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError
    def test_one(self): pass

class B(unittest.TestCase):
    def test_unexpected(self): pass
    test_unexpected = unittest.expectedFailure(test_unexpected)
    def test_part(self):
        for each in range(2):
            with self.subTest(each=each):
                if each: self.skipTest("not this one")
"""
    report, _ = _both(tmp_path, {"test_a.py": "MODULE = False\n" + code, "test_b.py": "MODULE = True\n" + code})

    assert [(case.name, case.outcome) for case in report.cases] == [
        ("test_a.A", "error"),
        ("test_a.B::test_part", "passed"),
        ("test_a.B::test_unexpected", "failed"),
        ("test_b", "error"),
    ]


def test_tests_find_the_same_path_and_main_module_as_under_unittest(tmp_path: Path) -> None:
    code = """
import os, sys, unittest
class A(unittest.TestCase):
    def test_path(self):
        self.assertIn(sys.path[0], ("", os.getcwd()))
        self.assertEqual(len(sys.argv), 1)
"""
    report, _ = _both(tmp_path, {"test_a.py": code})

    assert report.passed == 1


def test_one_test_can_be_chosen(tmp_path: Path) -> None:
    report, _ = _both(tmp_path, sample("unittest", "failing"), "-k", "*test_calc.AddTest.test_adds")

    assert [case.name for case in report.cases] == ["tests.test_calc.AddTest::test_adds"]
