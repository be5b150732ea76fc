"""Takes a command line apart: launchers, the test runner they start, and the runner's own arguments."""

import re
from dataclasses import dataclass

_PYTEST = re.compile(r"^(pytest|py\.test)(-3(\.\d+)?)?$")
_PYTHON = re.compile(r"^(python|pypy)(\d+(\.\d+)?)?$")
_MODULE_OPTION = re.compile(r"^-[A-Za-z]*?m(?P<joined>.*)$")
_ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")
_TOOLS = {"go": "go", "cargo": "cargo", "jest": "jest", "vitest": "vitest", "mvn": "maven", "mvnw": "maven"}
_MODULES = {"pytest": "pytest", "unittest": "unittest"}
_NODE_PROGRAMS = {"jest.js": "jest", "jest": "jest", "vitest.mjs": "vitest", "vitest": "vitest"}
_PYTHON_LAUNCHERS = frozenset({"uv", "poetry", "pdm", "pipenv", "hatch", "rye"})
_NODE_LAUNCHERS = frozenset({"npx", "bunx", "pnpx"})
_WITH_VALUE = frozenset(
    {
        *("--with", "--with-requirements", "--with-editable", "--extra", "--group", "--only-group", "--no-group"),
        *("--python", "-p", "--package", "--env-file", "--project", "--directory", "--index"),
        *("-r", "--require", "--import", "--loader"),
    }
)
"""Options of launchers whose value stands apart."""


@dataclass(frozen=True)
class Invocation:
    """A command line whose runner is known.

    Attributes
    ----------
    tool
        The program: ``pytest unittest go cargo jest vitest maven``.
    prefix
        All before the program's own arguments: launchers and the program, for unittest ``-m unittest`` too.
    arguments
        The program's own.
    """

    tool: str
    prefix: list[str]
    arguments: list[str]

    def argv(self, arguments: list[str] | None = None) -> list[str]:
        """Return the whole command line, with other arguments if they are given."""
        return [*self.prefix, *(self.arguments if arguments is None else arguments)]


def take_apart(argv: list[str], at: int = 0) -> Invocation | None:
    """Find the program that ``argv`` starts, from its word ``at`` on; None: not one we know, or hidden behind a script.

    >>> take_apart(["uv", "run", "pytest", "-q"])
    Invocation(tool='pytest', prefix=['uv', 'run', 'pytest'], arguments=['-q'])
    >>> take_apart(["make", "test"])
    """
    if at >= len(argv):
        return None
    head = _program(argv[at])
    if _PYTEST.match(head):
        return _found(argv, "pytest", at + 1)
    if head in _TOOLS:
        return _found(argv, _TOOLS[head], at + 1)
    if _PYTHON.match(head):
        return _module(argv, at + 1)
    if head == "coverage":
        return _coverage(argv, at + 1)
    if head == "node":
        return _node(argv, at + 1)
    following = _after_launcher(head, argv, at + 1)
    return take_apart(argv, following) if following is not None else None


def _found(argv: list[str], tool: str, end: int) -> Invocation:
    return Invocation(tool, argv[:end], argv[end:])


def _program(word: str) -> str:
    return re.sub(r"\.(exe|cmd)$", "", re.split(r"[/\\]", word)[-1])


def _module(argv: list[str], at: int) -> Invocation | None:
    """Read python's options up to ``-m NAME``, which ends them; a script is none of ours."""
    while at < len(argv) and argv[at].startswith("-"):
        option = argv[at]
        if option in ("-X", "-W"):  # python's only short options whose value stands apart
            at += 2
        elif not option.startswith("--") and (match := _MODULE_OPTION.match(option)):
            name, at = (match["joined"], at + 1) if match["joined"] else ("".join(argv[at + 1 : at + 2]), at + 2)
            if name == "coverage":
                return _coverage(argv, at)
            return _found(argv, _MODULES[name], at) if name in _MODULES else None
        else:
            at += 1
    return None


def _coverage(argv: list[str], at: int) -> Invocation | None:
    if argv[at : at + 1] != ["run"]:
        return None
    for place in range(at + 1, len(argv) - 1):
        if argv[place] == "-m":
            name = argv[place + 1]
            return _found(argv, _MODULES[name], place + 2) if name in _MODULES else None
    return None


def _node(argv: list[str], at: int) -> Invocation | None:
    place = _first_word(argv, at)
    tool = _NODE_PROGRAMS.get(_program(argv[place])) if place is not None else None
    return _found(argv, tool, place + 1) if tool is not None and place is not None else None


def _first_word(argv: list[str], at: int) -> int | None:
    """Return where a launcher's own options end."""
    while at < len(argv) and argv[at].startswith("-"):
        if argv[at] == "--":
            return at + 1
        if argv[at] in ("-c", "--call"):  # a line for a shell
            return None
        at += 2 if argv[at] in _WITH_VALUE else 1
    return at if at < len(argv) else None


def _after_launcher(head: str, argv: list[str], at: int) -> int | None:
    """Return where the command begins that a launcher starts; None: no launcher, or one that names a script."""
    if head in _PYTHON_LAUNCHERS and argv[at : at + 1] == ["run"]:
        return _first_word(argv, at + 1)
    if head in _NODE_LAUNCHERS:
        return _first_word(argv, at)
    # 'npm test' and 'yarn run check' name a script in package.json, which may do anything.
    if head in ("pnpm", "yarn") and argv[at : at + 1] in (["jest"], ["vitest"]):
        return at
    if (head, *argv[at : at + 1]) in (("pnpm", "exec"), ("bun", "x")):
        return _first_word(argv, at + 1)
    if head == "npm" and argv[at : at + 2] == ["exec", "--"]:  # without it npm takes the runner's options for its own
        return at + 2
    if head == "env":
        while at < len(argv) and _ASSIGNMENT.match(argv[at]):
            at += 1
        return at
    return None
