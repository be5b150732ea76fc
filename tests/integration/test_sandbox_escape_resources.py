"""Hostile tests that want the machine's memory, disk, processes or time. Each meets its limit, and leaves nothing."""

import asyncio
import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.hostile import attack
from tests.support.sandbox import QUICK, engine  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

SHORT = QUICK.model_copy(update={"timeout_seconds": 5.0})
MIB = 1024**2


@contextlib.contextmanager
def watched() -> Iterator[dict[str, int]]:
    """Follow what our own process and the host's disk lose meanwhile; the peaks are there at the end, in bytes."""
    me, ended = psutil.Process(), threading.Event()
    peak = {"memory": 0, "disk": 0}
    memory, disk = me.memory_info().rss, shutil.disk_usage("/").free

    def look() -> None:
        while not ended.wait(0.02):
            peak["memory"] = max(peak["memory"], me.memory_info().rss - memory)
            peak["disk"] = max(peak["disk"], disk - shutil.disk_usage("/").free)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


async def test_fork_bomb(tmp_path: Path) -> None:
    code = """
        import os, sys, time
        def test_bomb():
            refused = 0
            while refused < 1000:
                try:
                    if os.fork() == 0:
                        time.sleep(600)
                except OSError:
                    refused += 1
            sys.argv.append("MARKER")
            time.sleep(600)
    """
    began = time.monotonic()
    receipt = await attack(tmp_path, code, settings=SHORT)

    assert receipt.verdict in ("timeout", "oom")  # whichever limit it meets first
    assert time.monotonic() - began < 30


async def test_a_bomb_that_forks_for_ever(tmp_path: Path) -> None:
    code = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
    receipt = await attack(tmp_path, code, "python3 test_it.py MARKER", settings=SHORT)

    assert receipt.verdict == "timeout"


async def test_thread_bomb(tmp_path: Path) -> None:
    code = """
        import threading
        def test_bomb():
            stop, started = threading.Event(), 0
            try:
                for _ in range(5000):
                    threading.Thread(target=stop.wait).start()
                    started += 1
            except RuntimeError:
                pass
            stop.set()
            assert started < 512
    """
    assert (await attack(tmp_path, code)).verdict == "passed"


@pytest.mark.parametrize(
    "code",
    [
        "held = []\ndef test_bomb():\n    while True:\n        held.append(bytearray(2**24))\n",
        "import mmap\ndef test_bomb():\n    held = mmap.mmap(-1, 2**30)\n    held.write(b'x' * 2**30)\n",
        "def test_bomb():\n    with open('/dev/shm/x', 'wb') as file:\n        while True:\n"
        "            file.write(b'x' * 2**20)\n",
        "def test_bomb():\n    for number in range(10**7):\n        open(f'/tmp/{number}', 'w').close()\n",
    ],
    ids=["objects", "a mapping", "shared memory", "empty files"],
)
async def test_memory_bombs(tmp_path: Path, code: str) -> None:
    with watched() as peak:
        receipt = await attack(tmp_path, code, "pytest -q -p no:cacheprovider")

    assert receipt.verdict in ("oom", "failed"), receipt.output
    assert receipt.verdict == "oom" or "No space left" in (receipt.output or "")
    assert peak["memory"] < 50 * MIB


async def test_disk_bomb_on_a_tmpfs(tmp_path: Path) -> None:
    code = """
        import errno, os
        def test_bomb():
            for place in ("/work", "/tmp", "/tmp/home"):
                try:
                    with open(f"{place}/bomb", "wb") as file:
                        os.posix_fallocate(file.fileno(), 0, 10**12)
                except OSError as error:
                    assert error.errno in (errno.ENOSPC, errno.EFBIG)
                else:
                    raise AssertionError("a terabyte")
    """
    assert (await attack(tmp_path, code)).verdict == "passed"


@pytest.mark.parametrize(
    "how", ["file.write(b'x' * 2**20)", "file.truncate(10**13)", "os.posix_fallocate(3, 0, 10**12)"]
)
async def test_disk_bomb_on_the_volume(tmp_path: Path, how: str) -> None:
    # The report is the one file on the host's disk; no file may be larger than half the memory.
    code = f"""
        import os, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        def test_bomb():
            with open("/fixtrail/out/junit.xml", "wb") as file:
                try:
                    while True:
                        {how.replace("(3", "(file.fileno()")}
                except OSError as error:
                    print(error)
            os._exit(0)
    """
    with watched() as peak:
        receipt = await attack(tmp_path, code, "pytest -q -s")

    assert receipt.verdict == "unknown"
    assert peak["memory"] < 100 * MIB
    assert peak["disk"] < 1024 * MIB  # others write on this disk too


