"""The sample projects of test runners, and the image that has the runners."""

import os
from pathlib import Path

import pytest
from fixtrail.qa.sandbox.status import status
from fixtrail.settings import SandboxSettings

SAMPLES = Path(__file__).parents[1] / "fixtures" / "runners"
IMAGE = os.environ.get("FIXTRAIL_RUNNERS_IMAGE", "fixtrail-runners:bookworm")
SETTINGS = SandboxSettings(image=IMAGE, timeout_seconds=150, memory_bytes=1536 * 1024**2)
"""Compilers and their caches share the memory."""


def sample(runner: str, state: str | None) -> dict[str, str]:
    """Return a sample project by path: its code, and the tests of ``state`` (None: it has no tests)."""
    folders = [SAMPLES / runner / "project", *([SAMPLES / runner / state] if state is not None else [])]
    for folder in folders:
        assert folder.is_dir(), folder
    return {
        str(path.relative_to(folder)): path.read_text()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def runners_image() -> None:
    """The image with all runners. Its absence is a failure, unless it is wanted."""
    found = status(IMAGE)
    if found.error_code is None:
        return
    if os.environ.get("FIXTRAIL_TESTS_WITHOUT_DOCKER") == "1":
        pytest.skip(f"without Docker, as asked: {found.reason}")
    pytest.fail(f"{found.error_code}: {found.reason} scripts/runner-images makes it here.", pytrace=False)
