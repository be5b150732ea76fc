"""pytest: writes JUnit XML itself. The report is asked for in ``PYTEST_ADDOPTS``, so that scripts around it ask too."""

from collections.abc import Mapping
from typing import ClassVar

from fixtrail.qa.sandbox.runners.base import Meaning, Name, TestRunner
from fixtrail.qa.sandbox.runners.command import Invocation

_REPORT_OPTIONS = ("--junitxml", "--junit-xml")


class Pytest(TestRunner):
    """https://docs.pytest.org/en/stable/reference/exit-codes.html."""

    name: ClassVar[Name] = "pytest"
    exit_codes: ClassVar[Mapping[int, Meaning]] = {
        2: "interrupted",
        3: "internal_error",
        4: "called_wrongly",
        5: "no_tests",
    }

    def ask(self, call: Invocation, path: str) -> list[str]:
        """Send a report of the command's own to ``path``: an option on the command line overrides the environment."""
        changed: list[str] = []
        value_follows = False
        for argument in call.arguments:
            option, equals, _ = argument.partition("=")
            if value_follows:
                changed.append(path)
            elif equals and option in _REPORT_OPTIONS:
                changed.append(f"{option}={path}")
            else:
                changed.append(argument)
            value_follows = not value_follows and argument in _REPORT_OPTIONS
        return call.argv(changed)
