"""How long finalize takes with both runs, before and after the fix, against the same tests in two ``docker run``."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator

from fixtrail.qa.sandbox.status import status
from fixtrail.settings import load_settings

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.peer import Peer
from tests.benchmarks.scene import BUG, FIX, Scene

COMMAND = ("python3", "-m", "pytest")
ROUNDS = 7
GOAL = 1.15


def _finalize(scene: Scene, server: Peer) -> float:
    source = scene.repo / "src" / "ledger" / "split.py"
    fixed = source.read_text()
    source.write_text(fixed.replace(FIX, BUG))
    params = {"workspaceUri": scene.repo.as_uri(), "testCommand": " ".join(COMMAND), "consent": {"code": True}}
    server.request("trace/start", params)
    source.write_text(fixed)
    begin = time.perf_counter()
    result = server.request("trace/finalize", {})
    taken = time.perf_counter() - begin
    tests = result["qaResults"]
    if tests["tests_passed"] is not True or not tests["comparison"]["fail_to_pass"]:
        raise RuntimeError(f"the sample's tests did not pass, or passed before: {tests}")
    return taken


def _docker_runs(scene: Scene, image: str) -> float:
    """Run the tests on the fixed code, then on the code with the bug."""
    # A fresh copy each time: what an earlier run cached would help this one.
    taken = 0.0
    for code in (0, 1):
        folder = scene.folder / "mounted"
        shutil.copytree(scene.repo, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
        source = folder / "src" / "ledger" / "split.py"
        if code:
            source.write_text(source.read_text().replace(FIX, BUG))
        command = ("docker", "run", "--rm", "-v", f"{folder}:/work", "-w", "/work", image, *COMMAND)
        begin = time.perf_counter()
        done = subprocess.run(command, check=False, capture_output=True)
        taken += time.perf_counter() - begin
        shutil.rmtree(folder)
        if done.returncode != code:
            raise RuntimeError(f"docker run ended with {done.returncode}: {done.stdout.decode()[-500:]}")
    return taken


@contextlib.contextmanager
def _with_reruns(scene: Scene, reruns: int) -> Iterator[Peer]:
    config = scene.folder / "config"
    (config / "fixtrail").mkdir(parents=True, exist_ok=True)
    (config / "fixtrail" / "settings.toml").write_text(f"[sandbox]\nreruns = {reruns}\n")
    scene.env["XDG_CONFIG_HOME"] = str(config)
    try:
        with scene.daemon() as server:
            yield server
    finally:
        del scene.env["XDG_CONFIG_HOME"]


def run(scene: Scene) -> list[Figure]:
    what = "finalize, before and after, against two docker runs"
    image = load_settings().sandbox.image
    engine = status(image)
    if engine.error_code is not None:
        return [Figure(what, "ms", None, goal=GOAL, note=f"not measured: {engine.reason}")]
    with _with_reruns(scene, 0) as server:
        bare, baseline = alternate(ROUNDS, lambda: _finalize(scene, server), lambda: _docker_runs(scene, image))
    with _with_reruns(scene, 3) as server:
        ours, again = alternate(ROUNDS, lambda: _finalize(scene, server), lambda: _docker_runs(scene, image))
    return [
        Figure(what, "ms", bare * 1e3, baseline * 1e3, GOAL, note="sample_repo, no judge, no reruns"),
        Figure(f"{what}, with reruns", "ms", ours * 1e3, again * 1e3, note="and what changed once more on each side"),
    ]
