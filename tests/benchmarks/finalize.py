"""How long finalize takes, against the same tests in a plain ``docker run``."""

import shutil
import subprocess
import time

from fixtrail.qa.sandbox.status import status
from fixtrail.settings import load_settings

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.peer import Peer
from tests.benchmarks.scene import Scene

COMMAND = ("python3", "-m", "pytest")
ROUNDS = 7


def _finalize(scene: Scene, server: Peer) -> float:
    params = {"workspaceUri": scene.repo.as_uri(), "testCommand": " ".join(COMMAND), "consent": {"code": True}}
    server.request("trace/start", params)
    begin = time.perf_counter()
    result = server.request("trace/finalize", {})
    taken = time.perf_counter() - begin
    tests = result["qaResults"] if "qaResults" in result else result["qa_results"]
    if tests["tests_passed"] is not True:
        raise RuntimeError(f"the sample's tests did not pass: {tests['tests']}")
    return taken


def _docker_run(scene: Scene, image: str) -> float:
    # A fresh copy each time: what an earlier run cached would help this one.
    folder = scene.folder / "mounted"
    shutil.copytree(scene.repo, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    command = ("docker", "run", "--rm", "-v", f"{folder}:/work", "-w", "/work", image, *COMMAND)
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    taken = time.perf_counter() - begin
    shutil.rmtree(folder)
    return taken


def run(scene: Scene) -> list[Figure]:
    what = "finalize against docker run"
    image = load_settings().sandbox.image
    engine = status(image)
    if engine.error_code is not None:
        return [Figure(what, "ms", None, goal=1.25, note=f"not measured: {engine.reason}")]
    with scene.daemon() as server:
        ours, baseline = alternate(ROUNDS, lambda: _finalize(scene, server), lambda: _docker_run(scene, image))
    return [Figure(what, "ms", ours * 1e3, baseline * 1e3, 1.25, note="sample_repo, no judge")]
