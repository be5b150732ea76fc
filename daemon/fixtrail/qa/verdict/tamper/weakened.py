"""Tests that check less than before the fix: fewer assertions that can fail."""

import ast
from collections.abc import Iterator, Sequence

from fixtrail_protocol.qa import TamperFlag

from fixtrail.qa.verdict.tamper.source import Fix, Function, dotted, functions, parse

_CALLS = frozenset({"raises", "warns", "deprecated_call", "fail", "assertRaises", "assertWarns"})
_SWALLOWED = frozenset({"AssertionError", "Exception", "BaseException"})


def find(fix: Fix) -> list[TamperFlag]:
    """Flag functions of test files, helpers included, that have fewer assertions than before.

    A value that is asserted more loosely than before is not seen: that the baseline's version of a test fails is.
    """
    flags = []
    for file in fix.test_sources():
        old, new = functions(parse(file.old)), functions(parse(file.new))
        fewer = {
            name: (before, after)
            for name in old.keys() & new.keys()
            if (before := assertions(old[name])) > (after := assertions(new[name]))
        }
        if fewer:
            counts = ", ".join(f"{name}: {before} to {after}" for name, (before, after) in sorted(fewer.items())[:5])
            detail = f"Fewer assertions that can fail than before ({counts})."
            flags.append(TamperFlag(kind="tests_weakened", detail=detail, file_path=file.path, tests=sorted(fewer)))
    return flags


def assertions(function: Function) -> int:
    """Count the assertions in ``function`` that are reached and can fail.

    Not counted: ``assert True`` and ``assert x or True``, what stands behind a ``return``, and what stands in a ``try``
    that swallows its failure.
    """
    return sum(1 for node in _reached(function.body) if _is_assertion(node))


def _reached(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        if isinstance(statement, ast.Return | ast.Continue | ast.Break):
            yield from ast.walk(statement)
            return
        if isinstance(statement, ast.If | ast.While) and _always(statement.test) is False:
            yield from _reached(statement.orelse)
            continue
        inner = [part for name in ("body", "orelse", "finalbody") for part in getattr(statement, name, ())]
        if not inner:
            yield from ast.walk(statement)
            continue
        for name in ("items", "test", "iter"):  # the heads of with, if and for
            head = getattr(statement, name, ())
            for node in head if isinstance(head, list) else (head,):
                yield from ast.walk(node) if isinstance(node, ast.AST) else ()
        handlers = getattr(statement, "handlers", ())
        if not any(map(_swallows, handlers)):
            yield from _reached(getattr(statement, "body", ()))
        for part in (*(handler.body for handler in handlers), *_others(statement)):
            yield from _reached(part)


def _others(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    return (getattr(statement, name, ()) for name in ("orelse", "finalbody"))


def _is_assertion(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return _always(node.test) is not True
    if not isinstance(node, ast.Call):
        return False
    name = dotted(node).rpartition(".")[2]
    if name in ("assertTrue", "assertFalse") and node.args and _always(node.args[0]) is (name == "assertTrue"):
        return False
    return name in _CALLS or name.startswith("assert")


def _always(node: ast.expr) -> bool | None:
    """Return the truth of an expression that has the same whatever the code does; None: it depends."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _always(node.operand)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        values = [_always(value) for value in node.values]
        if isinstance(node.op, ast.Or):
            return True if True in values else None
        return False if False in values else None
    if isinstance(node, ast.Tuple) and node.elts:
        return True
    return None


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a failed assertion ends in this handler."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    takes = any(kind is None or dotted(kind).rpartition(".")[2] in _SWALLOWED for kind in caught)
    return takes and not any(isinstance(node, ast.Raise) or _fails(node) for node in ast.walk(handler))


def _fails(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node).rpartition(".")[2] in ("fail", "exit")
