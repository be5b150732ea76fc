"""go test: tells its events as JSON, one a line, which is kept in the report's file and read here.

What a test prints arrives inside of an event, so it cannot look like one. But older releases of Go take a printed line
``--- PASS: TestName`` for the end of a test, and tests may write into the file. A pass needs go's own exit code too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson

from fixtrail.capture.junit import MAX_MESSAGE, Outcome, Report
from fixtrail.qa.sandbox.runners.base import FOLDER, Account, Left, Name, TestRunner, without_options
from fixtrail.qa.sandbox.runners.command import Invocation

_SCRIPT = "go_test.sh"
_OUTCOMES: Mapping[str, Outcome] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_WEIGHT = {"skipped": 0, "passed": 1, "failed": 2}
_NOT_BUILT = re.compile(r"^FAIL\t(?P<package>\S+) \[(?P<why>build|setup) failed\]$")
_RUN_OPTIONS = frozenset({"-run", "--run", "-test.run"})


@dataclass
class _Test:
    outcome: Outcome | None = None
    seconds: float | None = None
    output: str = ""


@dataclass
class _Package:
    failed: bool = False
    output: str = ""
    tests: dict[str, _Test] = field(default_factory=dict)


class GoTest(TestRunner):
    """https://pkg.go.dev/cmd/test2json has the events."""

    name: ClassVar[Name] = "go"
    inside: ClassVar[str | None] = _SCRIPT

    def runs_tests(self, call: Invocation) -> bool:
        """Only ``go test``."""
        return call.arguments[:1] == ["test"]

    def ask(self, call: Invocation, path: str) -> list[str]:
        """Ask for events, and send them to ``path``."""
        rest = call.arguments[1:]
        asked = [] if "-json" in rest else ["-json"]
        return ["/bin/sh", f"{FOLDER}/{_SCRIPT}", path, *call.argv(["test", *asked, *rest])]

    def read(self, left: Left) -> Account:
        """Read the events: a test that began and never ended is an error, and so is a package that failed alone."""
        if not left.report:
            return Account()
        packages: dict[str, _Package] = {}
        printed: list[str] = []
        for line in left.report.split(b"\n"):
            _take(line, packages, printed)
        report = Report()
        for name, package in packages.items():
            _add(report, name, package)
        return Account(report, output="".join(printed))

    def select(self, call: Invocation, names: Sequence[str]) -> list[str] | None:
        """Run the top-level tests that ``names`` are or belong to."""
        tests = {name.partition("::")[2].partition("/")[0] for name in names}
        if "" in tests:
            return None
        pattern = "^(" + "|".join(sorted(map(re.escape, tests))) + ")$"
        return call.argv(["test", "-run", pattern, *without_options(call.arguments[1:], _RUN_OPTIONS)])


def _take(line: bytes, packages: dict[str, _Package], printed: list[str]) -> None:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        # Releases before 1.24 tell of a package that was not built in plain words.
        text = line.decode("utf-8", "replace")
        if match := _NOT_BUILT.match(text):
            package = packages.setdefault(match["package"], _Package())
            package.failed, package.output = True, f"{match['why']} failed"
        printed.append(f"{text}\n" if text else "")
        return
    if isinstance(event, dict) and isinstance(event.get("Package"), str):
        _note(event, packages.setdefault(event["Package"], _Package()), printed)


def _note(event: dict[str, Any], package: _Package, printed: list[str]) -> None:
    name, action = event.get("Test"), event.get("Action")
    test = package.tests.setdefault(name, _Test()) if isinstance(name, str) and name else None
    if action == "output" and isinstance(event.get("Output"), str):
        printed.append(event["Output"])
        place = test or package
        if len(place.output) < MAX_MESSAGE:
            place.output += event["Output"]
    elif test is not None and (outcome := _OUTCOMES.get(str(action))) is not None:
        # With -count a test ends several times; the worst holds, and what was printed cannot better it.
        if test.outcome is None or _WEIGHT[outcome] > _WEIGHT[test.outcome]:
            test.outcome = outcome
        elapsed = event.get("Elapsed")
        test.seconds = float(elapsed) if isinstance(elapsed, int | float) and 0 <= elapsed < 1e9 else None
    elif test is None and action == "fail":
        package.failed = True


def _add(report: Report, name: str, package: _Package) -> None:
    bad = False
    for test_name, test in package.tests.items():
        duration = round(test.seconds * 1000, 3) if test.seconds is not None else None
        outcome: Outcome = test.outcome or "error"
        bad = bad or outcome in ("failed", "error")
        message = test.output if outcome in ("failed", "error") else None
        if test.outcome is None:
            message = f"The test began and never ended. {test.output}"
        report.add(f"{name}::{test_name}", outcome, duration, message)
    if package.failed and not bad:
        report.add(name, "error", None, package.output or "The package failed.")
