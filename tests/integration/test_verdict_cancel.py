"""A cancel in each phase of an assessment: nothing is left of it, and no further run is made."""

import asyncio
from pathlib import Path

import pytest
from fixtrail.qa.verdict import assess_tests

from tests.support.fixes import make_fix
from tests.support.sandbox import QUICK, engine, leftovers  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

TESTS = """
    from calc import add

    def test_add():
        assert add(2, 2) == 4

    def test_old():
        assert add
"""
BEFORE = {"calc.py": "def add(a, b):\n    return a - b\n", "test_calc.py": TESTS}
AFTER = {"calc.py": "def add(a, b):\n    return a + b\n", "test_calc.py": TESTS.replace("_old", "_new")}


@pytest.mark.parametrize("step", ["Copying the tree", "Running the tests", "Reading the results"])
@pytest.mark.parametrize(
    "phase", ["(run 1,", "(run 2 of 3, the code before", "(run 3 of 3, the tests as", "(run 4, again", "(run 5, again"]
)
async def test_a_cancel_leaves_nothing(tmp_path: Path, phase: str, step: str) -> None:
    fixed = make_fix(tmp_path, BEFORE, AFTER)
    reached = asyncio.Event()
    said: list[str] = []

    def progress(words: str) -> None:
        said.append(words)
        if phase in words and words.startswith(step):
            reached.set()

    task = asyncio.create_task(assess_tests(fixed, QUICK, progress=progress))
    async with asyncio.timeout(60):
        await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    left = leftovers(fixed.trace_id)
    assert (left.containers, left.volumes) == ([], [])
    assert phase in said[-1]
    assert not list(fixed.store.folder.glob("scratch.*"))


async def test_a_cancel_before_the_first_run_makes_none(tmp_path: Path) -> None:
    fixed = make_fix(tmp_path, BEFORE, AFTER)
    said: list[str] = []
    task = asyncio.create_task(assess_tests(fixed, QUICK, progress=said.append))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert said == []
    assert leftovers(fixed.trace_id).containers == []
