"""What a command line runs, as far as its words tell: tests, the project's own program, a linter, a look at a file.

Reads the line as a shell would split it, and runs nothing.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

READ_CHARACTERS = 2_000
"""Of a command line; what follows, such as a long here-document, is not looked at."""

_TOKEN = re.compile(
    r"""(?P<operator>\|\||&&|\|&|[;|&\n])"""
    r"""|(?P<redirect>\d*(?:>>?|<<?<?)&?\d*)"""
    r"""|(?P<word>(?:[^\s'"\\;|&<>]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+)|\s+|.""",
    re.DOTALL,
)
_QUOTES = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)""", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")

_WRAPPERS = frozenset({"sudo", "env", "time", "nohup", "nice", "command", "exec", "xvfb-run", "npx", "stdbuf", "bunx"})
_RUNNERS_OF = {
    "uv": {"run"},
    "poetry": {"run"},
    "pipenv": {"run"},
    "pdm": {"run"},
    "hatch": {"run"},
    "rye": {"run"},
    "bundle": {"exec"},
    "pnpm": {"exec", "dlx"},
    "coverage": {"run"},
    "fixtrail": {"run"},
}
"""Programs that run another one, after this word."""

_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?|pypy3?")
_INTERPRETERS = frozenset(
    {"node", "ruby", "php", "perl", "java", "bash", "sh", "zsh", "ts-node", "tsx", "Rscript", "lua"}
)
_MODULES_NOT_OF_THE_PROJECT = frozenset({"pip", "venv", "build", "compileall", "http.server", "json.tool", "ensurepip"})

_TEST_PROGRAMS = frozenset(
    {
        *("pytest", "py.test", "pytest-3", "unittest", "tox", "nox", "nose2", "behave", "trial"),
        *("jest", "vitest", "mocha", "ava", "rspec", "phpunit", "ctest", "nextest", "gotestsum"),
    }
)
_TEST_TASKS = frozenset({"test", "tests", "check", "verify", "t"})
_TASK_PROGRAMS = frozenset(
    {
        *("make", "just", "npm", "yarn", "pnpm", "bun", "deno", "rake", "mix", "composer", "bazel", "sbt", "zig"),
        *("go", "cargo", "dotnet", "mvn", "mvnw", "gradle", "gradlew", "swift", "react-scripts", "manage.py"),
    }
)
_NO_CHECK = frozenset({"cargo", "go", "deno", "dotnet", "bun"})
"""Where ``check`` means types or style."""
_TEST_SCRIPT = re.compile(r"(?:run[-_]?)?(?:unit[-_]?)?tests?(?:\.(?:sh|py|js|rb|bash))?")
_NO_RUN = frozenset({"--collect-only", "--co", "--version", "-V", "--help", "-h", "--fixtures", "--markers", "--list"})
_CHOOSES = frozenset(
    {"-k", "-m", "--lf", "--last-failed", "-run", "-t", "--testNamePattern", "--grep", "-g", "--deselect"}
)
_WHOLE = frozenset({".", "./...", "tests", "tests/", "test", "test/", "src", "./", "spec", "all"})

LINTERS = frozenset(
    {
        *("ruff", "flake8", "pylint", "pyflakes", "pycodestyle", "eslint", "biome", "stylelint", "shellcheck"),
        *("golangci-lint", "rubocop", "bandit", "clippy", "vet", "lint", "standard"),
    }
)
TYPE_CHECKERS = frozenset({"mypy", "pyright", "basedpyright", "tsc", "pyre", "ty"})
FORMATTERS = frozenset({"black", "isort", "prettier", "gofmt", "rustfmt", "yapf"})
EDITORS = frozenset({"vi", "vim", "nvim", "nano", "emacs", "ed", "micro", "hx", "helix", "kak", "code"})
_TOOLS = _MODULES_NOT_OF_THE_PROJECT | LINTERS | TYPE_CHECKERS | FORMATTERS
SEARCHERS = frozenset({"grep", "rg", "ag", "ack", "egrep", "fgrep"})
_READERS = EDITORS | SEARCHERS | {"cat", "less", "more", "head", "tail", "bat", "batcat", "sed", "nl", "awk", "diff"}


@dataclass(frozen=True, slots=True)
class Call:
    """One program that a command line runs; ``after`` is the operator before the next one, empty for the last."""

    program: str
    arguments: tuple[str, ...]
    after: str = ""
    path: str = ""
    module: bool = False
    """A Python module, run with ``-m``."""

    def task(self) -> str | None:
        """Return the first argument that is no option and no ``run``."""
        return next((word for word in self.arguments if word != "run" and word[:1] not in ("-", "+")), None)


@lru_cache(maxsize=4_096)
def calls_of(command: str) -> tuple[Call, ...]:
    """Return the programs that ``command`` runs, in order; empty for a line that is not understood."""
    found: list[Call] = []
    words: list[str] = []
    target = False
    for token in _TOKEN.finditer(command[:READ_CHARACTERS]):
        if token["word"] is not None:
            if not target:
                words.append(token["word"])
            target = False
        elif token["redirect"] is not None:
            target = not token["redirect"][-1:].isdigit()
        elif token["operator"] is not None:
            found += _call(words, token["operator"])
            words, target = [], False
    return (*found, *_call(words, ""))


def _call(words: list[str], operator: str) -> list[Call]:
    plain = [_unquoted(word) for word in words]
    start, module = 0, False
    while start < len(plain):
        word = plain[start]
        name = _name(word)
        following = plain[start + 1] if start + 1 < len(plain) else ""
        if _ASSIGNMENT.match(word) or name in _WRAPPERS:
            start += 1
        elif name == "timeout" or following in _RUNNERS_OF.get(name, ()):
            start += 2
        elif following == "-m" and _PYTHON.fullmatch(name):
            start, module = start + 2, True
        elif word.startswith("-") and start > 0:
            module = module or word == "-m"  # an option of the wrapper before; `coverage run -m`
            start += 1
        else:
            return [Call(name, tuple(plain[start + 1 :]), operator, word, module)]
    return []


def _unquoted(word: str) -> str:
    return _QUOTES.sub(lambda found: found[1] or found[2] or found[3] or "", word)


def _name(word: str) -> str:
    return word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe").removesuffix(".cmd")


def is_test(call: Call) -> bool:
    """Whether the call runs tests."""
    if _NO_RUN.intersection(call.arguments):
        return False
    if call.program in _TEST_PROGRAMS:
        return True
    if call.program in _TASK_PROGRAMS:
        return _is_test_task(call.program, call.task())
    if _PYTHON.fullmatch(call.program) and call.arguments:
        script = _name(call.arguments[0])
        if script == "manage.py":
            return call.arguments[1:2] == ("test",)
        return bool(_TEST_SCRIPT.fullmatch(script)) and script != "test"
    if call.program in _INTERPRETERS and call.arguments:
        return bool(_TEST_SCRIPT.fullmatch(_name(call.arguments[0])))
    # The word alone is the shell's own `test`.
    return ("/" in call.path or "." in call.program) and bool(_TEST_SCRIPT.fullmatch(call.program))


def _is_test_task(program: str, task: str | None) -> bool:
    if task is None:
        return False
    last = task.rpartition(":")[2] if program.startswith("gradle") else task.partition(":")[0]
    if last == "check" and program in _NO_CHECK:
        return False
    return last in _TEST_TASKS or last == "nextest" or re.match(r"tests?[-_:]", last) is not None


def is_part(call: Call) -> bool:
    """Whether a call that runs tests chooses some of them; an unknown argument counts as a choice."""
    words = list(call.arguments)
    if _PYTHON.fullmatch(call.program) or call.program in _INTERPRETERS:
        words = words[2:] if _name(words[0]) == "manage.py" else words[1:]
    if call.program in _TASK_PROGRAMS and (task := call.task()) in words:
        words = words[words.index(task) + 1 :] if task is not None else words
    if _CHOOSES.intersection(word.partition("=")[0] for word in words):
        return True
    return any(not word.startswith("-") and word not in _WHOLE and not word.isdigit() for word in words)


def runs_project(call: Call) -> bool:
    """Whether the call runs a program of the project itself, rather than a tool."""
    if call.module:
        tool = call.program in _MODULES_NOT_OF_THE_PROJECT or call.program in LINTERS | TYPE_CHECKERS | {
            "black",
            "isort",
        }
        return not tool and not is_test(call)
    if _PYTHON.fullmatch(call.program) or call.program in _INTERPRETERS:
        return any(word in ("-c", "-e") or not word.startswith("-") for word in call.arguments)
    if call.program in ("cargo", "go", "dotnet", "deno", "swift", "zig"):
        return call.arguments[:1] == ("run",)
    return call.path.startswith("./")


def searches(call: Call) -> bool:
    """Whether the call searches for words in files."""
    return call.program in SEARCHERS or (call.program == "git" and call.arguments[:1] == ("grep",))


def reads(call: Call, path: str) -> bool:
    """Whether the call shows the file ``path``, or lines of it."""
    if call.program == "git":
        if call.arguments[:1] not in (("show",), ("blame",), ("diff",), ("log",)):
            return False
    elif call.program not in _READERS:
        return False
    return any(names(word, path) for word in call.arguments)


def names(word: str, path: str) -> bool:
    """Whether ``word`` names the file ``path``: the whole of it, or its last parts."""
    word = word.rpartition(":")[2] if ":" in word else word
    word = word.removeprefix("./").rstrip("/")
    return bool(word) and (path == word or path.endswith(f"/{word}") or word.endswith(f"/{path}"))


def last_part(word: str) -> str:
    """Return the file's name at the end of ``word``, which may be a path or ``REVISION:path``."""
    return re.split(r"[/:]", word.rstrip("/"))[-1]


def restores(call: Call) -> tuple[str, ...]:
    """Return what a git call puts back to what was committed: paths, ``.`` for everything; empty for nothing."""
    if call.program != "git" or not call.arguments:
        return ()
    action, *rest = call.arguments
    paths = tuple(word for word in rest if not word.startswith("-"))
    if action == "reset":
        return (".",) if "--hard" in rest else ()
    if action == "restore":
        return () if "--staged" in rest and "--worktree" not in rest else paths
    if action == "checkout" and "--" in rest:
        return tuple(rest[rest.index("--") + 1 :])
    if action == "checkout" and not {"-b", "-B"}.intersection(rest):
        return tuple(word for word in paths if word == "." or PurePosixPath(word).suffix)
    return ()


def exit_code_is_of(calls: tuple[Call, ...], index: int) -> bool:
    """Whether the line's exit code tells how the call at ``index`` ended: only ``&&`` may follow it."""
    return all(call.after == "&&" for call in calls[index:-1])
