"""Runs only some of the tests a command runs: what pytest's arguments have to be for it, with the tree's files at hand.

Other runners need no files: :mod:`fixtrail.qa.sandbox.runners`.
"""

import re
from collections.abc import Collection, Sequence

from fixtrail.qa.sandbox import runners

RUN_ALL = ("--continue-on-collection-errors", "--maxfail=0")
"""For runs that are compared: one file that cannot be imported, or one failure, must not hide the other results."""

MAX_SELECTED = 400
MAX_SELECTED_CHARACTERS = 60_000
"""More is run whole: an argument list has a limit (128 KiB for one argument, execve(2))."""

_PYTEST = re.compile(r"^(pytest|py\.test)(-3(\.\d+)?)?(\.exe)?$")
_WITH_VALUE = frozenset(
    {
        *("-k", "-m", "-c", "-p", "-o", "-W", "-n", "-r", "--rootdir", "--confcutdir", "--basetemp", "--ignore"),
        *("--ignore-glob", "--deselect", "--import-mode", "--junitxml", "--junit-xml", "--override-ini", "--durations"),
        *("--tb", "--color", "--capture", "--maxfail", "--log-level", "--cov-report", "--cov-config", "--timeout"),
        *("--numprocesses", "--dist", "--config-file", "--pythonwarnings"),
    }
)
_FLAG = re.compile(r"^-[qvxslh]+$|^--(verbose|quiet|exitfirst|no-\w+|strict[\w-]*|lf|ff|nf|sw|cov|doctest-modules)$")
_ESCAPED = re.compile(r"#x[0-9A-Fa-f]{2}")


def run_all(argv: Sequence[str], runner: str | None) -> list[str]:
    """Return ``argv`` so that it gives as many results as it can."""
    if runner != "pytest":
        return runners.run_all(argv)
    end = argv.index("--") if "--" in argv else len(argv)
    return [*argv[:end], *RUN_ALL, *argv[end:]]


def select(argv: Sequence[str], runner: str | None, names: Sequence[str], paths: Collection[str]) -> list[str] | None:
    """Return the arguments that run only ``names``.

    Parameters
    ----------
    names
        As reports have them: ``package.module.Class::test[parameters]``.
    paths
        The files of the tree.

    Returns
    -------
    list of str
        None when it cannot be told how: run the whole command instead.
    """
    if runner != "pytest":
        few = len(names) <= MAX_SELECTED and sum(map(len, names)) <= MAX_SELECTED_CHARACTERS
        return runners.select(argv, names) if few else None
    options = _without_paths(argv, paths)
    ids = node_ids(names, paths)
    if options is None or ids is None or len(ids) > MAX_SELECTED or sum(map(len, ids)) > MAX_SELECTED_CHARACTERS:
        return None
    return [*options, *RUN_ALL, *ids]


def node_ids(names: Sequence[str], paths: Collection[str]) -> list[str] | None:
    """Return pytest's node ids of ``names``; None if the file of one is not found, or may be one of several."""
    found = []
    for name in names:
        group, colons, test = name.partition("::")
        place = _file_of(group, paths)
        if place is None or _ESCAPED.search(test) or (colons and not test):
            return None
        path, classes = place
        if not colons and classes:
            return None
        found.append("::".join([path, *classes, *([test] if test else [])]))
    return found


def _file_of(group: str, paths: Collection[str]) -> tuple[str, list[str]] | None:
    """Return the file a report's class name stands for, and the classes inside it."""
    parts = group.split(".")
    for length in range(len(parts), 0, -1):
        candidate = "/".join(parts[:length]) + ".py"
        if candidate in paths:
            return candidate, parts[length:]
        # pytest's names begin at its own root, which may be a folder of the tree.
        below = [path for path in paths if path.endswith(f"/{candidate}")]
        if len(below) == 1:
            return below[0], parts[length:]
        if below:
            return None
    return None


def _without_paths(argv: Sequence[str], paths: Collection[str]) -> list[str] | None:
    """Return ``argv`` without the files and folders it names; None when a path may be the value of an option."""
    start = next((at for at, each in enumerate(argv) if _PYTEST.match(re.split(r"[/\\]", each)[-1])), None)
    if start is None:
        return None
    kept = list(argv[: start + 1])
    option: str | None = None
    for argument in argv[start + 1 :]:
        if argument == "--":
            break
        if argument.startswith("-") and option not in _WITH_VALUE:
            kept.append(argument)
            option = None if "=" in argument or _FLAG.match(argument) else argument
            continue
        if option in _WITH_VALUE:
            kept.append(argument)
        elif option is not None or not _is_place(argument, paths):
            return None
        option = None
    return kept


def _is_place(argument: str, paths: Collection[str]) -> bool:
    place = argument.partition("::")[0].removeprefix("./").rstrip("/")
    return place in ("", ".") or place in paths or any(path.startswith(f"{place}/") for path in paths)