async def test_output_bomb(tmp_path: Path) -> None:
    code = """
        import os
        block = b"x" * 2**20
        for _ in range(1024):
            left = block
            while left:
                left = left[os.write(1, left):]
    """
    with watched() as peak:
        receipt = await attack(tmp_path, code, "python3 test_it.py")

    assert (receipt.verdict, receipt.output_bytes) == ("passed", 1024 * MIB)
    assert receipt.output_dropped_bytes == receipt.output_bytes - QUICK.output_bytes
    assert peak["memory"] < 30 * MIB


async def test_a_bomb_on_the_witness_stream(tmp_path: Path) -> None:
    code = """
        import os
        out = os.open("/proc/1/fd/2", os.O_WRONLY)
        block = b"x" * 2**20
        for _ in range(200):
            os.write(out, block)
    """
    with watched() as peak:
        receipt = await attack(tmp_path, code, "python3 test_it.py")

    assert receipt.verdict == "unknown"
    assert peak["memory"] < 30 * MIB


async def test_descriptor_bomb(tmp_path: Path) -> None:
    code = """
        import errno, os, resource, pytest
        def test_bomb():
            held = []
            with pytest.raises(OSError) as raised:
                while True:
                    held.extend(os.pipe())
            assert raised.value.errno == errno.EMFILE
            assert len(held) < 4096
            for each in held:
                os.close(each)
        def test_the_limit_cannot_be_raised():
            for name in ("NOFILE", "CORE", "FSIZE"):
                with pytest.raises((ValueError, PermissionError)):
                    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (2**31, 2**31))
    """
    assert (await attack(tmp_path, code)).verdict == "passed"


@pytest.mark.parametrize(
    "code",
    [
        "import time\ndef test_it():\n    time.sleep(10**6)\n",
        "def test_it():\n    while True:\n        pass\n",
        "import signal, time\nfor each in range(1, 65):\n    try:\n        signal.signal(each, signal.SIG_IGN)\n"
        "    except (OSError, ValueError):\n        pass\ntime.sleep(10**6)\n",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n",
        "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        os.setsid()\n        break\n"
        "time.sleep(10**6)\n",
    ],
    ids=["sleeps", "spins", "ignores every signal", "stops itself", "daemons"],
)
async def test_what_never_ends_is_ended(tmp_path: Path, code: str) -> None:
    began = time.monotonic()
    receipt = await attack(
        tmp_path, code, "python3 -m pytest -q test_it.py", QUICK.model_copy(update={"timeout_seconds": 3.0})
    )

    assert (receipt.verdict, receipt.exit_code) == ("timeout", 137)
    assert time.monotonic() - began < 20


async def test_processes_that_outlive_the_tests_end_with_them(tmp_path: Path) -> None:
    code = """
        import os, subprocess, sys
        def test_leaves_some():
            for _ in range(5):
                subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "MARKER"],
                                 start_new_session=True)
    """
    began = time.monotonic()
    receipt = await attack(tmp_path, code)

    assert (receipt.verdict, receipt.passed) == ("passed", 1)
    assert time.monotonic() - began < 20


async def test_what_the_kernel_counts_by_user_is_not_taken_from_a_person(tmp_path: Path) -> None:
    code = """
        import ctypes, errno, time
        def test_bomb():
            libc = ctypes.CDLL(None, use_errno=True)
            while libc.inotify_init() >= 0:
                pass
            assert ctypes.get_errno() == errno.EMFILE
            time.sleep(5)
    """
    # As root there is no person here: the first one that a machine is given.
    user, python = (1000, "/usr/bin/python3") if os.getuid() == 0 else (None, sys.executable)
    probe = [python, "-c", "import ctypes, sys; sys.exit(ctypes.CDLL(None).inotify_init() < 0)"]
    exit_codes = []

    over = asyncio.Event()

    async def look() -> None:
        while not over.is_set():  # not cancelled: a probe under way would be left behind
            exit_codes.append(await (await asyncio.create_subprocess_exec(*probe, user=user, cwd="/")).wait())

    looking = asyncio.create_task(look())
    try:
        receipt = await attack(tmp_path, code)
    finally:
        over.set()
        await looking

    assert receipt.verdict == "passed"
    assert len(exit_codes) > 3
    assert set(exit_codes) == {0}
