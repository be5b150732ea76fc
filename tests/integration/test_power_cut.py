"""The power goes at any moment: what was acknowledged is on the disk. With ``synchronous=OFF`` it would not be.

The data directory lies on an ext4 image, the image on an XFS that can clone files at once. A clone taken while events
are written is what a disk that honours fsync holds when the power goes.
"""

import asyncio
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtrail.store.reader import TraceReader

from tests.support.daemon import DaemonClient, event

CUTS = int(os.environ.get("FIXTRAIL_CUTS", "10"))
UNSAFE = Path(__file__).parents[1] / "support" / "unsafe_daemon.py"


def run(*command: str | Path, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(word) for word in command], check=check, capture_output=True, text=True)


class Disk:
    """An ext4 file system in a file, and copies of it as they are at a moment."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "mounted"
        self._outer = folder / "outer"
        self._copy = folder / "copy"
        self._image = self._outer / "disk.img"
        for place in (self.home, self._outer, self._copy):
            place.mkdir(parents=True)
        self._host = folder / "host.img"
        self._mounted: list[Path] = []

    def make(self) -> None:
        run("truncate", "-s", "700M", self._host)
        run("mkfs.xfs", "-q", "-m", "reflink=1", self._host)
        self._mount(self._host, self._outer)
        run("truncate", "-s", "96M", self._image)
        run("mkfs.ext4", "-q", self._image)
        self._mount(self._image, self.home)

    def _mount(self, image: Path, place: Path) -> None:
        run("mount", "-o", "loop", image, place)
        self._mounted.append(place)

    def cut(self) -> Path:
        """Return a copy of the disk as it was the moment this was called."""
        clone = self._outer / "clone.img"
        clone.unlink(missing_ok=True)
        run("cp", "--reflink=always", self._image, clone)
        run("mount", "-o", "loop", clone, self._copy)
        return self._copy

    def let_go(self) -> None:
        run("umount", self._copy)

    def close(self) -> None:
        run("umount", "-l", self._copy, check=False)
        for place in reversed(self._mounted):
            run("umount", "-l", place, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    missing = [tool for tool in ("mkfs.xfs", "mkfs.ext4", "mount") if shutil.which(tool) is None]
    if missing or not Path("/dev/loop-control").exists():
        pytest.skip(f"no power cut can be made here: {', '.join(missing) or 'loop devices'} missing")
    made = Disk(tmp_path / "disk")
    try:
        made.make()
    except subprocess.CalledProcessError as error:
        made.close()
        pytest.skip(f"no power cut can be made here: {error.stderr.strip()}")
    yield made
    made.close()


async def lost_by_cuts(disk: Disk, workspace: Path, *command: str | Path) -> list[int]:
    """Cut the power while events are recorded; return how many acknowledged ones each cut lost."""
    rng = random.Random(7)
    home = disk.home / "home"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"FIXTRAIL_HOME": str(home)},
        limit=64 * 1024 * 1024,
    )
    daemon = DaemonClient(process)
    losses = []
    try:
        await daemon.initialize(workspace)
        trace = await daemon.start(workspace)
        os.sync()
        sent = 0

        async def work() -> None:
            nonlocal sent
            while True:
                daemon.events("editor", sent + 1, [event("reasoning_step", content=f"{sent + 1} " + "x" * 400)])
                sent += 1
                await asyncio.sleep(0.001)

        working = asyncio.create_task(work())
        for _ in range(CUTS):
            await asyncio.sleep(rng.uniform(0.05, 0.4))
            acknowledged = max((p["seq"] for m, p in daemon.notifications if m == "trace/recorded"), default=0)
            place = await asyncio.to_thread(disk.cut)
            losses.append(acknowledged - await _stored(place / "home" / "traces" / f"{trace}.db"))
            await asyncio.to_thread(disk.let_go)
        working.cancel()
        assert max(p["seq"] for m, p in daemon.notifications if m == "trace/recorded") > CUTS
    finally:
        await daemon.end()
    return losses


async def _stored(path: Path) -> int:
    """Return how many events a copy holds, and see that they are whole and without a hole."""
    try:
        async with TraceReader(path) as reader:
            await reader.check()
            found = [event.document()["data"]["content"] async for event in reader.events("reasoning_step")]
    except Exception:  # a file that is not even there, or damaged, holds nothing
        return 0
    numbers = [int(text.split()[0]) for text in found]
    assert numbers == list(range(1, len(numbers) + 1))
    return len(numbers)


@pytest.mark.timeout(120 + 6 * CUTS)
async def test_no_power_cut_loses_what_was_acknowledged(disk: Disk, workspace: Path) -> None:
    losses = await lost_by_cuts(disk, workspace, "-m", "fixtrail", "serve")
    assert [loss for loss in losses if loss > 0] == [], losses


@pytest.mark.timeout(120 + 6 * CUTS)
async def test_without_syncs_the_same_cuts_do_lose_events(disk: Disk, workspace: Path) -> None:
    losses = await lost_by_cuts(disk, workspace, UNSAFE)
    assert [loss for loss in losses if loss > 0], "the harness sees no loss where there must be some"
