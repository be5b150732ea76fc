"""Settings under which environments may be built, projects nobody else has, and the removal of their images."""

import contextlib
import uuid
from collections.abc import Iterator, Mapping

import pytest
from docker.errors import ImageNotFound
from fixtrail.qa.sandbox.engine import connect
from fixtrail.qa.sandbox.environment.key import image_tag
from fixtrail.qa.sandbox.environment.uses import folder

from tests.support.sandbox import QUICK

BUILDS = QUICK.model_copy(update={"network_builds": "allow", "memory_bytes": 1024**3})
_SALTED = ("pyproject.toml", "requirements.txt", "setup.py", "environment.yml", "Dockerfile", "go.mod", "Cargo.toml")


def salted(files: Mapping[str, str], salt: str) -> dict[str, str]:
    """Return a project with a remark in its dependency files: its images are its own, whoever else uses the engine."""
    remark = {"go.mod": "//"}
    return {
        name: f"{text}\n{remark.get(name, '#')} {salt}\n" if name in _SALTED else text for name, text in files.items()
    }


@pytest.fixture
def salt() -> str:
    """Something no other test's files hold."""
    return uuid.uuid4().hex


@pytest.fixture
def own_images() -> Iterator[None]:
    """Remove the environments that a test used; its data directory has noted them. For projects with salt only."""
    yield
    with connect() as engine:
        for note in folder().glob("*.used"):
            with contextlib.suppress(ImageNotFound):
                engine.client.remove_image(image_tag(note.stem))
