"""Five real bug fixes, in the engine: the tests that fail before the fix and pass after it are those it is about."""

import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from fixtrail.qa.verdict import Fixed, assess_tests
from fixtrail.store.tree import TreeStore

from tests.fixes import FIXES, Fix
from tests.support.sandbox import QUICK, engine  # noqa: F401  engine is a fixture

SOURCES = os.environ.get("FIXTRAIL_FIXES")

pytestmark = [
    pytest.mark.docker,
    pytest.mark.usefixtures("engine"),
    pytest.mark.skipif(SOURCES is None, reason="FIXTRAIL_FIXES is not set: run scripts/setup-fixes"),
]


def _fixed(before: Path, after: Path, where: Path) -> Fixed:
    """Write both folders as trees, one over the other in one repository, as a developer's workspace would be."""
    workspace = where / "workspace"
    workspace.mkdir()
    subprocess.run(["git", "init", "--quiet", str(workspace)], check=True, capture_output=True)
    store = TreeStore(workspace, where / "objects")
    trees = []
    for folder in (before, after):
        shutil.copytree(folder, workspace, dirs_exist_ok=True)
        trees.append(store.write())
    argv = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return Fixed(store, trees[0], trees[1], argv, f"test-{uuid.uuid4().hex}")


@pytest.mark.parametrize("fix", FIXES, ids=lambda fix: fix.name)
async def test_fail_to_pass_lists_exactly_the_tests_the_fix_is_about(fix: Fix, tmp_path: Path) -> None:
    before, after = fix.unpack(Path(SOURCES or ""), tmp_path)

    found = await assess_tests(_fixed(before, after, tmp_path), QUICK, progress=lambda _: None)

    comparison = found.comparison
    assert comparison is not None
    assert (found.tests.verdict, comparison.status) == ("passed", "compared")
    assert comparison.before is not None
    assert comparison.before.verdict == "failed"
    assert set(comparison.fail_to_pass) == fix.expected
    assert len(comparison.fail_to_pass) == len(fix.expected)
    assert (comparison.pass_to_fail, comparison.fail_to_fail, comparison.flaky) == ([], [], [])
    assert len(comparison.pass_to_pass) > 100
    assert comparison.tamper == []
