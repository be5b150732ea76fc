"""Undoes what a runner's module did to a command line, so that a receipt's command can be run again."""

from collections.abc import Sequence

from fixtrail.qa.sandbox.runners.base import FOLDER

_SHELL = "/bin/sh"


def as_given(argv: Sequence[str]) -> list[str]:
    """Return a command line without the scripts of ours in it.

    >>> as_given(["/bin/sh", "/fixtrail/inside/go_test.sh", "REPORT", "go", "test"])
    ['go', 'test']
    >>> as_given(["python", "/fixtrail/inside/unittest_report.py", "REPORT", "-v"])
    ['python', '-m', 'unittest', '-v']
    """
    ours = next((at for at, word in enumerate(argv) if word.startswith(f"{FOLDER}/")), None)
    if ours is None:
        return list(argv)
    if argv[ours].endswith(".py"):
        return [*argv[:ours], "-m", "unittest", *argv[ours + 2 :]]
    return list(argv[ours + 2 :]) if list(argv[:ours]) == [_SHELL] else list(argv)
