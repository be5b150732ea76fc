"""From what the engine and the report say to a verdict; the first row that fits holds.

=====  ============================================  ========================================================
row    what is known                                 verdict
=====  ============================================  ========================================================
1      no exit code                                  ``infra_error`` ``docker/engine-error``
2      killed for memory, whatever the exit code     ``oom``
3      killed by us at the deadline                  ``timeout``
4      exit 113, no report                           ``infra_error`` ``sandbox/tree-unpack-failed``
5      exit 126 or 127, no test executed             ``infra_error`` ``sandbox/command-not-found``
6      exit 137, which was not us                    ``unknown``
7      runner not recognised, no report at all       exit 0 ``passed``, else ``failed``: exit code alone
7b     runner that only prints (cargo)               as row 7; ``no_tests`` if it printed results, and of no test;
                                                     ``unknown`` if it did not come to its end or never began
8      report missing or unreadable                  exit 5 ``no_tests``, else ``unknown``
9      pytest exit 3 or 4 (internal error, usage)    ``unknown``
10     exit 5 of pytest, unittest (no tests)         ``no_tests``; ``unknown`` if the report has executed tests
11     exit 0, report has a failure or error         ``unknown``, both sides
12     exit 0, report has at least one pass          ``passed``
13     exit 0, report has nothing executed           ``no_tests``
14     exit not 0, report has a failure or error     ``failed``
15     pytest exit 2, no failure or error            ``unknown``: interrupted
16     exit not 0, no failure or error               ``unknown``, both sides
=====  ============================================  ========================================================

Rows 8 and 10 to 15 hold for a runner that was not recognised too, once it has left a report (a Makefile that calls
pytest). pytest's exit codes: https://docs.pytest.org/en/stable/reference/exit-codes.html

A pass by rows 7 and 12 that :mod:`fixtrail.qa.sandbox.witness` contradicts is ``unknown`` instead.

What the tests print is no input. Tested code can write the report and choose the exit code, but a pass needs both and
the engine's word beside them; what it can forge alone ends in ``unknown``, ``failed`` or ``infra_error``.
"""

from dataclasses import dataclass

from fixtrail_protocol.qa import Verdict

from fixtrail.capture.junit import Report
from fixtrail.qa.sandbox.runners import Runner, exit_meaning

UNPACK_FAILED = 113
"""Exit status of our own wrapper when the tree cannot be unpacked; no shell, tar or pytest uses it."""


@dataclass(frozen=True)
class Evidence:
    """All that a verdict may rest on.

    Attributes
    ----------
    exit_code
        From the engine; None: it has none.
    oom_killed, timed_out
        A process was killed for memory (the engine's word); the container was killed by us at its deadline.
    runner
        None: not recognised.
    report
        None: there is none, or ``report_problem`` says what is wrong with it.
    timeout_seconds, memory_bytes
        The limits, for the reason's wording.
    printed, ran_none, doubt
        The report is what was printed, which is no evidence for a pass; it says that no test ran; why the exit code
        is no evidence either.
    contradiction
        Why a pass could not stand: what the witness heard against it.
    """

    exit_code: int | None
    oom_killed: bool
    timed_out: bool
    runner: Runner | None
    report: Report | None
    report_problem: str | None = None
    timeout_seconds: float = 0
    memory_bytes: int = 0
    contradiction: str | None = None
    printed: bool = False
    ran_none: bool = False
    doubt: str | None = None


@dataclass(frozen=True)
class Ruling:
    """A verdict, the reason where it is no plain pass or fail, and the stable code where we are to blame."""

    verdict: Verdict
    reason: str | None = None
    error_code: str | None = None


def rule(evidence: Evidence) -> Ruling:
    """Return the verdict for ``evidence``, by the table above."""
    ruling = _without_an_end(evidence) or _by_exit_code(evidence) or _by_report(evidence)
    if ruling.verdict == "passed" and evidence.contradiction is not None:
        return Ruling("unknown", evidence.contradiction)
    return ruling


def _infra(code: str, reason: str) -> Ruling:
    return Ruling("infra_error", f"{code}: {reason}", code)


