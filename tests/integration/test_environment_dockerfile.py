"""A Dockerfile or devcontainer.json that the user has named, really built."""

import asyncio
import uuid
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.sandbox.engine import connect
from fixtrail.qa.sandbox.environment import prepare_environment

from tests.support.environments import BUILDS, own_images, salt  # noqa: F401
from tests.support.sandbox import IMAGE, engine, pack  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine", "own_images")]

FROM_FILE = BUILDS.model_copy(update={"dockerfile": "Dockerfile"})
FROM_CONTAINER = BUILDS.model_copy(update={"dockerfile": ".devcontainer/devcontainer.json"})
LOOKS = "def test_it():\n    import pathlib\n    assert pathlib.Path('/srv/settings.lock').read_text() == 'one'\n"


async def test_a_dockerfile_makes_the_image(tmp_path: Path, salt: str) -> None:  # noqa: F811
    project = {
        "Dockerfile": f"FROM {IMAGE}\nCOPY settings.lock /srv/\nRUN echo {salt} >/srv/salt\n",
        "settings.lock": "one",
        "test_it.py": LOOKS,
    }
    tar = pack(tmp_path, project)

    built = await prepare_environment(tar, "test-dockerfile", FROM_FILE)
    edited = await prepare_environment(pack(tmp_path, {**project, "code.py": "# new\n"}), "test-dockerfile", FROM_FILE)
    run = await run_tests(
        Job(["pytest", "-q"], tar, None, "test-dockerfile"), BUILDS.model_copy(update={"image": built.image})
    )
    other = await prepare_environment(pack(tmp_path, {**project, "settings.lock": "two"}), "test-dockerfile", FROM_FILE)

    assert (built.status, built.recipe, built.sources) == ("built", "dockerfile", ["Dockerfile", "settings.lock"])
    assert (built.base_image, edited.status, edited.image) == (IMAGE, "reused", built.image)
    assert (run.verdict, run.image_digest) == ("passed", built.image_digest), run.output
    assert other.status == "built"
    assert other.image != built.image


async def test_a_devcontainer_names_a_dockerfile_its_context_and_arguments(tmp_path: Path, salt: str) -> None:  # noqa: F811
    project = {
        ".devcontainer/devcontainer.json": '{ // comments are allowed\n "build": {"dockerfile": "Container", '
        '"context": "..", "args": {"WHAT": "one"}, }, }',
        ".devcontainer/Container": f"FROM {IMAGE}\nARG WHAT\nRUN printf %s $WHAT >/srv/settings.lock # {salt}\n",
        "test_it.py": LOOKS,
    }
    tar = pack(tmp_path, project)

    built = await prepare_environment(tar, "test-devcontainer", FROM_CONTAINER)
    run = await run_tests(
        Job(["pytest", "-q"], tar, None, "test-devcontainer"), BUILDS.model_copy(update={"image": built.image})
    )

    assert built.sources == [".devcontainer/devcontainer.json", ".devcontainer/Container"]
    assert run.verdict == "passed", (built, run.output)


async def test_a_devcontainer_with_an_image_is_that_image(tmp_path: Path) -> None:
    named = await prepare_environment(
        pack(tmp_path, {".devcontainer/devcontainer.json": f'{{"image": "{IMAGE}"}}'}), "test-image", FROM_CONTAINER
    )
    missing = await prepare_environment(
        pack(tmp_path, {".devcontainer/devcontainer.json": '{"image": "fixtrail-nosuch:image"}'}), "t", FROM_CONTAINER
    )

    assert (named.status, named.image) == ("base", IMAGE)
    assert missing.status == "failed"
    assert (missing.reason or "").startswith("docker/image-missing")


@pytest.mark.parametrize(
    ("commands", "timeout", "reason"),
    [
        ("RUN echo of-$((40 + 2)) && exit 3", 60.0, "returned a non-zero code: 3"),
        ("RUN sleep 600", 4.0, "had not ended after 4 seconds"),
        ("NOSUCH instruction", 60.0, "unknown instruction"),
    ],
)
async def test_a_failure_is_a_reason_and_leaves_no_step(
    tmp_path: Path,
    salt: str,  # noqa: F811
    commands: str,
    timeout: float,
    reason: str,
) -> None:
    tar = pack(tmp_path, {"Dockerfile": f"FROM {IMAGE}\nRUN echo {salt} >/srv/salt\nENV SALT={salt}\n{commands}\n"})

    settings = FROM_FILE.model_copy(update={"environment_timeout_seconds": timeout})
    failed = await prepare_environment(tar, "test-failure", settings)

    assert failed.status == "failed"
    assert reason in (failed.reason or "").lower()
    assert steps_with(salt) == []
    assert ("of-42" in (failed.log or "")) == ("exit 3" in commands)


def steps_with(salt: str) -> list[str]:  # noqa: F811
    """Images, and containers of steps, that a build with this salt has left."""
    with connect() as held:
        images = [each for each in held.client.images(quiet=True, all=True) if salt in str(held.client.history(each))]
        containers = [each["Id"] for each in held.client.containers(all=True) if salt in each["Command"]]
    return images + containers


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 2.0])
async def test_a_cancel_leaves_no_step(tmp_path: Path, salt: str, seconds: float) -> None:  # noqa: F811
    tar = pack(
        tmp_path, {"Dockerfile": f"FROM {IMAGE}\nENV SALT={salt}\nRUN echo {salt} >/srv/a\nRUN : {salt}; sleep 600\n"}
    )
    building = asyncio.create_task(prepare_environment(tar, f"test-{uuid.uuid4().hex}", FROM_FILE))
    await asyncio.sleep(seconds)

    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building

    async with asyncio.timeout(10):
        while steps_with(salt):  # noqa: ASYNC110  the engine ends the step in its own time
            await asyncio.sleep(0.2)


async def test_without_leave_it_is_not_built(tmp_path: Path) -> None:
    never = FROM_FILE.model_copy(update={"network_builds": "never"})

    failed = await prepare_environment(pack(tmp_path, {"Dockerfile": f"FROM {IMAGE}\n"}), "test-never", never)
    absent = await prepare_environment(pack(tmp_path, {"a.py": ""}), "test-never", FROM_FILE)

    assert failed.status == "failed"
    assert "asks for Dockerfile" in (failed.reason or "")
    assert absent.reason == "The tree has no Dockerfile, which the setting sandbox.dockerfile names."
