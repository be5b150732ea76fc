"""What an environment costs: made anew against pip into a virtual environment, found again against one look-up."""

import asyncio
import contextlib
import io
import shutil
import subprocess
import sys
import tarfile
import time
import uuid
from pathlib import Path

from docker.errors import ImageNotFound
from fixtrail.qa.sandbox.engine import connect
from fixtrail.qa.sandbox.environment import prepare_environment
from fixtrail.qa.sandbox.environment.key import image_tag
from fixtrail.qa.sandbox.status import status
from fixtrail.settings import SandboxSettings, load_settings
from fixtrail_protocol.qa import Environment

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.scene import Scene

REQUIREMENTS = "flask==3.0.3\nrequests==2.32.3\nattrs==24.2.0\npytest==8.3.3\n"
COLD_ROUNDS = 3
WARM_ROUNDS = 15
CODE_FILES = 500
"""Of the tree that is looked through for dependency files."""


def _tree(where: Path) -> Path:
    """A tree of some size whose requirements nobody else has: the remark makes the image this run's own."""
    target = where / "tree.tar"
    files = {f"src/module_{number}.py": b"x = 1\n" * 50 for number in range(CODE_FILES)}
    files["requirements.txt"] = f"{REQUIREMENTS}# {uuid.uuid4().hex}\n".encode()
    with tarfile.open(target, "w") as packed:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return target


def _prepare(tree: Path, settings: SandboxSettings, wanted: str) -> tuple[float, Environment]:
    begin = time.perf_counter()
    made = asyncio.run(prepare_environment(tree, "benchmark", settings))
    taken = time.perf_counter() - begin
    if made.status != wanted:
        raise RuntimeError(f"the environment was {made.status}, not {wanted}: {made.reason} {made.log}")
    return taken, made


def _pip(where: Path) -> float:
    """The same requirements on this machine, as one would do it by hand; without pip's cache, which ours has not."""
    folder = where / "venv"
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--no-cache-dir", "--quiet", *REQUIREMENTS.split()]
    subprocess.run(pip, check=True, capture_output=True)
    taken = time.perf_counter() - begin
    shutil.rmtree(folder)
    return taken


def run(scene: Scene) -> list[Figure]:
    cold, warm = "environment, made: against venv and pip", "environment, found again: against docker inspect"
    settings = load_settings().sandbox.model_copy(update={"network_builds": "allow"})
    engine = status(settings.image)
    if engine.error_code is not None:
        return [Figure(cold, "s", None, goal=1.3, note=f"not measured: {engine.reason}")]
    trees: list[Path] = []
    images: list[str] = []

    def make() -> float:
        trees.append(_tree(scene.folder))
        taken, made = _prepare(trees[-1], settings, "built")
        images.append(image_tag(made.key or ""))
        return taken

    def inspect() -> float:
        begin = time.perf_counter()
        with connect() as held:
            held.client.inspect_image(images[-1])  # type: ignore[no-untyped-call]
        return time.perf_counter() - begin

    try:
        ours, pip = alternate(COLD_ROUNDS, make, lambda: _pip(scene.folder))
        again, looked = alternate(WARM_ROUNDS, lambda: _prepare(trees[-1], settings, "reused")[0], inspect)
    finally:
        with connect() as held:
            for image in images:
                with contextlib.suppress(ImageNotFound):
                    held.client.remove_image(image)
    return [
        Figure(cold, "s", ours, pip, 1.3, note="flask, requests, attrs, pytest; pip without its cache"),
        Figure(warm, "ms", again * 1e3, looked * 1e3, note=f"{CODE_FILES} files of code"),
    ]
