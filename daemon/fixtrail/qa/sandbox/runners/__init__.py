"""Test runners: recognised in an argument list, asked for a report that fixtrail can read, read, and run again in part.

Each has a module. A runner is added by a class there, a line here, and a sample project in ``tests/fixtures/runners``.
A command that starts none of them is run as it is, and its exit code decides alone.
"""

from collections.abc import Sequence
from importlib import resources

from fixtrail.qa.sandbox.runners.asked import as_given
from fixtrail.qa.sandbox.runners.base import Account, Left, Meaning, Name, TestRunner
from fixtrail.qa.sandbox.runners.cargo import CargoTest
from fixtrail.qa.sandbox.runners.command import Invocation, take_apart
from fixtrail.qa.sandbox.runners.go import GoTest
from fixtrail.qa.sandbox.runners.jest import Jest
from fixtrail.qa.sandbox.runners.maven import Maven
from fixtrail.qa.sandbox.runners.pytest import Pytest
from fixtrail.qa.sandbox.runners.unittest import Unittest
from fixtrail.qa.sandbox.runners.vitest import Vitest

__all__ = ["Account", "Left", "Runner", "ask", "exit_meaning", "inside", "read", "recognise", "run_all", "select"]

Runner = Name

_ALL: dict[str, TestRunner] = {
    each.name: each for each in (Pytest(), Unittest(), GoTest(), CargoTest(), Jest(), Vitest(), Maven())
}


def _find(argv: Sequence[str]) -> tuple[TestRunner, Invocation] | None:
    call = take_apart(as_given(argv))
    runner = _ALL[call.tool] if call is not None else None
    return (runner, call) if runner is not None and call is not None and runner.runs_tests(call) else None


def recognise(argv: Sequence[str]) -> Runner | None:
    """Name the runner that ``argv`` starts; None: not one we know, or hidden behind a script or a Makefile.

    >>> recognise(["python", "-m", "pytest", "-q"]), recognise(["npx", "vitest", "run"])
    ('pytest', 'vitest')
    >>> recognise(["npm", "test"]), recognise(["go", "build"])
    (None, None)
    """
    found = _find(argv)
    return found[0].name if found is not None else None


def ask(argv: Sequence[str], path: str) -> list[str]:
    """Return the command line that leaves the runner's report at ``path`` in the container.

    A command that starts no runner we know is returned as it is.
    """
    found = _find(argv)
    return found[0].ask(found[1], path) if found is not None else list(argv)


def read(runner: Runner | None, left: Left) -> Account:
    """Return what a run tells of its tests. A runner we do not know may have left JUnit XML: a script around pytest."""
    return (_ALL[runner] if runner is not None else Pytest()).read(left)


def exit_meaning(runner: Runner | None, exit_code: int | None) -> Meaning | None:
    """Return what an exit code says beyond success and failure."""
    if runner is None or exit_code is None:
        return None
    return _ALL[runner].exit_codes.get(exit_code)


def select(argv: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """Return the command line that runs only the tests ``names``, as reports have them; None: run the whole.

    Not for pytest, whose names can be told only with the files at hand: :mod:`fixtrail.qa.verdict.selection`.
    """
    found = _find(run_all(argv))
    return found[0].select(found[1], names) if found is not None and names else None


def run_all(argv: Sequence[str]) -> list[str]:
    """Return the command line that gives as many results as it can: no failure keeps other tests from running."""
    found = _find(argv)
    return found[0].run_all(found[1]) if found is not None else list(argv)


def inside(runner: Runner | None) -> dict[str, bytes]:
    """Return the files, by name, that this runner needs in the container's folder :data:`.base.FOLDER`."""
    name = _ALL[runner].inside if runner is not None else None
    if name is None:
        return {}
    return {name: (resources.files("fixtrail.qa.sandbox.inside") / name).read_bytes()}
