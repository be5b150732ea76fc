"""What the runs themselves tell of bent tests."""

from collections.abc import Collection

from fixtrail_protocol.qa import TamperFlag, TestRun

from fixtrail.qa.verdict.outcomes import Outcomes, outcomes

NO_REPORT = "The command ended with success and left no report: something ended it before its tests did."


def in_final_run(final: TestRun) -> list[TamperFlag]:
    """Flag a run that ended with success without the report its runner always leaves."""
    if final.exit_code == 0 and final.runner is not None and final.cases is None and final.verdict == "unknown":
        return [TamperFlag(kind="exit_hook", detail=NO_REPORT)]
    return []


def against_original(
    final: TestRun, original: TestRun, *, flaky: Collection[str], removed: Collection[str]
) -> list[TamperFlag]:
    """Compare the final tests with the baseline's versions of them, both on the fixed code.

    Parameters
    ----------
    flaky
        Tests that fail by chance.
    removed
        Names of functions that were looked at by their source.

    Returns
    -------
    list of TamperFlag
        ``original_tests_fail``: passed or gone in the final version, and failing in the baseline's. ``tests_skipped``:
        skipped now, and run by the baseline's version. ``tests_deleted``: not run any more, though its file is still
        there, such as one case of a parametrized test.
    """
    new, old = outcomes(final), outcomes(original)
    if old is None:
        return []
    new = new or Outcomes({})
    failing = [
        name
        for name, outcome in old.tests.items()
        if outcome == "failed" and new.tests.get(name) != "failed" and name not in flaky
    ]
    failing += [name for name, outcome in new.tests.items() if outcome == "passed" and old.lost(name)]
    skipped = [
        name
        for name, outcome in new.tests.items()
        if outcome == "skipped" and old.tests.get(name) in ("passed", "failed")
    ]
    gone = [
        name
        for name, outcome in old.tests.items()
        if outcome != "skipped"
        and new.complete
        and "::" in name
        and name not in new.tests
        and not new.lost(name)
        and _function(name) not in removed
    ]
    flags = []
    if failing:
        detail = "The versions of these tests from before the fix fail on the fixed code."
        flags.append(TamperFlag(kind="original_tests_fail", detail=detail, tests=failing))
    if skipped:
        detail = "Skipped when the tests ran; their versions from before the fix are not."
        flags.append(TamperFlag(kind="tests_skipped", detail=detail, tests=skipped))
    if gone:
        detail = "Not run any more; the versions from before the fix are run."
        flags.append(TamperFlag(kind="tests_deleted", detail=detail, tests=gone))
    return flags


def _function(name: str) -> str:
    """Return ``test_a`` of ``tests.test_it.Class::test_a[1]``."""
    return name.partition("[")[0].rpartition("::")[2]
