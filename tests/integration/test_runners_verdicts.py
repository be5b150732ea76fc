"""Each runner's sample project, in the engine: every way its tests can end, and the cases that are told."""

from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.sandbox.runners import select
from fixtrail_protocol.commands import parse_test_command
from fixtrail_protocol.qa import TestRun

from tests.support.runners import SETTINGS, runners_image, sample  # noqa: F401  runners_image is a fixture
from tests.support.sandbox import job, leftovers, pack

pytestmark = [pytest.mark.docker, pytest.mark.runners, pytest.mark.usefixtures("runners_image")]

COMMANDS = {
    "pytest": "python -m pytest -q",
    "unittest": "python -m unittest",
    "go": "go test ./...",
    "cargo": "cargo test",
    "jest": "jest",
    "vitest": "vitest run",
    "maven": "mvn -B test",
}
RUNNERS = list(COMMANDS)


async def run(where: Path, runner: str, state: str | None, command: str | None = None) -> TestRun:
    """Run a sample's tests, and see to it that nothing is left of the container."""
    task = job(where, sample(runner, state), command or COMMANDS[runner])
    receipt = await run_tests(task, SETTINGS)
    found = leftovers(task.trace_id)
    assert (found.containers, found.volumes) == ([], [])
    return receipt


@pytest.mark.parametrize(
    ("runner", "cases"),
    [
        (
            "pytest",
            {
                "tests.test_calc::test_adds[1]": "passed",
                "tests.test_calc::test_adds[2]": "passed",
                "tests.test_calc.TestAdd::test_takes_strings": "passed",
                "tests.test_calc.TestAdd::test_later": "skipped",
            },
        ),
        (
            "unittest",
            {
                "tests.test_calc.AddTest::test_adds": "passed",
                "tests.test_calc.AddTest::test_later": "skipped",
                "tests.test_calc.AddTest::test_is_known_to_fail": "skipped",
            },
        ),
        (
            "go",
            {
                "example.com/calc::TestAdd": "passed",
                "example.com/calc::TestDivide": "passed",
                "example.com/calc::TestDivide/exact": "passed",
                "example.com/calc::TestDivide/by_zero": "passed",
                "example.com/calc::TestLater": "skipped",
            },
        ),
        (
            "cargo",
            {
                "tests/sums.rs::adds": "passed",
                "tests/sums.rs::nested::adds_again": "passed",
                "tests/sums.rs::later": "skipped",
            },
        ),
        (
            "jest",
            {
                "calc.test.js::adds": "passed",
                "calc.test.js::add takes negative numbers (too)": "passed",
                "calc.test.js::add takes strings": "skipped",
            },
        ),
        (
            "vitest",
            {
                "calc.test.js::adds": "passed",
                "calc.test.js::add > takes negative numbers (too)": "passed",
                "calc.test.js::add > takes strings": "skipped",
            },
        ),
        (
            "maven",
            {
                "com.example.CalcTest::adds": "passed",
                "com.example.CalcTest::later": "skipped",
                "com.example.MoreTest::addsNegativeNumbers": "passed",
            },
        ),
    ],
)
async def test_passing_tests_pass_and_are_named(tmp_path: Path, runner: str, cases: dict[str, str]) -> None:
    receipt = await run(tmp_path, runner, "passing")

    assert (receipt.verdict, receipt.runner, receipt.exit_code) == ("passed", runner, 0)
    assert {case.name: case.outcome for case in receipt.cases or []} == cases
    assert receipt.skipped == list(cases.values()).count("skipped")


FAILING = {
    "pytest": ["tests.test_calc.TestAdd::test_adds_wrongly"],
    "unittest": [
        "tests.test_calc.AddTest::test_adds_wrongly",
        "tests.test_calc.AddTest::test_raises",
        "tests.test_calc.AddTest::test_subtests",
    ],
    "go": ["example.com/calc::TestDivide", "example.com/calc::TestDivide/exact"],
    "cargo": ["tests/sums.rs::adds_wrongly"],
    "jest": ["calc.test.js::add is wrong (here)"],
    "vitest": ["calc.test.js::add > is wrong (here)"],
    "maven": ["com.example.CalcTest::addsWrongly"],
}
"""Each project has other tests beside these, which pass."""


