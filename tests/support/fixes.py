"""Small bug fixes to assess: a repository before and after, as finalize sees it."""

import subprocess
import textwrap
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fixtrail.qa.verdict import Fixed
from fixtrail.store.tree import TreeStore
from fixtrail_protocol.commands import parse_test_command
from fixtrail_protocol.qa import Comparison

Files = Mapping[str, str | None]


def make_fix(where: Path, before: Files, after: Files, command: str = "pytest -q") -> Fixed:
    """Write ``before`` and then ``after`` (None: the file is deleted) into a git repository in ``where``.

    Both states are trees of the store; the repository itself holds neither.
    """
    workspace = where / "repository"
    workspace.mkdir()
    subprocess.run(["git", "init", "--quiet", str(workspace)], check=True, capture_output=True)
    store = TreeStore(workspace, where / "objects")
    trees = []
    for state in (before, after):
        for name, text in state.items():
            path = workspace / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(textwrap.dedent(text))
        trees.append(store.write())
    return Fixed(store, trees[0], trees[1], parse_test_command(command), f"test-{uuid.uuid4().hex}")


@dataclass(frozen=True)
class Lists:
    """The four lists of a comparison, to be compared at once."""

    fail_to_pass: list[str]
    pass_to_pass: list[str]
    pass_to_fail: list[str]
    fail_to_fail: list[str]

    @classmethod
    def of(cls, found: Comparison | None) -> "Lists":
        assert found is not None
        return cls(found.fail_to_pass, found.pass_to_pass, found.pass_to_fail, found.fail_to_fail)


def flags(found: Comparison | None) -> dict[str, list[str]]:
    """Return the tamper flags: for each kind the tests, or else the files, it names."""
    assert found is not None
    named: dict[str, list[str]] = {}
    for flag in found.tamper:
        named.setdefault(flag.kind, []).extend(flag.tests or [flag.file_path or flag.detail])
    return named
