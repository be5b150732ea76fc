"""Tests that ran before the fix and are skipped, or expected to fail, after it."""

import ast
from collections import Counter
from collections.abc import Iterator

from fixtrail_protocol.qa import TamperFlag

from fixtrail.qa.verdict.tamper.source import Fix, dotted, functions, is_test, parse

_MARKS = frozenset({"skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure"})
_CALLS = frozenset({"pytest.skip", "pytest.xfail", "pytest.importorskip", "unittest.skip", "self.skipTest"})
_WHOLE_FILE = "(the whole file)"


def find(fix: Fix) -> list[TamperFlag]:
    """Flag test functions, classes and files that have more skips than before."""
    flags = []
    for file in fix.test_sources():
        if file.old is None or file.new is None:
            continue
        old, new = _skips(parse(file.old)), _skips(parse(file.new))
        known = functions(parse(file.old))
        more = [name for name in new if new[name] > old[name] and (name in known or not is_test(name))]
        if more:
            detail = "Skipped, or expected to fail, where it was not before."
            flags.append(TamperFlag(kind="tests_skipped", detail=detail, file_path=file.path, tests=more))
    return flags


def _skips(module: ast.Module | None) -> Counter[str]:
    """Count what skips, by the qualified name of the function or class it stands on."""
    found: Counter[str] = Counter()
    if module is None:
        return found
    for name, function in functions(module).items():
        found[name] += sum(map(_is_mark, function.decorator_list)) + sum(map(_is_call, ast.walk(function)))
    for name, node in _classes(module.body):
        found[name] += sum(map(_is_mark, node.decorator_list)) + sum(map(_switches_off, node.body))
    for statement in module.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[_WHOLE_FILE] += _switches_off(statement) or any(map(_is_call, ast.walk(statement)))
    return +found


def _classes(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.ClassDef]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield f"{prefix}{node.name}", node
            yield from _classes(node.body, f"{prefix}{node.name}::")


def _is_mark(node: ast.AST) -> bool:
    return dotted(node).rpartition(".")[2] in _MARKS


def _is_call(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise) and node.exc is not None:
        return dotted(node.exc).rpartition(".")[2] in ("SkipTest", "Skipped")
    return isinstance(node, ast.Call) and dotted(node) in _CALLS


def _switches_off(node: ast.stmt) -> bool:
    """Whether a statement is ``pytestmark = …skip…``, ``__test__ = False`` or ``collect_ignore = …``."""
    if not isinstance(node, ast.Assign):
        return False
    for target in node.targets:
        name = dotted(target)
        if name == "pytestmark" and any(map(_is_mark, ast.walk(node.value))):
            return True
        if name.rpartition(".")[2] == "__test__" and isinstance(node.value, ast.Constant) and not node.value.value:
            return True
        if name in ("collect_ignore", "collect_ignore_glob"):
            return True
    return False