@pytest.mark.parametrize("runner", RUNNERS)
async def test_failing_tests_fail_and_those_alone_can_be_run_again(tmp_path: Path, runner: str) -> None:
    first = await run(tmp_path, runner, "failing")

    assert (first.verdict, first.runner) == ("failed", runner)
    failed = [case.name for case in first.cases or [] if case.outcome in ("failed", "error")]
    assert failed == FAILING[runner]
    assert len(first.cases or []) > len(failed)
    if runner == "pytest":  # which is told of in tests/unit/test_verdict_selection.py
        return

    argv = select(parse_test_command(COMMANDS[runner]), failed)

    assert argv is not None
    again = await run_tests(Job(argv, pack(tmp_path, sample(runner, "failing")), None, "test-again"), SETTINGS)
    executed = [case.name for case in again.cases or [] if case.outcome != "skipped"]
    assert (again.verdict, executed) == ("failed", failed)


@pytest.mark.parametrize("runner", RUNNERS)
async def test_a_project_without_tests_has_no_tests(tmp_path: Path, runner: str) -> None:
    receipt = await run(tmp_path, runner, None)

    assert (receipt.verdict, receipt.runner) == ("no_tests", runner)


@pytest.mark.parametrize(
    ("runner", "named"),
    [
        ("pytest", "tests.test_calc"),
        ("unittest", "tests.test_calc"),
        ("go", "example.com/calc"),
        ("cargo", None),
        ("jest", "calc.test.js"),
        ("vitest", "calc.test.js"),
        ("maven", "(compilation)"),
    ],
)
async def test_tests_that_do_not_compile_fail_and_are_named_as_one(
    tmp_path: Path, runner: str, named: str | None
) -> None:
    receipt = await run(tmp_path, runner, "broken")

    assert receipt.verdict == "failed"
    assert [(case.name, case.outcome) for case in receipt.cases or []] == ([(named, "error")] if named else [])


@pytest.mark.parametrize("runner", RUNNERS)
async def test_a_printed_success_beside_a_failing_test_fails(tmp_path: Path, runner: str) -> None:
    receipt = await run(tmp_path, runner, "forged")

    assert receipt.verdict == "failed"
    assert any(case.outcome == "failed" for case in receipt.cases or [])


@pytest.mark.parametrize(
    ("runner", "verdict", "said"),
    [
        ("pytest", "unknown", "left no JUnit report"),
        ("unittest", "unknown", "left no JUnit report"),
        ("go", "unknown", "1 errors"),
        ("cargo", "unknown", "3 test programs that began 2 came to an end"),
        ("jest", "unknown", "left no JUnit report"),
        ("vitest", "failed", ""),  # vitest notices it by itself
        ("maven", "unknown", "exit code 1"),  # so does surefire, and then it tells of no test
    ],
)
async def test_a_test_that_leaves_with_success_is_no_pass(tmp_path: Path, runner: str, verdict: str, said: str) -> None:
    receipt = await run(tmp_path, runner, "leaving")

    assert receipt.verdict == verdict
    assert said in (receipt.reason or "")


async def test_what_go_printed_is_shown_as_text(tmp_path: Path) -> None:
    receipt = await run(tmp_path, "go", "failing")

    assert "calc_test.go:16: got 2, want 3" in (receipt.output or "")
    assert '"Action"' not in (receipt.output or "")
    assert any("got 2, want 3" in (case.message or "") for case in receipt.cases or [])


async def test_cargo_says_that_its_exit_code_alone_decided(tmp_path: Path) -> None:
    receipt = await run(tmp_path, "cargo", "passing")

    assert "exit code alone" in (receipt.reason or "")


async def test_cargo_that_never_came_to_compile_says_nothing_of_the_code(tmp_path: Path) -> None:
    files = sample("cargo", "passing")
    files["Cargo.toml"] += '\n[dependencies]\nserde = "1"\n'

    receipt = await run_tests(job(tmp_path, files, "cargo test --offline"), SETTINGS)

    assert (receipt.verdict, receipt.exit_code) == ("unknown", 101)
    assert "before it compiled" in (receipt.reason or "")


async def test_a_script_of_package_json_goes_by_its_exit_code(tmp_path: Path) -> None:
    files = sample("jest", "failing") | {"check.sh": "#!/bin/sh\nexec jest\n"}

    receipt = await run_tests(job(tmp_path, files, "./check.sh"), SETTINGS)

    assert (receipt.verdict, receipt.runner, receipt.cases) == ("failed", None, None)
    assert "exit code alone" in (receipt.reason or "")


@pytest.mark.parametrize("runner", ["unittest", "go", "jest", "vitest"])
async def test_the_command_in_the_receipt_can_be_run_again(tmp_path: Path, runner: str) -> None:
    first = await run(tmp_path, runner, "passing")
    task = Job(first.command, pack(tmp_path, sample(runner, "passing")), None, "test-receipt")

    again = await run_tests(task, SETTINGS)

    assert (again.command, again.verdict, again.runner) == (first.command, "passed", runner)
