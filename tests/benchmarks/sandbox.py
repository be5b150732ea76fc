"""One run in the sandbox: its memory for a huge suite, and its time against the same tests in ``docker run``."""

import asyncio
import io
import subprocess
import tarfile
import threading
import time
from pathlib import Path

import psutil
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.sandbox.status import status
from fixtrail.settings import SandboxSettings, load_settings
from fixtrail_protocol.qa import TestRun

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.scene import Scene

TESTS, OUTPUT_MB, BOUND_MB = 10_000, 200, 100
ROUNDS = 7
COMMAND = ("python3", "-m", "pytest", "-q")
HUGE = f"""
import os
import pytest

@pytest.mark.parametrize("number", range({TESTS}))
def test_prints(number):
    left = b"x" * ({OUTPUT_MB} * 2**20 // {TESTS})
    while left:
        left = left[os.write(1, left):]
"""


def _pack(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tree:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tree.addfile(info, io.BytesIO(content))
    return path


def _run(tree: Path, settings: SandboxSettings, *options: str) -> TestRun:
    receipt = asyncio.run(run_tests(Job([*COMMAND, *options], tree, None, "benchmark"), settings))
    if receipt.verdict != "passed":
        raise RuntimeError(f"{receipt.verdict}: {receipt.reason} {receipt.output}")
    return receipt


def _memory(scene: Scene, settings: SandboxSettings) -> Figure:
    tree = _pack(scene.folder / "huge.tar", {"test_it.py": HUGE.encode()})
    small = _pack(scene.folder / "one.tar", {"test_it.py": b"def test_it():\n    pass\n"})
    _run(small, settings)  # what is imported once does not count
    me, ended = psutil.Process(), threading.Event()
    before = peak = me.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.01):
            peak = max(peak, me.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        receipt = _run(tree, settings, "-s")
    finally:
        ended.set()
        watcher.join()
    if receipt.passed != TESTS or receipt.output_bytes < OUTPUT_MB * 1024**2:
        raise RuntimeError(f"{receipt.passed} tests and {receipt.output_bytes} bytes of output")
    return Figure(
        f"memory for {TESTS:,} tests and {OUTPUT_MB} MB of output",
        "MB",
        (peak - before) / 1024**2,
        BOUND_MB,
        1.0,
        note=f"growth at its peak; the baseline is the bound; {receipt.duration_ms} ms",
    )


def _time(scene: Scene, settings: SandboxSettings) -> Figure:
    names = [each for each in scene.repo.rglob("*") if each.is_file() and ".git" not in each.parts]
    files = {str(each.relative_to(scene.repo)): each.read_bytes() for each in names}
    tree = _pack(scene.folder / "sample.tar", files)

    def ours() -> float:
        begin = time.perf_counter()
        _run(tree, settings)
        return time.perf_counter() - begin

    def bare() -> float:
        mount = f"{scene.repo}:/work"
        begin = time.perf_counter()
        subprocess.run(
            ("docker", "run", "--rm", "-v", mount, "-w", "/work", settings.image, *COMMAND, "-p", "no:cacheprovider"),
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - begin

    taken, baseline = alternate(ROUNDS, ours, bare)
    return Figure("run in the sandbox against docker run", "ms", taken * 1e3, baseline * 1e3, 1.15, note="sample_repo")


def run(scene: Scene) -> list[Figure]:
    settings = load_settings().sandbox
    engine = status(settings.image)
    if engine.error_code is not None:
        return [Figure("run in the sandbox", "ms", None, goal=1.15, note=f"not measured: {engine.reason}")]
    return [_time(scene, settings), _memory(scene, settings)]
