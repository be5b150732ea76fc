"""Five real bug fixes, in the engine: the tests that fail before the fix and pass after it are those it is about."""

import os
import tarfile
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail_protocol.qa import TestRun

from tests.fixes import FIXES, Fix
from tests.support.sandbox import QUICK, engine  # noqa: F401  engine is a fixture

SOURCES = os.environ.get("FIXTRAIL_FIXES")

pytestmark = [
    pytest.mark.docker,
    pytest.mark.usefixtures("engine"),
    pytest.mark.skipif(SOURCES is None, reason="FIXTRAIL_FIXES is not set: run scripts/setup-fixes"),
]


async def _run(folder: Path) -> TestRun:
    tree = folder.with_suffix(".tar")
    with tarfile.open(tree, "w") as archive:
        for each in sorted(folder.iterdir()):
            archive.add(each, each.name)
    return await run_tests(Job(["python", "-m", "pytest", "-q"], tree, None, "test-real-fixes"), QUICK)


def _outcomes(run: TestRun) -> dict[str, str]:
    return {case.name: case.outcome for case in run.cases or []}


@pytest.mark.parametrize("fix", FIXES, ids=lambda fix: fix.name)
async def test_fail_to_pass_lists_exactly_the_tests_the_fix_is_about(fix: Fix, tmp_path: Path) -> None:
    before, after = fix.unpack(Path(SOURCES or ""), tmp_path)

    broken, fixed = await _run(before), await _run(after)

    assert (broken.verdict, fixed.verdict) == ("failed", "passed")
    first, last = _outcomes(broken), _outcomes(fixed)
    assert first.keys() == last.keys()
    assert {name for name in last if (first[name], last[name]) == ("failed", "passed")} == fix.expected
    assert {name for name in last if first[name] != last[name]} == fix.expected
