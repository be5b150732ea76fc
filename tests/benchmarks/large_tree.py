"""How long ``trace/start`` takes on a large tree, against ``git status`` on it, both warm."""

import subprocess
import time

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.scene import CONSENT, Scene

FILES = 50_000
FOLDERS = 500
ROUNDS = 5


def run(scene: Scene) -> list[Figure]:
    root = scene.folder / "large"
    for folder in range(FOLDERS):
        place = root / f"package_{folder % 25}" / f"module_{folder}"
        place.mkdir(parents=True)
        for number in range(FILES // FOLDERS):
            (place / f"file_{number}.py").write_text(f"value = {folder * number}\n")
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "start")):
        subprocess.run(("git", *arguments), cwd=root, check=True)
    for number in range(10):
        (root / f"untracked_{number}.txt").write_text("mine\n")
        (root / "package_0" / "module_0" / f"file_{number}.py").write_text("changed\n")
    with scene.daemon() as server:

        def start() -> float:
            begin = time.perf_counter()
            server.request("trace/start", {"workspaceUri": root.as_uri(), "consent": CONSENT})
            taken = time.perf_counter() - begin
            server.request("trace/discard", {})
            return taken

        def status() -> float:
            begin = time.perf_counter()
            subprocess.run(("git", "status", "--porcelain"), cwd=root, check=True, stdout=subprocess.DEVNULL)
            return time.perf_counter() - begin

        ours, baseline = alternate(ROUNDS, start, status)
    note = "to the answer of trace/start, against git status"
    return [Figure(f"start on {FILES:,} files", "ms", ours * 1e3, baseline * 1e3, 1.5, note=note)]