def _without_an_end(evidence: Evidence) -> Ruling | None:
    """Rows 1 to 6: the tests did not come to an end of their own, or never began."""
    exit_code = evidence.exit_code
    if exit_code is None:
        return _infra("docker/engine-error", "The engine gave no exit code for the container.")
    if evidence.oom_killed:
        return Ruling("oom", f"A process was killed: memory is limited to {evidence.memory_bytes // 1024**2} MB.")
    if evidence.timed_out:
        return Ruling("timeout", f"The tests had not ended after {evidence.timeout_seconds:g} s and were killed.")
    if exit_code == UNPACK_FAILED and not _has_report(evidence):
        return _infra(
            "sandbox/tree-unpack-failed",
            "The tree could not be unpacked in the container. "
            "See the output; the image needs sh and tar, and the tree has to fit into half the memory limit.",
        )
    if exit_code in (126, 127) and not (evidence.report and evidence.report.executed):
        why = "cannot be executed" if exit_code == 126 else "is not there"
        return _infra(
            "sandbox/command-not-found",
            f"The test command {why} in the image (exit code {exit_code}). Use an image that has it.",
        )
    if exit_code == 137:
        return Ruling("unknown", "The tests were killed, and not by fixtrail or for memory (exit code 137).")
    return None


def _has_report(evidence: Evidence) -> bool:
    return evidence.report is not None or evidence.report_problem is not None


def _by_exit_code(evidence: Evidence) -> Ruling | None:
    """Rows 7 to 9: there is no usable report, or pytest itself says that its run is none."""
    exit_code = evidence.exit_code
    meaning = exit_meaning(evidence.runner, exit_code)
    if evidence.runner is None and not _has_report(evidence):
        return Ruling("passed" if exit_code == 0 else "failed", _EXIT_CODE_ALONE)
    if evidence.printed:
        return _by_what_was_printed(evidence)
    if evidence.report is None:
        problem = (
            f"its JUnit report {evidence.report_problem}" if evidence.report_problem else "it left no JUnit report"
        )
        if meaning == "no_tests":
            return Ruling("no_tests", f"{evidence.runner} collected no tests.")
        return Ruling("unknown", f"The test command ended with {_spell(evidence)}, but {problem}; see the output.")
    if meaning in ("internal_error", "called_wrongly"):
        return Ruling("unknown", f"The test command ended with {_spell(evidence)}.")
    return None


def _by_what_was_printed(evidence: Evidence) -> Ruling:
    """Row 7b: what was printed may take a pass away, and never makes one."""
    if evidence.doubt is not None:
        return Ruling("unknown", evidence.doubt)
    if evidence.exit_code == 0 and evidence.ran_none:
        return Ruling("no_tests", f"{evidence.runner} ran no tests.")
    return Ruling("passed" if evidence.exit_code == 0 else "failed", f"{evidence.runner} leaves no report: {_PRINTED}")


def _by_report(evidence: Evidence) -> Ruling:
    """Rows 10 to 16: a report and an exit code, which have to agree."""
    exit_code, report = evidence.exit_code, evidence.report
    assert report is not None, "rows 7 and 8 come first"
    both_sides = f"The test command ended with {_spell(evidence)}, but its JUnit report says {report}."
    if exit_meaning(evidence.runner, exit_code) == "no_tests":
        none = Ruling("no_tests", f"{evidence.runner} collected no tests.")
        return Ruling("unknown", both_sides) if report.executed else none
    if exit_code == 0:
        if report.bad:
            return Ruling("unknown", both_sides)
        if report.passed:
            return Ruling("passed")
        return Ruling(
            "no_tests",
            f"All tests ({report.skipped}) were skipped." if report.skipped else "The JUnit report lists no tests.",
        )
    if report.bad:
        return Ruling("failed")
    if exit_meaning(evidence.runner, exit_code) == "interrupted":
        return Ruling("unknown", f"pytest was interrupted (exit code 2); until then: {report}.")
    return Ruling("unknown", both_sides)


_EXIT_CODE_ALONE = "By the exit code alone: the command starts no test runner that fixtrail can ask for a report."
_PRINTED = "the verdict goes by the exit code alone, and the tests' names are from what was printed."
_MEANINGS = {
    "interrupted": "interrupted",
    "internal_error": "internal error of pytest",
    "called_wrongly": "pytest was called wrongly",
}


def _spell(evidence: Evidence) -> str:
    code = evidence.exit_code or 0
    if (words := _MEANINGS.get(exit_meaning(evidence.runner, code) or "")) is not None:
        return f"exit code {code} ({words})"
    if 128 < code <= 128 + 64:
        return f"exit code {code} (ended by signal {code - 128})"
    return f"exit code {code}"
