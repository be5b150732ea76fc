"""What a fix did to files, and Python sources taken apart into functions. Sources are hostile: parsing is bounded."""

import ast
import functools
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

MAX_SOURCE_BYTES = 2 * 1024**2
"""A longer file is not parsed."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class ChangedFile:
    """A file of the fix; ``old`` and ``new`` are its contents, None where it is not there."""

    path: str
    old: bytes | None
    new: bytes | None
    is_test: bool
    is_configuration: bool

    @property
    def is_python(self) -> bool:
        """Whether its source can be looked into."""
        return self.path.endswith(".py")


@dataclass(frozen=True)
class Fix:
    """What the detectors look at.

    Attributes
    ----------
    files
        The tests and the configuration that the fix touched.
    before, after
        All paths of the tree before and after.
    """

    files: Sequence[ChangedFile]
    before: Collection[str]
    after: Collection[str]

    def test_sources(self) -> Iterator[ChangedFile]:
        """Yield the Python test files that the fix touched, conftest included."""
        return (file for file in self.files if file.is_test and file.is_python)


@functools.lru_cache(maxsize=64)
def parse(source: bytes | None) -> ast.Module | None:
    """Return the syntax tree of ``source``; None for a file that is not there or that Python would not take."""
    if source is None or len(source) > MAX_SOURCE_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an odd escape in their source, which is not our concern
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def functions(module: ast.Module | None) -> dict[str, Function]:
    """Return the functions of a module and of its classes by qualified name, the last of each name."""
    found: dict[str, Function] = {}
    waiting: list[tuple[str, Sequence[ast.stmt]]] = [("", module.body if module is not None else ())]
    while waiting:
        prefix, body = waiting.pop()
        for node in body:
            if isinstance(node, Function):
                found[f"{prefix}{node.name}"] = node
            elif isinstance(node, ast.ClassDef):
                waiting.append((f"{prefix}{node.name}::", node.body))
            elif isinstance(node, (ast.If, ast.Try, ast.With)):
                waiting.append((prefix, node.body))
                waiting.append((prefix, getattr(node, "orelse", ())))
    return found


def is_test(name: str) -> bool:
    """Whether pytest or unittest takes a function of this qualified name for a test."""
    return name.rpartition("::")[2].startswith("test")


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` of a name, an attribute or a call of one; empty for anything else."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Name):
            return ".".join([node.id, *reversed(parts)])
        else:
            return ""
