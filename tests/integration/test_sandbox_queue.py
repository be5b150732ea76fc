"""Runs wait for each other in the order they came, in one process and across several, and nobody waits for the dead."""

import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fixtrail.qa.sandbox import in_turn

from tests.support.daemon import DaemonClient
from tests.support.sandbox import engine, leftovers  # noqa: F401  engine is a fixture

HOLDER = """
import asyncio, sys
from pathlib import Path
from fixtrail.qa.sandbox import in_turn

async def hold():
    async with in_turn(Path(sys.argv[1]), 1, progress=lambda words: print(words, flush=True)):
        print("held", flush=True)
        sys.stdin.read(1)

asyncio.run(hold())
"""


@pytest.fixture
def line(tmp_path: Path) -> Path:
    folder = tmp_path / "queue"
    folder.mkdir()
    return folder


@contextlib.asynccontextmanager
async def another_process(line: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that holds a place, or waits for one, until it is told or killed."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, str(line), stdin=pipe, stdout=pipe)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()


@pytest.mark.parametrize("at_once", [1, 2, 3])
async def test_first_come_first_served(line: Path, at_once: int) -> None:
    order: list[int] = []
    inside = most = 0

    async def run(number: int) -> None:
        nonlocal inside, most
        async with in_turn(line, at_once, progress=lambda _: None):
            order.append(number)
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.05)
            inside -= 1

    runs = []
    for number in range(6):
        runs.append(asyncio.create_task(run(number)))
        while len(list(line.glob("*.place"))) + sum(each.done() for each in runs) <= number:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    await asyncio.gather(*runs)

    assert most == at_once
    assert all(abs(number - place) < at_once for place, number in enumerate(order)), order
    assert list(line.glob("*.place")) == []


async def test_one_is_told_how_many_are_before_it(line: Path) -> None:
    words: list[str] = []
    async with another_process(line) as first:
        assert await said(first) == "held"
        async with another_process(line) as second:
            assert await said(second) == "Waiting for 1 other run"

            async def third() -> None:
                async with in_turn(line, 1, progress=words.append):
                    words.append("run")

            waiting = asyncio.create_task(third())
            while not words:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await first.communicate(b"x")
            assert await said(second) == "held"
            while len(words) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await second.communicate(b"x")
            await asyncio.wait_for(waiting, 20)

    assert words == ["Waiting for 2 other runs", "Waiting for 1 other run", "run"]


async def test_nobody_waits_for_a_process_that_was_killed(line: Path) -> None:
    async with another_process(line) as first:
        assert await said(first) == "held"
        first.kill()
        await first.wait()
        assert len(list(line.glob("*.place"))) == 1, "the dead left its place"

        async with asyncio.timeout(10), in_turn(line, 1, progress=lambda _: None):
            assert len(list(line.glob("*.place"))) == 1, "and now it is gone"


async def test_who_is_cancelled_leaves_the_line(line: Path) -> None:
    waits = asyncio.Event()

    async def wait() -> None:
        async with in_turn(line, 1, progress=lambda _: waits.set()):
            raise AssertionError("not its turn")

    async with in_turn(line, 1, progress=lambda _: None):
        waiting = asyncio.create_task(wait())
        await waits.wait()
        assert len(list(line.glob("*.place"))) == 2
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(list(line.glob("*.place"))) == 1

    assert list(line.glob("*.place")) == []


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancel_at_the_first_moments_leaves_no_place(line: Path, turns: int) -> None:
    async def wait() -> None:
        async with in_turn(line, 1, progress=lambda _: None):
            await asyncio.sleep(60)

    waiting = asyncio.create_task(wait())
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert list(line.glob("*.place")) == []


async def test_a_line_that_cannot_be_used_makes_nobody_wait(tmp_path: Path) -> None:
    async with asyncio.timeout(10), in_turn(tmp_path / "nowhere", 1, progress=lambda _: None):
        pass


async def finalize(daemon: DaemonClient, folder: Path) -> tuple[str, asyncio.Future[Any]]:
    trace = await daemon.start(folder, testCommand="pytest -q")
    return trace, daemon.begin("trace/finalize", {"workDoneToken": "t"})[1]


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
async def test_two_editors_windows_wait_for_each_other(isolated: Path, workspace: Path, tmp_path: Path) -> None:
    (workspace / "calc.py").write_text("def add(a, b):\n    return a + b\n")
    other = tmp_path / "other"
    shutil.copytree(workspace, other)
    (workspace / "test_slow.py").write_text("import time\n\n\ndef test_slow():\n    time.sleep(3)\n")
    async with DaemonClient.running(workspace) as first, DaemonClient.running(other) as second:
        trace, slow = await finalize(first, workspace)
        while not leftovers(trace).running:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        began = time.monotonic()
        _, quick = await finalize(second, other)
        waiting = await second.until(
            "$/progress", lambda got: "Waiting for 1 other run" in got["value"].get("message", "")
        )
        results = await asyncio.gather(slow, quick)

    assert waiting
    assert [each["qaResults"]["tests_passed"] for each in results] == [True, True]
    assert time.monotonic() - began > 1
