"""How each test of one run ended, and what the runs before and after a fix say of it together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fixtrail_protocol.qa import TestRun

Outcome = Literal["passed", "failed", "skipped"]

WHOLE = "(all tests)"
"""Stands for the command as a whole where there are no results of single tests."""

_NOT_COLLECTED = (2, 4)
"""pytest ends so, without a report, when it cannot load a conftest or was interrupted while it collected."""
_WEIGHT: Mapping[Outcome, int] = {"skipped": 0, "passed": 1, "failed": 2}


@dataclass(frozen=True)
class Outcomes:
    """What is known of the tests of one run.

    Attributes
    ----------
    tests
        Of each name the worst that was told of it: a name that stands for several tests passes when all of them do.
    lost_groups
        Files and folders that could not be collected, as the report names them: their tests have no results.
    groups_lost
        The runner names nothing that could not be loaded, and the run failed: a file or class without any result is
        lost.
    complete
        Every test of the report is in ``tests``: none was left out for its length.
    """

    tests: Mapping[str, Outcome]
    lost_groups: frozenset[str] = frozenset()
    groups_lost: bool = False
    complete: bool = True
    _groups: frozenset[str] = field(default=frozenset(), repr=False)

    def of(self, name: str) -> Outcome | None:
        """Return how ``name`` ended; one that could not be collected has failed. None: there is no telling."""
        found = self.tests.get(name)
        return found if found is not None else "failed" if self.lost(name) else None

    def lost(self, name: str) -> bool:
        """Whether ``name`` has no result because what it stands in could not be loaded.

        The report names a file or folder that failed; or, of a runner known to name none, the run failed and nothing
        else of the same file or class has a result.
        """
        if name in self.tests or not self.complete:
            return False
        if any(name.startswith((f"{group}::", f"{group}.")) for group in self.lost_groups):
            return True
        return self.groups_lost and _group(name) not in self._groups

    def failing(self) -> list[str]:
        """Return the names that failed, in the report's order."""
        return [name for name, outcome in self.tests.items() if outcome == "failed"]


def _group(name: str) -> str:
    return name.partition("::")[0]


def outcomes(run: TestRun) -> Outcomes | None:
    """Return how each test of ``run`` ended; None when the run does not tell.

    It tells when it came to an end of its own and left a report that does not contradict its exit code. pytest that
    could not begin for an error in the tested files tells that no test could be collected.
    """
    if not ended(run) or (run.runner == "pytest" and run.exit_code == 3):
        return None
    if run.cases is None:
        lost = run.runner == "pytest" and run.exit_code in _NOT_COLLECTED
        return Outcomes({}, groups_lost=True) if lost else None
    if run.exit_code == 0 and (run.failed or run.errors):
        return None
    tests: dict[str, Outcome] = {}
    lost_groups = set()
    for case in run.cases:
        outcome: Outcome = "failed" if case.outcome == "error" else case.outcome
        if case.outcome == "error" and "::" not in case.name:
            lost_groups.add(case.name)
        known = tests.get(case.name)
        if known is None or _WEIGHT[outcome] > _WEIGHT[known]:
            tests[case.name] = outcome
    counted = sum(count or 0 for count in (run.passed, run.failed, run.errors, run.skipped))
    return Outcomes(
        tests,
        frozenset(lost_groups),
        # pytest tells what it could not collect; a runner we do not know may have stopped at its first failure.
        groups_lost=run.exit_code != 0 and run.runner not in (None, "pytest"),
        complete=counted <= len(run.cases),
        _groups=frozenset(map(_group, tests)),
    )


def ended(run: TestRun) -> bool:
    """Whether the tests came to an end of their own: not killed, and not kept from beginning by what is ours."""
    code = run.exit_code
    return run.verdict != "infra_error" and not (run.timed_out or run.oom_killed) and code is not None and code <= 128


def whole(run: TestRun) -> Outcome | None:
    """Return how the command as a whole ended; tests that never end, or eat all memory, have failed."""
    found: Mapping[str, Outcome] = {"passed": "passed", "failed": "failed", "timeout": "failed", "oom": "failed"}
    return found.get(run.verdict)


@dataclass
class Split:
    """The tests by how they ended before and after; ``reason`` says what does not go by single tests."""

    fail_to_pass: list[str] = field(default_factory=list)
    pass_to_pass: list[str] = field(default_factory=list)
    pass_to_fail: list[str] = field(default_factory=list)
    fail_to_fail: list[str] = field(default_factory=list)
    reason: str | None = None

    @property
    def changed(self) -> list[str]:
        """Tests that do not end as they did before."""
        return [*self.fail_to_pass, *self.pass_to_fail]

    def put(self, name: str, before: Outcome | None, after: Outcome | None) -> None:
        """Sort a test in; skipped or not known on either side, it goes nowhere."""
        lists = {
            ("failed", "passed"): self.fail_to_pass,
            ("passed", "passed"): self.pass_to_pass,
            ("passed", "failed"): self.pass_to_fail,
            ("failed", "failed"): self.fail_to_fail,
        }
        if before is not None and after is not None and (found := lists.get((before, after))) is not None:
            found.append(name)

    def without(self, names: set[str]) -> "Split":
        """Return the lists without ``names``."""

        def kept(part: list[str]) -> list[str]:
            return [name for name in part if name not in names]

        return Split(
            kept(self.fail_to_pass),
            kept(self.pass_to_pass),
            kept(self.pass_to_fail),
            kept(self.fail_to_fail),
            self.reason,
        )


def split(before: TestRun, after: TestRun) -> Split | None:
    """Compare two runs of the same tests on the code before and after; None when the first tells nothing.

    A test that could not be collected before counts as failing before, as in SWE-bench (its ``swebench/harness/
    grading.py``: a test that is not in the log has failed). A test that is missing for no known reason is left out.
    """
    old, new = outcomes(before), outcomes(after)
    found = Split()
    if old is None or new is None:
        found.put(WHOLE, whole(before), whole(after))
        if not (found.changed or found.pass_to_pass or found.fail_to_fail):
            return None
        found.reason = (
            "Compared as a whole, by exit code alone: the runner leaves no report that fixtrail reads."
            if new is None
            else f"Compared as a whole: on the code before the fix the tests came to no end of their own "
            f"({before.verdict})."
        )
        return found
    missing = 0
    for name, outcome in new.tests.items():
        earlier = old.of(name)
        missing += earlier is None
        found.put(name, earlier, outcome)
    if missing:
        words = "1 test has" if missing == 1 else f"{missing:,} tests have"
        found.reason = f"{words} no result on the code before the fix, and no error tells why: left out of the lists."
    return found
