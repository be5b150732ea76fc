"""What fixtrail knows of a test runner: how it is asked for a report, how that is read, how some tests run again."""

from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from fixtrail.capture.junit import Report, ReportError, read_report
from fixtrail.qa.sandbox.runners.command import Invocation

Name = Literal["pytest", "unittest", "go", "cargo", "jest", "vitest", "maven"]
Meaning = Literal["no_tests", "interrupted", "internal_error", "called_wrongly"]

FOLDER = "/fixtrail/inside"
"""Where the files of :mod:`fixtrail.qa.sandbox.inside` lie in the container; the tests cannot write there."""


@dataclass(frozen=True)
class Left:
    """What a run left behind.

    Attributes
    ----------
    report
        The bytes of the one file on the host's disk that tests can write, at most ``MAX_REPORT_BYTES``.
    output
        What was printed, as far as it was kept.
    output_whole
        Nothing of the output was dropped.
    """

    report: bytes
    output: str = ""
    output_whole: bool = True
    exit_code: int | None = None


@dataclass(frozen=True)
class Account:
    """What the runner tells of its tests.

    Attributes
    ----------
    report
        None: there is none, or ``problem`` says what is wrong with it, as "its JUnit report …".
    printed
        The report was read from what was printed: names and counts to look at, and no evidence for a pass.
    ran_none, doubt
        Only where ``printed``: it says that no test ran; why the exit code decides nothing here.
    output
        What the runner printed into the report instead of the output.
    """

    report: Report | None = None
    problem: str | None = None
    printed: bool = False
    ran_none: bool = False
    doubt: str | None = None
    output: str = ""


class TestRunner(ABC):
    """One runner. The defaults are those of a runner that writes JUnit XML itself and cannot run some tests only."""

    __test__ = False

    name: ClassVar[Name]
    exit_codes: ClassVar[Mapping[int, Meaning]] = {}
    """Exit codes that say more than that tests failed."""
    inside: ClassVar[str | None] = None
    """The file of :mod:`fixtrail.qa.sandbox.inside` that goes into the container."""

    def runs_tests(self, call: Invocation) -> bool:
        """Whether this call of the program runs tests at all; ``go build`` does not."""
        return True

    def ask(self, call: Invocation, path: str) -> list[str]:
        """Return the command line that leaves a report at ``path``. Asking twice changes nothing more."""
        return call.argv()

    def read(self, left: Left) -> Account:
        """Return what the run tells of its tests."""
        if not left.report:
            return Account()
        try:
            return Account(read_report(left.report))
        except ReportError as error:
            return Account(problem=str(error))

    def select(self, call: Invocation, names: Sequence[str]) -> list[str] | None:
        """Return the command line that runs only ``names``, which are as reports have them; None: it cannot."""
        return None

    def run_all(self, call: Invocation) -> list[str]:
        """Return the command line that gives as many results as it can, whatever fails."""
        return call.argv()


def without_options(arguments: list[str], options: frozenset[str]) -> list[str]:
    """Return ``arguments`` without these options and their values, which follow apart or after ``=``."""
    kept: list[str] = []
    value_follows = False
    for at, argument in enumerate(arguments):
        if argument == "--":
            return [*kept, *arguments[at:]]
        if not value_follows and argument.partition("=")[0] not in options:
            kept.append(argument)
        value_follows = not value_follows and argument in options
    return kept


def insert_options(arguments: list[str], options: list[str]) -> list[str]:
    """Return ``arguments`` with ``options`` at the end, but before ``--``."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:end], *options, *arguments[end:]]
