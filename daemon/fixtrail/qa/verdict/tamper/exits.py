"""Code in tests and conftest files that can end the run, or rewrite its results, before the tests have failed."""

import ast
from collections import Counter
from collections.abc import Iterator

from fixtrail_protocol.qa import TamperFlag

from fixtrail.qa.verdict.tamper.source import Fix, dotted, parse

_CALLS = frozenset(
    {"os._exit", "os.abort", "os.kill", "os.killpg", "sys.exit", "exit", "quit", "pytest.exit", "atexit.register"}
)
_RESULTS = frozenset({"exitstatus", "outcome", "testsfailed"})
"""Attributes of pytest's session and reports by which a hook can turn a failure into a pass."""


def find(fix: Fix) -> list[TamperFlag]:
    """Flag test and conftest files that the fix gave more of them."""
    flags = []
    for file in fix.test_sources():
        new = Counter(_hooks(parse(file.new))) - Counter(_hooks(parse(file.old)))
        if new:
            detail = f"It can end the run or rewrite its results: {', '.join(sorted(new))}."
            flags.append(TamperFlag(kind="exit_hook", detail=detail, file_path=file.path))
    return flags


def _hooks(module: ast.Module | None) -> Iterator[str]:
    waiting: list[ast.AST] = list(module.body) if module is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and _is_main(node.test):
            continue  # runs only where the file is run by hand
        if isinstance(node, ast.Call) and (name := _imported(dotted(node))) in _CALLS:
            yield name
        elif isinstance(node, ast.Raise) and node.exc is not None and dotted(node.exc) == "SystemExit":
            yield "raise SystemExit"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in _RESULTS:
                    yield f"{target.attr} ="
        waiting += ast.iter_child_nodes(node)


def _imported(name: str) -> str:
    """Return ``os._exit`` for ``_exit``, as after ``from os import _exit``."""
    return {"_exit": "os._exit", "abort": "os.abort"}.get(name, name)


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and dotted(test.left) == "__name__"
