"""Runs unittest's own command line and leaves a JUnit report: ``unittest_report.py REPORT ARGUMENTS…``.

It runs inside the container. Plain enough for Python 3.6.
"""

import os
import sys
import time
import unittest
from typing import Any
from xml.sax.saxutils import quoteattr

if __name__ == "__main__":
    report_path = sys.argv.pop(1)
    # As 'python -m unittest' has it: the folder where it was started, unless python was told to add none.
    if not (getattr(sys.flags, "safe_path", False) or sys.flags.isolated):
        sys.path[0] = os.getcwd()  # noqa: PTH109
    sys.argv[0] = "python -m unittest"
_ALLOWED = {"\t", "\n", "\r"}


def _attribute(text):  # type: (str) -> str
    return quoteattr("".join(each if each >= " " or each in _ALLOWED else "\ufffd" for each in text))


class _Case:
    def __init__(self) -> None:
        self.began = time.monotonic()
        self.seconds = None  # type: float | None
        self.outcome = ""
        self.message = ""

    def worsen(self, outcome, message):  # type: (str, str) -> None
        order = ["", "skipped", "failure", "error"]
        if order.index(outcome) > order.index(self.outcome):
            self.outcome, self.message = outcome, message


class _Result(unittest.TextTestResult):
    """Keeps the worst that each test came to; subtests belong to their test."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.cases = {}  # type: dict[str, _Case]

    def _case(self, test: Any) -> _Case:
        return self.cases.setdefault(test.id(), _Case())

    def startTest(self, test: Any) -> None:
        self._case(test)
        super().startTest(test)

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        case = self._case(test)
        case.seconds = time.monotonic() - case.began

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self._case(test).worsen("error", self.errors[-1][1])

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._case(test).worsen("failure", self.failures[-1][1])

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            kept = (self.failures if failed else self.errors)[-1][1]
            self._case(test).worsen("failure" if failed else "error", kept)

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        if not hasattr(test, "test_case"):  # a subtest: its test goes on
            self._case(test).worsen("skipped", reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._case(test).worsen("skipped", "expected failure")

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)
        self._case(test).worsen("failure", "unexpected success")


def _name(test_id):  # type: (str) -> tuple[str, str]
    """Return class and name; what could not be loaded has no class, and the name of the module or class."""
    loader = "unittest.loader."
    if test_id.startswith(loader):
        return "", test_id[len(loader) :].partition(".")[2]
    if test_id.endswith(")") and test_id.startswith(
        ("setUpClass (", "tearDownClass (", "setUpModule (", "tearDownMod")
    ):
        return "", test_id[test_id.index("(") + 1 : -1]
    group, _, name = test_id.rpartition(".")
    return group, name


def _write(cases, path):  # type: (dict[str, _Case], str) -> None
    with open(path, "w", encoding="utf-8", errors="replace") as report:  # noqa: PTH123
        report.write('<?xml version="1.0" encoding="utf-8"?>\n<testsuite name="unittest">\n')
        for test_id, case in cases.items():
            group, name = _name(test_id)
            seconds = "" if case.seconds is None else f' time="{case.seconds:.6f}"'
            report.write(f"<testcase classname={_attribute(group)} name={_attribute(name)}{seconds}>")
            if case.outcome:
                report.write(f"<{case.outcome} message={_attribute(case.message[-4000:])}/>")
            report.write("</testcase>\n")
        report.write("</testsuite>\n")


class _Runner(unittest.TextTestRunner):
    resultclass = _Result

    def run(self, test: Any) -> Any:
        result = super().run(test)  # type: Any
        _write(result.cases, report_path)
        return result


if __name__ == "__main__":
    unittest.main(module=None, testRunner=_Runner)
