"""From evidence to verdict: each row of the table in the module, and what must hold of all of them together."""

import itertools
from dataclasses import replace

import pytest
from fixtrail.capture.junit import Report
from fixtrail.qa.sandbox.verdict import Evidence, rule
from fixtrail_protocol.qa import TestRun

NO_TESTS = Report()
ONE_PASSED = Report(passed=1)
PASSED_AND_SKIPPED = Report(passed=2, skipped=1)
ALL_SKIPPED = Report(skipped=3)
ONE_FAILED = Report(passed=1, failed=1)
ONE_ERROR = Report(errors=1)
REPORTS = (None, NO_TESTS, ONE_PASSED, PASSED_AND_SKIPPED, ALL_SKIPPED, ONE_FAILED, ONE_ERROR)
EXIT_CODES = (None, 0, 1, 2, 3, 4, 5, 77, 113, 126, 127, 134, 137, 139, 255)


def evidence(
    exit_code: int | None = 0,
    report: Report | None = None,
    *,
    runner: str | None = "pytest",
    oom: bool = False,
    late: bool = False,
    problem: str | None = None,
) -> Evidence:
    return Evidence(
        exit_code=exit_code,
        oom_killed=oom,
        timed_out=late,
        runner="pytest" if runner else None,
        report=report,
        report_problem=problem,
        timeout_seconds=300,
        memory_bytes=2 * 1024**3,
    )


def printed(exit_code: int, *, ran_none: bool = False, doubt: str | None = None) -> Evidence:
    """cargo, whose report is read from what was printed and has a pass and a failure."""
    given = evidence(exit_code, ONE_FAILED)
    return replace(given, runner="cargo", printed=True, ran_none=ran_none, doubt=doubt)


@pytest.mark.parametrize(
    ("given", "verdict", "said"),
    [
        # rows 1 to 6: the tests did not come to an end of their own, or never began
        (evidence(None), "infra_error", "no exit code"),
        (evidence(137, oom=True), "oom", "2048 MB"),
        (evidence(0, ONE_PASSED, oom=True), "oom", "memory"),
        (evidence(0, ONE_PASSED, oom=True, late=True), "oom", "memory"),
        (evidence(137, late=True), "timeout", "300 s"),
        (evidence(0, ONE_PASSED, late=True), "timeout", "300 s"),
        (evidence(113), "infra_error", "unpacked"),
        (evidence(113, runner=None), "infra_error", "unpacked"),
        (evidence(127), "infra_error", "is not there"),
        (evidence(126, runner=None), "infra_error", "cannot be executed"),
        (evidence(127, NO_TESTS), "infra_error", "is not there"),
        (evidence(127, ONE_FAILED), "failed", None),
        (evidence(137), "unknown", "137"),
        (evidence(137, ONE_FAILED), "unknown", "137"),
        # row 7: exit code alone
        (evidence(0, runner=None), "passed", "exit code alone"),
        (evidence(1, runner=None), "failed", "exit code alone"),
        (evidence(5, runner=None), "failed", "exit code alone"),
        (evidence(139, runner=None), "failed", "exit code alone"),
        # row 7b: a runner that only prints
        (printed(0), "passed", "exit code alone"),
        (printed(101), "failed", "exit code alone"),
        (printed(0, ran_none=True), "no_tests", "cargo ran no tests"),
        (printed(101, ran_none=True), "failed", "exit code alone"),
        (printed(0, doubt="It stopped early."), "unknown", "It stopped early."),
        (printed(101, doubt="It never began."), "unknown", "It never began."),
        # row 8: pytest without a usable report
        (evidence(0), "unknown", "left no JUnit report"),
        (evidence(1), "unknown", "left no JUnit report"),
        (evidence(2), "unknown", "interrupted"),
        (evidence(4), "unknown", "called wrongly"),
        (evidence(139), "unknown", "signal 11"),
        (evidence(5), "no_tests", "collected no tests"),
        (evidence(0, problem="is not well-formed XML"), "unknown", "its JUnit report is not well-formed XML"),
        (evidence(0, problem="is not well-formed XML", runner=None), "unknown", "not well-formed"),
        # rows 9 and 10: pytest's own word
        (evidence(3, ONE_FAILED), "unknown", "internal error"),
        (evidence(4, ONE_PASSED), "unknown", "called wrongly"),
        (evidence(5, NO_TESTS), "no_tests", "collected no tests"),
        (evidence(5, ALL_SKIPPED), "no_tests", "collected no tests"),
        (evidence(5, ONE_PASSED), "unknown", "exit code 5, but its JUnit report says 1 passed"),
        # rows 11 to 13: exit code 0
        (evidence(0, ONE_FAILED), "unknown", "exit code 0, but its JUnit report says 1 passed, 1 failed"),
        (evidence(0, ONE_ERROR), "unknown", "1 errors"),
        (evidence(0, ONE_PASSED), "passed", None),
        (evidence(0, PASSED_AND_SKIPPED), "passed", None),
        (evidence(0, NO_TESTS), "no_tests", "lists no tests"),
        (evidence(0, ALL_SKIPPED), "no_tests", "(3) were skipped"),
        # rows 14 to 16: another exit code
        (evidence(1, ONE_FAILED), "failed", None),
        (evidence(2, ONE_ERROR), "failed", None),
        (evidence(77, ONE_ERROR), "failed", None),
        (evidence(2, ONE_PASSED), "unknown", "interrupted"),
        (evidence(1, ONE_PASSED), "unknown", "exit code 1, but its JUnit report says 1 passed"),
        (evidence(1, NO_TESTS), "unknown", "exit code 1"),
        # a Makefile around pytest: not recognised, but its report counts
        (evidence(0, ONE_PASSED, runner=None), "passed", None),
        (evidence(2, ONE_FAILED, runner=None), "failed", None),
        (evidence(0, ONE_FAILED, runner=None), "unknown", "exit code 0"),
        (evidence(2, ONE_PASSED, runner=None), "unknown", "exit code 2"),
    ],
)
def test_each_row(given: Evidence, verdict: str, said: str | None) -> None:
    ruling = rule(given)

    assert ruling.verdict == verdict
    if said is None:
        assert ruling.reason is None
    else:
        assert said in (ruling.reason or "")


