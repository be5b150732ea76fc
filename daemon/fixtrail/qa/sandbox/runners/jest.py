"""jest: writes its results as JSON, which becomes a report here."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from fixtrail.capture.junit import Outcome, Report
from fixtrail.qa.sandbox.runners.base import Account, Left, Name, TestRunner, insert_options, without_options
from fixtrail.qa.sandbox.runners.command import Invocation
from fixtrail.qa.sandbox.runners.javascript import PATTERN_OPTIONS, pattern

_TREE = "/work/"
_OUTCOMES: Mapping[str, Outcome] = {
    "passed": "passed",
    "failed": "failed",
    "pending": "skipped",
    "skipped": "skipped",
    "todo": "skipped",
    "disabled": "skipped",
    "focused": "passed",
}


class Jest(TestRunner):
    """https://jestjs.io/docs/cli#--outputfilefilename."""

    name: ClassVar[Name] = "jest"

    def ask(self, call: Invocation, path: str) -> list[str]:
        """Ask for JSON at ``path``. Without ``--passWithNoTests`` "no tests" and "failed" are one exit code."""
        rest = without_options(call.arguments, frozenset({"--outputFile"}))
        rest = [word for word in rest if word not in ("--json", "--passWithNoTests")]
        return call.argv(insert_options(rest, ["--json", f"--outputFile={path}", "--passWithNoTests"]))

    def read(self, left: Left) -> Account:
        """Read the JSON: a file that could not be loaded is an error with the file's name."""
        if not left.report:
            return Account()
        try:
            result = orjson.loads(left.report)
        except orjson.JSONDecodeError:
            return Account(problem="is not the JSON that jest writes")
        suites = result.get("testResults") if isinstance(result, dict) else None
        if not isinstance(suites, list):
            return Account(problem="is not the JSON that jest writes")
        report = Report()
        for suite in suites:
            if isinstance(suite, dict):
                _add(report, suite)
        return Account(report)

    def select(self, call: Invocation, names: Sequence[str]) -> list[str] | None:
        """Match the full names of the tests, in whatever file."""
        titles = [name.partition("::")[2] for name in names]
        if not all(titles):
            return None
        rest = without_options(call.arguments, PATTERN_OPTIONS)
        return call.argv(insert_options(rest, ["--testNamePattern", pattern(titles)]))


def _add(report: Report, suite: dict[str, Any]) -> None:
    file = str(suite.get("name") or "").removeprefix(_TREE)
    cases = [case for case in suite.get("assertionResults") or () if isinstance(case, dict)]
    bad = False
    for case in cases:
        outcome = _OUTCOMES.get(str(case.get("status")), "error")
        bad = bad or outcome in ("failed", "error")
        messages = case.get("failureMessages")
        message = "\n".join(map(str, messages)) if isinstance(messages, list) and messages else None
        report.add(f"{file}::{case.get('fullName')}", outcome, _duration(case.get("duration")), message)
    if suite.get("status") == "failed" and not bad:
        report.add(file or "(unnamed)", "error", None, str(suite.get("message") or "") or None)


def _duration(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None
