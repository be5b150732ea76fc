"""vitest: writes JUnit XML itself, with names of its own kind."""

from collections.abc import Sequence
from typing import ClassVar

from fixtrail.capture.junit import Report
from fixtrail.qa.sandbox.runners.base import Account, Left, Name, TestRunner, insert_options, without_options
from fixtrail.qa.sandbox.runners.command import Invocation
from fixtrail.qa.sandbox.runners.javascript import PATTERN_OPTIONS, pattern

_REPORT_OPTIONS = frozenset({"--outputFile", "--outputFile.junit", "--reporter", "--reporters"})
_NESTED = " > "


class Vitest(TestRunner):
    """https://vitest.dev/guide/reporters.html#junit-reporter."""

    name: ClassVar[Name] = "vitest"

    def ask(self, call: Invocation, path: str) -> list[str]:
        """Ask for JUnit XML at ``path`` beside what is printed; a project's own reporters would get in its way."""
        rest = [word for word in without_options(call.arguments, _REPORT_OPTIONS) if word != "--passWithNoTests"]
        asked = ["--reporter=default", "--reporter=junit", f"--outputFile.junit={path}", "--passWithNoTests"]
        return call.argv(insert_options(rest, asked))

    def read(self, left: Left) -> Account:
        """Give a file that could not be loaded, which vitest tells as a test of the file's name, that name alone."""
        account = super().read(left)
        if account.report is None:
            return account
        report = Report()
        for case in account.report.cases:
            file, _, title = case.name.partition("::")
            lost = case.outcome == "failed" and title == file
            report.add(file if lost else case.name, "error" if lost else case.outcome, case.duration_ms, case.message)
        kept = len(report.cases)
        if kept < account.report.executed + account.report.skipped:  # too many to keep: the counts are vitest's
            report = account.report
        return Account(report)

    def select(self, call: Invocation, names: Sequence[str]) -> list[str] | None:
        """Match the full names of the tests, in whatever file."""
        titles = [name.partition("::")[2].replace(_NESTED, " ") for name in names]
        if not all(titles):
            return None
        rest = without_options(call.arguments, PATTERN_OPTIONS)
        return call.argv(insert_options(rest, ["--testNamePattern", pattern(titles)]))
