"""How a recorded run ended: whether it ran tests, and whether they passed. Null where nobody can tell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fixtrail_protocol.events import TerminalCommandData, TestResultData

from fixtrail.qa.evidence.commands import calls_of, exit_code_is_of, is_test

Outcome = Literal["passed", "failed"]

_SUMMARY_CHARACTERS = 2_000
"""Of the end of an output, where test runners write their counts."""
_COUNT = re.compile(r"\b(\d{1,7}) (passed|failed|failures?|errors?|skipped)\b")
_UNITTEST = re.compile(r"\b(failures|errors)=(\d+)")
_KINDS = {"failure": "failed", "failures": "failed", "error": "errors"}

NOT_RUN = frozenset({126, 127, 130, 137, 143})
"""Shells: not executable, not found; stopped by hand or from outside."""
_PYTEST_NOT_RUN = frozenset({2, 3, 4, 5})
"""pytest: interrupted, internal error, wrong usage, nothing collected."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tests ended how; None: not known."""

    passed: int | None = None
    failed: int | None = None
    skipped: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of how a run ended."""

    is_test: bool
    outcome: Outcome | None
    exit_code: int | None
    counts: Counts


def ending(command: TerminalCommandData | None, results: Sequence[TestResultData]) -> Ending:
    """Put together what the command's exit code and the results of its tests say."""
    reported = command.exit_code if command is not None else next((each.exit_code for each in results), None)
    calls = calls_of(command.command) if command is not None else ()
    tests = [index for index, call in enumerate(calls) if is_test(call)]
    if not tests and not results:
        return Ending(False, None, reported, Counts())
    counts = _counts(results) if results else _counts_in(command.output if command is not None else None)
    own = reported if command is None or (tests and exit_code_is_of(calls, tests[-1])) else None
    pytest = any(calls[index].program.startswith(("pytest", "py.test")) for index in tests)
    return Ending(True, _outcome(own, results, counts, pytest=pytest), reported, counts)


def _outcome(code: int | None, results: Sequence[TestResultData], counts: Counts, *, pytest: bool) -> Outcome | None:
    """A failure is believed whoever reports it; a pass needs that nobody says otherwise."""
    if counts.failed:
        return "failed"
    codes = [code, *(result.exit_code for result in results)]
    told = [each for each in codes if each is not None]
    if any(told):
        ran = any(each not in NOT_RUN and not (pytest and each in _PYTEST_NOT_RUN) for each in told if each)
        return "failed" if ran else None
    return "passed" if told or counts.passed else None


def _counts(results: Sequence[TestResultData]) -> Counts:
    return Counts(
        passed=_sum([each.passed for each in results]),
        failed=_sum([count for each in results for count in (each.failed, each.errors)]),
        skipped=_sum([each.skipped for each in results]),
    )


def _counts_in(output: str | None) -> Counts:
    """Return the counts on the last line of ``output`` that has any."""
    for line in reversed((output or "")[-_SUMMARY_CHARACTERS:].splitlines()):
        found: dict[str, int] = {}
        for number, word in _COUNT.findall(line):
            name = _KINDS.get(word, word)
            found[name] = found.get(name, 0) + int(number)
        for word, number in _UNITTEST.findall(line) if line.startswith("FAILED (") else ():
            name = _KINDS.get(word, word)
            found[name] = found.get(name, 0) + int(number)
        if found:
            failed = found.get("failed", 0) + found.get("errors", 0)
            return Counts(found.get("passed"), failed, found.get("skipped"))
    return Counts()


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
