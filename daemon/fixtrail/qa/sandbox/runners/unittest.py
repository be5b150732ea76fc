"""unittest: has no report of its own; a script of ours runs unittest's own machinery and writes one."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from fixtrail.qa.sandbox.runners.base import FOLDER, Meaning, Name, TestRunner
from fixtrail.qa.sandbox.runners.command import Invocation

_SCRIPT = "unittest_report.py"


class Unittest(TestRunner):
    """https://docs.python.org/3/library/unittest.html#command-line-interface."""

    name: ClassVar[Name] = "unittest"
    exit_codes: ClassVar[Mapping[int, Meaning]] = {5: "no_tests"}
    inside: ClassVar[str | None] = _SCRIPT

    def ask(self, call: Invocation, path: str) -> list[str]:
        """Put the script in the place of ``-m unittest``; coverage and python take either."""
        script = f"{FOLDER}/{_SCRIPT}"
        prefix = call.prefix
        if prefix[-1] == "unittest":
            prefix = [*prefix[:-2], *_other_letters(prefix[-2])]
        else:  # joined, as in -munittest
            prefix = [*prefix[:-1], *_other_letters(prefix[-1].removesuffix("unittest"))]
        return [*prefix, script, path, *call.arguments]

    def select(self, call: Invocation, names: Sequence[str]) -> list[str] | None:
        """Add ``-k`` with a pattern for each name: it matches from the end of the test's id, whatever is loaded."""
        ids = [name.replace("::", ".") for name in names if "::" in name]
        if len(ids) < len(names) or any(letter in each for each in ids for letter in "*?["):
            return None
        return call.argv([*call.arguments, *(word for each in ids for word in ("-k", f"*{each}"))])


def _other_letters(option: str) -> list[str]:
    """Return what is left of python's option ``-Bm`` without its m."""
    return [option[:-1]] if len(option) > 2 else []
