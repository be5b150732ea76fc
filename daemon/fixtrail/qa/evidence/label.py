"""The label of a trace: outcome and process in one word. The rule is the table in ``docs/measures.md``.

The judge's score has no part in it. It changes with the model, is null where nobody was asked, and a trace must not get
another label because of either.
"""

from dataclasses import dataclass

from fixtrail_protocol.process import Label, Process
from fixtrail_protocol.reasoning import Reasoning
from fixtrail_protocol.testing import Comparison, TamperKind, TestRun

OUTCOMES: dict[tuple[str, bool], Label] = {
    ("proven", True): "sound_fix",
    ("proven", False): "lucky_fix",
    ("attempt", True): "sound_attempt",
    ("attempt", False): "weak_attempt",
}
"""By the outcome, and by whether the process is sound. An unproven fix is one whatever the process."""

REQUIRED = ("reproduced_before_edit", "hypothesis_before_edit", "rerun_after_last_edit")
"""Measures that are true of a sound process."""
REQUIRED_OF_A_FIX = "final_run_passed"

_FAILED = {
    "reproduced_before_edit": "no failing run is recorded before the first edit of code",
    "hypothesis_before_edit": "no hypothesis was written down before the first edit of code",
    "rerun_after_last_edit": "no run of the tests is recorded on the final code",
    "final_run_passed": "the last recorded run on the final code failed",
}
_TAMPERED: frozenset[TamperKind] = frozenset(
    {"tests_deleted", "tests_skipped", "tests_weakened", "original_tests_fail", "runner_shadowed", "exit_hook"}
)
"""Flags with which a pass proves nothing. That a configuration was touched may have been the fix."""


def label(
    tests: TestRun | None, comparison: Comparison | None, process: Process, reasoning: Reasoning | None = None
) -> tuple[Label, str]:
    """Return the label of a trace, and what it rests on, in one sentence or two.

    Parameters
    ----------
    tests
        The verdict on the final code. Without a pass or a failure there is no label.
    comparison
        What the tests did before and after the fix; without it a pass is not proven to be the fix's doing.
    process
        What :func:`fixtrail.qa.evidence.assess.assess` says.
    reasoning
        What the judge says. Its flags are mentioned in the reason; its score is not looked at.
    """
    found, why = _label(tests, comparison, process)
    flags = {*process.flags, *(reasoning.flags if reasoning is not None else ())}
    if flags & {"addresses_judge", "canary_failed"}:
        why += " Text in the trace addresses its judge: read it before use."
    return found, why


@dataclass(frozen=True)
class _Soundness:
    """Whether the process is sound; None: an input is missing. ``why`` says what is not, or what is missing."""

    sound: bool | None
    why: str


def _label(tests: TestRun | None, comparison: Comparison | None, process: Process) -> tuple[Label, str]:
    if tests is None or tests.verdict not in ("passed", "failed"):
        verdict = "were not run" if tests is None else f"have no plain result ({tests.verdict})"
        return "unlabelled", f"No label: the tests {verdict}."
    passed = tests.verdict == "passed"
    if passed and (doubt := _doubt(comparison)) is not None:
        return "unproven_fix", f"The tests pass, but {doubt}."
    soundness = _soundness(process, fix=passed)
    if soundness.sound is None:
        return "unlabelled", f"No label: {soundness.why}."
    outcome = "Tests that failed before pass" if passed else "The tests fail"
    found = OUTCOMES["proven" if passed else "attempt", soundness.sound]
    return found, f"{outcome}; {soundness.why}."


def _doubt(comparison: Comparison | None) -> str | None:
    """Say why a pass does not prove the fix; None: it does."""
    if comparison is None:
        return "they were not run on the code before the fix"
    if comparison.status != "compared":
        return "they could not be compared with the code before the fix"
    if not comparison.fail_to_pass:
        return "none of them failed before the fix"
    bent = sorted({flag.kind for flag in comparison.tamper if flag.kind in _TAMPERED})
    return f"they may have been bent ({', '.join(bent)})" if bent else None


def _soundness(process: Process, *, fix: bool) -> _Soundness:
    """One sign against it is enough; without any, every input must be there."""
    required = (*REQUIRED, REQUIRED_OF_A_FIX) if fix else REQUIRED
    values = {name: process.measures[name].value if name in process.measures else None for name in required}
    failed = [_FAILED[name] for name, value in values.items() if value is False]
    # Which claims a model finds changes with the model; those of the rules do not.
    contradicted = sum(claim.status == "contradicted" and claim.proposed_by == "rule" for claim in process.claims)
    if contradicted:
        claims = "a claim" if contradicted == 1 else f"{contradicted} claims"
        failed.append(f"the record contradicts {claims} made in the reasoning")
    if failed:
        return _Soundness(False, " and ".join(failed))
    missing = [name for name, value in values.items() if value is None]
    if missing:
        return _Soundness(None, f"the trace does not tell {', '.join(missing)}")
    return _Soundness(True, "reproduced and reasoned about before the edit, and run again after it")
