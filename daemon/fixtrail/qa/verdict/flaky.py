"""Counts how tests end when they run again on the same code, and says which of them are flaky."""

from collections import defaultdict
from collections.abc import Iterable

from fixtrail_protocol.qa import FlakyTest, TestRun

from fixtrail.qa.verdict.outcomes import WHOLE, outcomes, whole


class Tally:
    """How often each test passed and failed on one tree."""

    def __init__(self) -> None:
        self._passed: dict[str, int] = defaultdict(int)
        self._failed: dict[str, int] = defaultdict(int)

    def add(self, run: TestRun) -> None:
        """Count a run. One that tells nothing counts for nothing, and so does a test that is skipped or not there."""
        known = outcomes(run)
        for name, outcome in ({WHOLE: whole(run)} if known is None else known.tests).items():
            if outcome == "passed":
                self._passed[name] += 1
            elif outcome == "failed":
                self._failed[name] += 1

    def is_flaky(self, name: str) -> bool:
        """Whether ``name`` has passed and failed."""
        return self._passed[name] > 0 and self._failed[name] > 0

    def flaky(self) -> dict[str, FlakyTest]:
        """Return the tests that passed and failed, by name."""
        return {
            name: FlakyTest(name=name, passed=passed, failed=self._failed[name])
            for name, passed in self._passed.items()
            if passed and self._failed.get(name)
        }


def together(*tallies: Tally) -> list[FlakyTest]:
    """Return the tests that are flaky on any tree; counts are of the trees they are flaky on, summed up."""
    found: dict[str, FlakyTest] = {}
    for tally in tallies:
        for name, test in tally.flaky().items():
            known = found.get(name)
            passed, failed = (known.passed, known.failed) if known else (0, 0)
            found[name] = FlakyTest(name=name, passed=passed + test.passed, failed=failed + test.failed)
    return sorted(found.values(), key=lambda test: test.name)


def settle(final: TestRun, flaky: Iterable[FlakyTest]) -> TestRun:
    """Return ``final``, with verdict ``flaky`` when nothing failed in it but tests that are flaky."""
    names = {test.name for test in flaky}
    known = outcomes(final)
    failing = [WHOLE] if known is None else known.failing()
    if final.verdict != "failed" or not failing or not names.issuperset(failing):
        return final
    shown = ", ".join(failing[:3]) + (f" and {len(failing) - 3:,} more" if len(failing) > 3 else "")
    reason = f"What failed did not fail each time on the same code: {shown}."
    return final.model_copy(update={"verdict": "flaky", "reason": reason})
