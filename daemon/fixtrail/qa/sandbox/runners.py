"""Recognises the test runner in an argument list, and asks it for a report where fixtrail can read it.

Only pytest is known by name so far. A runner is added by a branch in :func:`recognise`, and by what its exit codes
mean in :mod:`fixtrail.qa.sandbox.verdict`.
"""

import re
from itertools import pairwise
from typing import Literal

Runner = Literal["pytest"]

_PYTEST = re.compile(r"^(pytest|py\.test)(-3(\.\d+)?)?(\.exe)?$")
_PYTHON = re.compile(r"^(python|pypy)(\d+(\.\d+)?)?(\.exe)?$")
_MODULE_OPTION = re.compile(r"^-[A-Za-z]*?m(?P<joined>.*)$")
_LAUNCHERS = frozenset({"uv", "poetry", "pdm", "pipenv", "hatch", "rye"})
_REPORT_OPTIONS = ("--junitxml", "--junit-xml")


def _module(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Return the module that python's leading ``-m NAME`` names, and what follows it; (None, []): a script."""
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        option = arguments[index]
        if option in ("-X", "-W"):  # python's only short options whose value stands apart
            index += 2
        elif not option.startswith("--") and (match := _MODULE_OPTION.match(option)):
            following = arguments[index + 1 :]
            if match["joined"]:
                return match["joined"], following
            return (following[0], following[1:]) if following else (None, [])
        else:
            index += 1
    return None, []


def recognise(argv: list[str]) -> Runner | None:
    """Name the runner that ``argv`` starts; None: not one we know, or hidden behind a script or a Makefile.

    >>> recognise(["python", "-m", "pytest", "-q"])
    'pytest'
    >>> recognise(["uv", "run", "pytest"])
    'pytest'
    >>> recognise(["make", "test"])
    """
    head, rest = re.split(r"[/\\]", argv[0])[-1], argv[1:]
    if _PYTEST.match(head):
        return "pytest"
    if _PYTHON.match(head):
        module, following = _module(rest)
        return recognise([module, *following]) if module in ("pytest", "coverage") else None
    if head == "coverage" and rest[:1] == ["run"]:
        return "pytest" if ("-m", "pytest") in pairwise(rest) else None
    if head in _LAUNCHERS and rest[:1] == ["run"]:
        for index, argument in enumerate(rest[1:], start=1):
            if not argument.startswith("-"):
                return recognise(rest[index:])
    return None


def report_to(argv: list[str], path: str) -> list[str]:
    """Return ``argv`` with a report of its own (``--junitxml=X``) sent to ``path`` instead.

    The report is asked for in ``PYTEST_ADDOPTS``, and an option on the command line would override that.
    """
    changed: list[str] = []
    value_follows = False
    for argument in argv:
        option, equals, _ = argument.partition("=")
        if value_follows:
            changed.append(path)
        elif equals and option in _REPORT_OPTIONS:
            changed.append(f"{option}={path}")
        else:
            changed.append(argument)
        value_follows = not value_follows and argument in _REPORT_OPTIONS
    return changed
