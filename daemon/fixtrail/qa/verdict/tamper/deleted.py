"""Tests that were there before the fix and are gone."""

import ast

from fixtrail_protocol.qa import TamperFlag

from fixtrail.qa.verdict.tamper.source import Fix, functions, is_test, parse

_SOURCES = (
    *(".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".scala", ".rb", ".php", ".cs"),
    *(".c", ".cc", ".cpp", ".swift"),
)
"""Test files that are not looked into; what else lies in a folder of tests is data."""


def find(fix: Fix) -> list[TamperFlag]:
    """Flag test functions, and test files, that are gone. One that was moved or only renamed is still there."""
    names: set[str] = set()
    bodies: set[str] = set()
    for file in fix.test_sources():
        old = functions(parse(file.old))
        for name, node in functions(parse(file.new)).items():
            if is_test(name):
                bodies.add(_body(node))
            if name not in old:
                names.add(name)
    flags = []
    for file in fix.files:
        if not file.is_test or file.old is None:
            continue
        if file.new is not None and not file.is_python:
            continue
        tests = {name: node for name, node in functions(parse(file.old)).items() if is_test(name)}
        left = functions(parse(file.new))
        if file.new is not None and parse(file.new) is None:
            continue  # it cannot be read as Python; then it cannot be imported either, and the runs say so
        gone = [
            name for name, node in tests.items() if name not in left and name not in names and _body(node) not in bodies
        ]
        if file.new is None and (gone or file.path.endswith(_SOURCES)):
            flags.append(
                TamperFlag(kind="tests_deleted", detail="The file was deleted.", file_path=file.path, tests=gone)
            )
        elif gone:
            words = "1 test was" if len(gone) == 1 else f"{len(gone)} tests were"
            flags.append(TamperFlag(kind="tests_deleted", detail=f"{words} deleted.", file_path=file.path, tests=gone))
    return flags


def removed(fix: Fix) -> frozenset[str]:
    """Return the bare names of test functions that are not where they were: deleted, moved or renamed.

    :func:`find` has judged these; the runs need not tell of them again.
    """
    names: set[str] = set()
    for file in fix.test_sources():
        left = functions(parse(file.new))
        names.update(name.rpartition("::")[2] for name in functions(parse(file.old)) if name not in left)
    return frozenset(names)


def _body(node: ast.AST) -> str:
    body = getattr(node, "body", [])
    return "\n".join(ast.dump(part) for part in body)
