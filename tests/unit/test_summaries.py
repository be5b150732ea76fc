"""The last lines of each runner, as it prints them."""

import subprocess
import sys
from pathlib import Path

import pytest
from fixtrail.capture.summaries import read_summary, runner_of

GO = """\
=== RUN   TestAdd
--- PASS: TestAdd (0.01s)
=== RUN   TestSub
--- FAIL: TestSub (0.02s)
    calc_test.go:9: got 1
=== RUN   TestOdd
--- SKIP: TestOdd (0.00s)
FAIL
FAIL\texample.com/calc\t0.125s
ok  \texample.com/other\t0.250s
"""
CARGO = """\
running 3 tests
test tests::adds ... ok
test tests::slow ... ignored
test tests::subtracts ... FAILED

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s

running 1 test
test src/lib.rs - add (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
"""
JEST = "Test Suites: 1 failed, 1 total\nTests:       1 failed, 1 skipped, 2 passed, 4 total\nTime:        1.5 s\n"
VITEST = " Test Files  1 failed (1)\n      Tests  1 failed | 2 passed (3)\n   Duration  312ms (transform 20ms)\n"
MAVEN = """\
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s
[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 1
"""
UNITTEST = "..F\n-----\nRan 9 tests in 0.250s\n\nFAILED (failures=1, errors=2, skipped=1, expected failures=1)\n"


@pytest.mark.parametrize(
    ("command", "output", "counts", "milliseconds"),
    [
        ("python -m unittest -v", UNITTEST, (4, 1, 2, 2), 250),
        ("go test -v ./...", GO, (1, 1, 0, 1), 375),
        ("cargo test", CARGO, (2, 1, 0, 1), 150),
        ("npx jest", JEST, (2, 1, 0, 1), 1500),
        ("npx vitest run", VITEST, (2, 1, 0, 0), 312),
        ("./mvnw -q test", MAVEN, (2, 1, 1, 1), None),
    ],
)
def test_the_counts_of_each_runner(
    command: str, output: str, counts: tuple[int, ...], milliseconds: int | None
) -> None:
    runner = runner_of(command)
    assert runner is not None
    found = read_summary(runner, "something before\n" + output)
    assert found is not None
    assert (found["passed"], found["failed"], found["errors"], found["skipped"]) == counts
    assert found.get("duration_ms") == milliseconds
    assert read_summary(runner, "nothing of the kind\n") is None


def test_the_tests_that_are_named() -> None:
    go, cargo = read_summary("go", GO), read_summary("cargo", CARGO)
    assert go is not None
    assert cargo is not None
    assert [(case["name"], case["outcome"]) for case in go["cases"]] == [
        ("TestAdd", "passed"),
        ("TestSub", "failed"),
        ("TestOdd", "skipped"),
    ]
    assert [case["outcome"] for case in cargo["cases"]] == ["passed", "skipped", "failed", "passed"]


@pytest.mark.parametrize("command", ["echo go testing", "cat cargo.toml", "ls vitest.config", "python -m unittester"])
def test_a_command_of_no_runner(command: str) -> None:
    assert runner_of(command) is None


def test_what_the_real_unittest_prints(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import unittest\n\n\nclass T(unittest.TestCase):\n"
        "    def test_a(self): pass\n    def test_b(self): self.fail()\n"
        "    def test_c(self): raise ValueError\n    def test_d(self): self.skipTest('no')\n"
    )
    argv = [sys.executable, "-m", "unittest"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = read_summary("unittest", done.stderr)
    assert found is not None
    assert (found["passed"], found["failed"], found["errors"], found["skipped"]) == (1, 1, 1, 1)
