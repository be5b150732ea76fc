"""A full disk, a disk with errors, a home that cannot be used: told plainly, and nothing acknowledged is lost."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import DaemonClient, event

SMALL = "3m"
FAULTS = int(os.environ.get("FIXTRAIL_FAULTS", "6"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", place], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


async def make_room(disk: Path) -> None:
    done = await asyncio.create_subprocess_exec("mount", "-o", "remount,size=64m", str(disk))
    assert await done.wait() == 0


async def test_on_a_full_disk_recording_stops_visibly_and_goes_on_when_there_is_room(
    workspace: Path, small_disk: Path
) -> None:
    home = small_disk / "home"
    async with DaemonClient.running(workspace, FIXTRAIL_HOME=str(home)) as daemon:
        trace = await daemon.start(workspace)
        sent, acknowledged = 0, 0
        while sent < 200:
            sent += 1
            daemon.events("editor", sent, [event("reasoning_step", content=f"{sent} " + "x" * 60_000)])
            await asyncio.sleep(0.01)
        status = await daemon.until("trace/statusChanged", lambda told: told["problem"] is not None)
        assert "cannot be stored" in status["problem"]
        acknowledged = max((p["seq"] for m, p in daemon.notifications if m == "trace/recorded"), default=0)
        assert 0 < acknowledged < sent
        await make_room(small_disk)
        await daemon.recorded("editor", sent)
        await daemon.until("trace/statusChanged", lambda told: told["problem"] is None and told["events"] > sent)
        thoughts = [each["data"]["content"].split()[0] for each in await daemon.get(trace, "reasoning_step")]
    assert thoughts == [str(number) for number in range(1, sent + 1)]
    assert (home / "traces" / "reserve").stat().st_size > 0, "the reserve is there again"


async def test_what_was_acknowledged_on_a_full_disk_is_there_after_kill_9(workspace: Path, small_disk: Path) -> None:
    home = small_disk / "home"
    async with DaemonClient.running(workspace, FIXTRAIL_HOME=str(home)) as daemon:
        trace = await daemon.start(workspace)
        for number in range(1, 121):
            daemon.events("editor", number, [event("reasoning_step", content=f"{number} " + "x" * 60_000)])
        await daemon.until("trace/statusChanged", lambda told: told["problem"] is not None)
        acknowledged = max((p["seq"] for m, p in daemon.notifications if m == "trace/recorded"), default=0)
        await daemon.kill()
    await make_room(small_disk)
    async with DaemonClient.running(workspace, FIXTRAIL_HOME=str(home)) as daemon:
        thoughts = await daemon.get(trace, "reasoning_step")
    numbers = [int(each["data"]["content"].split()[0]) for each in thoughts]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= acknowledged


@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.timeout(60 + 20 * FAULTS)
async def test_no_fault_of_the_disk_loses_what_was_acknowledged(
    workspace: Path, isolated: Path, call: str, error: str
) -> None:
    """The n-th write or sync fails, for several n; what was acknowledged is there, and the daemon says no traceback."""
    if (strace := shutil.which("strace")) is None:
        pytest.fail("strace is not installed; scripts/setup-editors does that.", pytrace=False)
    for when in range(1, FAULTS + 1):
        home = isolated.with_name(f"home-{call}-{error}-{when}")
        async with DaemonClient.running(workspace, FIXTRAIL_HOME=str(home)) as daemon:
            trace = await daemon.start(workspace)
            argv = [strace, "-qq", "-f", "-o", "/dev/null", "-e", f"trace={call}"]
            argv += ["-e", f"inject={call}:error={error}:when={when}", "-p", str(daemon.process.pid)]
            tracer = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.DEVNULL)
            await asyncio.sleep(0.4)
            try:
                for number in range(1, 21):
                    daemon.events("editor", number, [event("reasoning_step", content=f"{number} " + "x" * 5_000)])
                    await asyncio.sleep(0.005)
                await daemon.recorded("editor", 20)
            finally:
                tracer.terminate()
                await tracer.wait()
            await daemon.kill()
        async with DaemonClient.running(workspace, FIXTRAIL_HOME=str(home)) as daemon:
            thoughts = await daemon.get(trace, "reasoning_step")
            await daemon.request("trace/discard", {"traceId": trace})
        numbers = [int(each["data"]["content"].split()[0]) for each in thoughts]
        assert numbers == list(range(1, 21)), (call, error, when)


@pytest.mark.parametrize("kind", ["read-only", "a file"])
def test_a_home_that_cannot_be_used_is_refused_in_plain_words(workspace: Path, tmp_path: Path, kind: str) -> None:
    home = tmp_path / "no-home"
    if kind == "a file":
        home.write_text("")
    else:
        home = Path("/proc/fixtrail")  # nobody, root included, can make a folder there
    done = subprocess.run(
        [sys.executable, "-m", "fixtrail", "start", "--consent", "code"],
        cwd=workspace,
        env=os.environ | {"FIXTRAIL_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
