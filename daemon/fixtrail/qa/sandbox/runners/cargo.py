"""cargo test: stable Rust writes no report, so the exit code alone decides.

The names of the tests are read from what was printed, which tests can forge: they are there to be looked at. What was
printed can take a pass away (no test ran, a test program stopped early); it can never make one.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from fixtrail.capture.junit import Outcome, Report
from fixtrail.qa.sandbox.runners.base import Account, Left, Name, TestRunner, insert_options
from fixtrail.qa.sandbox.runners.command import Invocation

_PROGRAM = re.compile(r"^\s+(?:Running (?:unittests )?(?P<path>\S+) \(.*\)|Doc-tests (?P<crate>\S+))$")
_TEST = re.compile(r"^test (?P<name>.+?)(?: - should panic)? \.\.\. (?P<word>ok|FAILED|ignored)\b")
_BEGAN = re.compile(r"^running \d+ tests?$")
_ENDED = re.compile(r"^test result: (?:ok|FAILED)\. (?P<passed>\d+) passed; (?P<failed>\d+) failed;")
_BUILT_OR_RAN = re.compile(
    r"^(?:error: (?:could not compile|test failed|doctest failed|\d+ targets? failed)|running \d+ tests?$)",
    re.MULTILINE,
)
_OUTCOMES: Mapping[str, Outcome] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}


class CargoTest(TestRunner):
    """https://doc.rust-lang.org/cargo/commands/cargo-test.html."""

    name: ClassVar[Name] = "cargo"

    def runs_tests(self, call: Invocation) -> bool:
        """Only ``cargo test``; a tool chain (``+stable``) may be named before."""
        return _subcommand(call) in ("test", "t")

    def read(self, left: Left) -> Account:
        """Read names and outcomes from what was printed."""
        report, group = Report(), ""
        began = ended = ran = 0
        for line in left.output.split("\n"):
            if match := _PROGRAM.match(line):
                group = match["path"] or f"doc-tests {match['crate']}"
            elif match := _TEST.match(line):
                report.add(f"{group}::{match['name']}" if group else match["name"], _OUTCOMES[match["word"]])
            began += bool(_BEGAN.match(line))
            if match := _ENDED.match(line):
                ended, ran = ended + 1, ran + int(match["passed"]) + int(match["failed"])
        none = left.output_whole and began > 0 and not ran
        return Account(report, printed=True, ran_none=none, doubt=_doubt(left, began, ended))

    def select(self, call: Invocation, names: Sequence[str]) -> list[str] | None:
        """Hand the names to each test program, to be taken as they are."""
        tests = [name.partition("::")[2] for name in names]
        if not all(tests):
            return None
        arguments = call.arguments[: call.arguments.index("--")] if "--" in call.arguments else call.arguments
        return call.argv([*arguments, "--", "--exact", *dict.fromkeys(tests)])

    def run_all(self, call: Invocation) -> list[str]:
        """Go on after a test program that failed."""
        if "--no-fail-fast" in call.arguments:
            return call.argv()
        return call.argv(insert_options(call.arguments, ["--no-fail-fast"]))


def _subcommand(call: Invocation) -> str | None:
    return next((word for word in call.arguments if not word.startswith(("+", "-"))), None)


def _doubt(left: Left, began: int, ended: int) -> str | None:
    if not left.output_whole:
        return None
    if left.exit_code != 0:
        if _BUILT_OR_RAN.search(left.output):
            return None
        return f"cargo ended with exit code {left.exit_code} before it compiled or ran a test; see the output."
    if began != ended:
        return f"cargo ended with exit code 0, but of {began} test programs that began {ended} came to an end."
    return None