EVERYTHING = [
    Evidence(exit_code, oom, late, runner, report, problem if report is None else None, 300, 2**31)
    for exit_code, oom, late, runner, report, problem in itertools.product(
        EXIT_CODES, (False, True), (False, True), ("pytest", None), REPORTS, (None, "is damaged")
    )
]


def test_a_pass_needs_everything_to_agree() -> None:
    passes = [each for each in EVERYTHING if rule(each).verdict == "passed"]

    assert passes
    for each in passes:
        assert each.exit_code == 0
        assert not each.oom_killed
        assert not each.timed_out
        assert each.report_problem is None
        if each.runner == "pytest":
            assert each.report is not None
        if each.report is not None:
            assert each.report.passed >= 1
            assert each.report.bad == 0


def test_a_fail_needs_a_test_that_failed_where_a_report_can_be_had() -> None:
    fails = [each for each in EVERYTHING if rule(each).verdict == "failed"]

    assert fails
    for each in fails:
        assert each.exit_code
        assert not each.oom_killed
        assert not each.timed_out
        if each.runner == "pytest" or each.report is not None:
            assert each.report is not None
            assert each.report.bad >= 1


def test_whatever_is_no_plain_pass_or_fail_says_why() -> None:
    for each in EVERYTHING:
        ruling = rule(each)
        alone = each.runner is None and each.report is None and ruling.verdict in ("passed", "failed")
        assert (ruling.reason is None) == (ruling.verdict in ("passed", "failed") and not alone)
        assert (ruling.error_code is not None) == (ruling.verdict == "infra_error")
        if ruling.error_code:
            assert (ruling.reason or "").startswith(f"{ruling.error_code}: ")
        TestRun(verdict=ruling.verdict, reason=ruling.reason, error_code=ruling.error_code, command=["pytest"])


def test_memory_comes_before_the_deadline_and_both_before_the_exit_code() -> None:
    for each in EVERYTHING:
        if each.exit_code is None:
            continue
        if each.oom_killed:
            assert rule(each).verdict == "oom"
        elif each.timed_out:
            assert rule(each).verdict == "timeout"
