"""What two runs say of each test, and what a run does not say."""

import pytest
from fixtrail.qa.verdict.flaky import Tally, settle, together
from fixtrail.qa.verdict.outcomes import Split, outcomes, split
from fixtrail_protocol.events import TestCase
from fixtrail_protocol.qa import TestRun


def run(exit_code: int | None = 0, verdict: str = "passed", runner: str | None = "pytest", **cases: str) -> TestRun:
    """A run with ``cases``; ``a__b`` stands for the name ``a::b``, which no keyword can be."""
    told = {name.replace("__", "::"): outcome for name, outcome in cases.items()}
    found = [TestCase(name=name, outcome=outcome) for name, outcome in told.items()]  # type: ignore[arg-type]
    return TestRun(
        verdict=verdict,  # type: ignore[arg-type]
        command=["pytest"],
        runner=runner,
        exit_code=exit_code,
        cases=found or None,
        passed=sum(case.outcome == "passed" for case in found),
        failed=sum(case.outcome == "failed" for case in found),
        errors=sum(case.outcome == "error" for case in found),
    )


def lists(found: Split | None) -> tuple[list[str], list[str], list[str], list[str]]:
    assert found is not None
    return found.fail_to_pass, found.pass_to_pass, found.pass_to_fail, found.fail_to_fail


def test_skipped_on_either_side_goes_into_no_list():
    before = run(1, "failed", m__a="failed", m__b="skipped", m__c="passed")
    after = run(0, m__a="passed", m__b="passed", m__c="skipped")
    assert lists(split(before, after)) == (["m::a"], [], [], [])


def test_a_name_that_stands_for_several_passes_when_all_do():
    doubled = run(1, "failed", m__a="passed")
    assert doubled.cases is not None
    doubled.cases += [TestCase(name="m::a", outcome="failed"), TestCase(name="m::a", outcome="passed")]
    found = outcomes(doubled)
    assert found is not None
    assert found.tests == {"m::a": "failed"}


def test_only_what_stands_in_a_file_that_could_not_be_collected_fails_before():
    before = run(2, "failed", **{"tests.new": "error", "tests.old__a": "passed"})
    after = run(0, **{"tests.new__x": "passed", "tests.new.Class__y": "passed", "tests.old__a": "passed"})
    after.cases = [*(after.cases or []), TestCase(name="tests.old::late", outcome="passed")]
    found = split(before, after)
    assert lists(found) == (["tests.new::x", "tests.new.Class::y"], ["tests.old::a"], [], [])
    assert found is not None
    assert found.reason is not None
    assert found.reason.startswith("1 test has no result")


def test_a_folder_that_could_not_be_collected_takes_what_is_below_it():
    found = outcomes(run(2, "failed", **{"tests.sub": "error", "tests.other__a": "passed"}))
    assert found is not None
    assert found.of("tests.sub.test_x::a") == "failed"
    assert found.of("tests.subway::a") is None
    assert found.of("tests.other::b") is None


def test_a_runner_that_names_no_file_that_failed_loses_whole_classes_only():
    """As go does, when one package does not compile."""
    before = run(1, "failed", runner="go", pkg_a__T1="passed")
    after = run(0, runner="go", pkg_a__T1="passed", pkg_a__T2="passed", pkg_b__T3="passed")
    assert lists(split(before, after)) == (["pkg_b::T3"], ["pkg_a::T1"], [], [])


def test_a_script_that_stops_at_its_first_failure_loses_nothing_but_what_it_names():
    before = run(2, "failed", runner=None, **{"tests.new": "error"})
    after = run(0, runner=None, **{"tests.new__x": "passed", "tests.old__a": "passed"})
    assert lists(split(before, after)) == (["tests.new::x"], [], [], [])


@pytest.mark.parametrize(("code", "tells"), [(2, True), (4, True), (0, False), (1, False), (3, False), (5, False)])
def test_without_a_report_pytest_tells_only_that_nothing_could_be_collected(code: int, tells: bool):
    found = outcomes(run(code, "unknown"))
    assert (found is not None) is tells
    if found is not None:
        assert found.of("m::a") == "failed"


def test_a_report_that_the_exit_code_denies_tells_nothing():
    assert outcomes(run(0, "unknown", m__a="failed")) is None


@pytest.mark.parametrize("verdict", ["timeout", "oom"])
def test_code_that_never_ends_before_the_fix_is_compared_as_a_whole(verdict: str):
    before = run(137, verdict)
    before.timed_out, before.oom_killed = verdict == "timeout", verdict == "oom"
    found = split(before, run(0, m__a="passed", m__b="passed"))
    assert lists(found) == (["(all tests)"], [], [], [])
    assert found is not None
    assert verdict in (found.reason or "")


def test_an_engine_that_failed_tells_nothing():
    assert split(run(None, "infra_error"), run(0, m__a="passed")) is None
    assert split(run(139, "unknown"), run(0, m__a="passed")) is None


def test_of_a_report_that_was_cut_a_missing_test_is_not_taken_for_a_failure():
    before = run(1, "failed", m__a="failed")
    before.passed = 20_000
    assert lists(split(before, run(0, m__a="passed", other__b="passed"))) == (["m::a"], [], [], [])


def test_the_verdict_is_flaky_only_when_nothing_else_failed():
    first = run(1, "failed", m__a="failed", m__b="failed", m__c="passed")
    tally = Tally()
    tally.add(first)
    tally.add(run(1, "failed", m__a="passed", m__b="failed"))
    assert [(test.name, test.passed, test.failed) for test in together(tally)] == [("m::a", 1, 1)]
    assert settle(first, together(tally)) == first
    tally.add(run(0, m__b="passed"))
    assert settle(first, together(tally)).verdict == "flaky"
    passed = run(0, m__a="passed")
    assert settle(passed, together(tally)) == passed


def test_counts_of_both_trees_are_summed_only_where_the_test_is_flaky():
    before, after = Tally(), Tally()
    before.add(run(1, "failed", m__a="failed"))
    after.add(run(0, m__a="passed"))
    assert together(before, after) == [], "another outcome on other code is what a fix is for"
    after.add(run(1, "failed", m__a="failed"))
    assert [(test.passed, test.failed) for test in together(before, after)] == [(1, 1)]


def test_a_rerun_that_tells_nothing_does_not_count():
    tally = Tally()
    tally.add(run(1, "failed", m__a="failed"))
    tally.add(run(None, "infra_error"))
    tally.add(run(4, "unknown"))
    assert together(tally) == []
