"""What goes wrong while dependencies are installed is a reason, never a verdict, and leaves nothing behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
from fixtrail.qa.sandbox.engine import connect
from fixtrail.qa.sandbox.environment import container, prepare_environment
from fixtrail.qa.sandbox.environment.key import REPOSITORY
from fixtrail.qa.sandbox.hardening import LABEL_DEADLINE
from fixtrail.settings import SandboxSettings
from fixtrail_protocol.qa import Environment

from tests.support.environments import BUILDS, own_images, salt, salted  # noqa: F401
from tests.support.sandbox import discard, engine, leftovers, pack  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine", "own_images"), pytest.mark.timeout(300)]

BUILD = "[build-system]\nrequires = ['setuptools>=64']\nbuild-backend = 'setuptools.build_meta'\n"


def with_setup(code: str) -> dict[str, str]:
    """A project whose build runs ``code``."""
    return {"pyproject.toml": BUILD, "setup.py": f"{code}\nfrom setuptools import setup\nsetup(name='demo')\n"}


def image_of(environment: Environment) -> list[str]:
    """Names under which the engine holds the image with this key."""
    with connect() as held:
        found = held.client.images(f"{REPOSITORY}:{environment.key}")
    return [tag for each in found for tag in each["RepoTags"]]


async def fails(
    where: Path, files: Mapping[str, str], settings: SandboxSettings = BUILDS, trace: str | None = None
) -> Environment:
    """Prepare, and see that it failed without a trace in the engine."""
    trace = trace or f"test-{uuid.uuid4().hex}"
    environment = await prepare_environment(pack(where, files), trace, settings)
    assert environment.status == "failed", environment
    assert environment.image is None
    assert environment.reason
    assert image_of(environment) == []
    found = leftovers(trace)
    assert (found.containers, found.volumes) == ([], [])
    return environment


async def test_a_package_that_does_not_exist(tmp_path: Path) -> None:
    environment = await fails(tmp_path, {"requirements.txt": "no-such-package-of-fixtrail==1.0\n"})

    assert environment.reason == "Installing dependencies with pip failed with exit code 1."
    assert "no-such-package-of-fixtrail" in (environment.log or "")


async def test_requirements_that_contradict_each_other(tmp_path: Path) -> None:
    environment = await fails(tmp_path, {"requirements.txt": "six==1.16.0\n", "requirements-dev.txt": "six==1.15.0\n"})

    assert "conflict" in (environment.log or "").lower()


async def test_a_build_that_ends_with_an_error(tmp_path: Path) -> None:
    environment = await fails(tmp_path, with_setup("raise SystemExit('this cannot be built')"))

    assert "this cannot be built" in (environment.log or "")


async def test_a_build_that_hangs_is_ended_at_the_deadline(tmp_path: Path) -> None:
    settings = BUILDS.model_copy(update={"environment_timeout_seconds": 8.0})

    environment = await fails(tmp_path, with_setup("import time; time.sleep(600)"), settings)

    assert "had not ended after 8 seconds" in (environment.reason or "")


async def test_a_build_that_prints_without_end_is_bounded(tmp_path: Path) -> None:
    noise = "import os\nfor _ in range(100):\n    os.write(1, b'x' * 1023 + b'\\n') or os.write(2, b'y' * 1024**2)\n"

    environment = await fails(tmp_path, with_setup(noise + "raise SystemExit('after the noise')"))

    assert "after the noise" in (environment.log or "")
    assert len(environment.log or "") < 128 * 1024


async def test_a_build_that_needs_too_much_memory(tmp_path: Path) -> None:
    settings = BUILDS.model_copy(update={"memory_bytes": 128 * 1024**2})

    environment = await fails(tmp_path, with_setup("x = [bytearray(b'x' * 1024**2) for _ in range(4096)]"), settings)

    assert "128 MB" in (environment.reason or "") or "Killed" in (environment.log or ""), environment


async def test_more_than_may_be_installed(tmp_path: Path) -> None:
    settings = BUILDS.model_copy(update={"environment_bytes": 8 * 1024**2})
    large = "import sys; open(sys.prefix + '/large', 'wb').write(bytes(6 * 1024**2))\n"

    environment = await fails(
        tmp_path, {"requirements.txt": "setuptools==68.0.0\nwheel==0.42.0\ntoolz==0.12.1\n", "x.py": large}, settings
    )

    assert "larger than 8 MB" in (environment.reason or "")


async def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")

    environment = await fails(tmp_path, {"requirements.txt": "six==1.16.0\n"})

    assert "Failed to establish a new connection" in (environment.log or "")
    assert "127.0.0.1" not in (environment.log or "")


async def test_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as moved:
        moved.setenv("DOCKER_HOST", f"unix://{tmp_path}/closed.sock")
        environment = await prepare_environment(pack(tmp_path, {"requirements.txt": "six\n"}), "test-none", BUILDS)

    assert environment.status == "failed"
    assert (environment.reason or "").startswith("docker/unavailable: ")


async def test_a_base_image_that_is_not_there_or_lacks_the_program(tmp_path: Path) -> None:
    missing = await fails(
        tmp_path, {"requirements.txt": "six\n"}, BUILDS.model_copy(update={"image": "fixtrail-nosuch:image"})
    )
    lacks = await fails(tmp_path, {"go.mod": "module demo\nrequire golang.org/x/text v0.3.0\n"})

    assert (missing.reason or "").startswith("docker/image-missing: ")
    assert "has no go, which go needs" in (lacks.reason or "")


async def test_a_tree_that_is_no_tar(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar"
    broken.write_bytes(b"no tar at all" * 100)

    environment = await prepare_environment(broken, "test-broken", BUILDS)

    assert environment.status == "failed"
    assert (environment.reason or "").startswith("The tree cannot be read")


async def test_nothing_is_downloaded_unless_it_is_allowed(tmp_path: Path) -> None:
    never = BUILDS.model_copy(update={"network_builds": "never"})
    began = time.monotonic()

    environment = await fails(tmp_path, {"requirements.txt": "six==1.16.0\n"}, never)
    named = await prepare_environment(
        pack(tmp_path, {"setup.py": "from setuptools import setup; setup(name='demo')"}), "test-never", never
    )

    assert time.monotonic() - began < 5
    assert "asks for six" in (environment.reason or "")
    assert "sandbox.network_builds" in (environment.reason or "")
    assert (named.status, named.image) == ("base", never.image)
    assert "were not installed" in (named.reason or "")


async def test_what_was_built_before_is_used_without_a_network(tmp_path: Path, salt: str) -> None:  # noqa: F811
    project = salted({"requirements.txt": "six==1.16.0\n"}, salt)
    built = await prepare_environment(pack(tmp_path, project), "test-built", BUILDS)
    never = BUILDS.model_copy(update={"network_builds": "never"})

    reused = await prepare_environment(pack(tmp_path, project), "test-reused", never)

    assert (built.status, reused.status) == ("built", "reused")


HOSTILE = """
import os, socket
tried = {}
for path in ("/etc/x", "/usr/bin/x", "/opt/x", "/x", "/fixtrail/x", "/fixtrail/in/x", "/fixtrail/tree.tar"):
    try:
        open(path, "w").close()
        tried[path] = "written"
    except OSError as error:
        pass
for what, call in {"setuid": lambda: os.setuid(0), "chown": lambda: os.chown("/work", 0, 0)}.items():
    try:
        call()
        tried[what] = "done"
    except OSError:
        pass
status = open("/proc/self/status").read()
for line in ("CapEff:\\t0000000000000000", "CapBnd:\\t0000000000000000", "NoNewPrivs:\\t1"):
    if line not in status:
        tried[line] = "missing"
if os.path.exists("/var/run/docker.sock"):
    tried["socket"] = "there"
raise SystemExit(f"tried: {tried} as {os.getuid()}")
"""


async def test_a_hostile_build_writes_nowhere_else_and_has_no_rights(tmp_path: Path) -> None:
    environment = await fails(tmp_path, with_setup(HOSTILE))

    assert "tried: {} as 61000" in (environment.log or "")


@pytest.mark.parametrize("seconds", [0, 0.05, 0.2, 0.5, 1.0, 2.0, 3.0, 3.3, 3.6, 3.9, 4.2])
async def test_a_cancel_at_any_moment_leaves_nothing(tmp_path: Path, salt: str, seconds: float) -> None:  # noqa: F811
    trace = f"test-{uuid.uuid4().hex}"
    tar = pack(tmp_path, salted({"requirements.txt": "six==1.16.0\n"}, salt))
    preparing = asyncio.create_task(prepare_environment(tar, trace, BUILDS))
    await asyncio.sleep(seconds)

    preparing.cancel()
    try:
        environment = await preparing
    except asyncio.CancelledError:
        environment = None

    found = leftovers(trace)
    assert (found.containers, found.volumes) == ([], [])
    if environment is None:
        again = await prepare_environment(tar, trace, BUILDS.model_copy(update={"network_builds": "never"}))
        assert again.status == "failed", "there is no image after a cancel"


KILLED = """
import asyncio, pathlib, sys
from fixtrail.qa.sandbox.environment import prepare_environment
from fixtrail.settings import SandboxSettings
settings = SandboxSettings.model_validate_json(sys.argv[3])
asyncio.run(prepare_environment(pathlib.Path(sys.argv[1]), sys.argv[2], settings, progress=print))
"""


def start(tar: Path, trace: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", KILLED, str(tar), trace, BUILDS.model_dump_json()])


async def test_a_killed_daemon_leaves_what_the_reaper_knows_and_no_image(tmp_path: Path) -> None:
    trace = f"test-{uuid.uuid4().hex}"
    tar = pack(tmp_path, with_setup("import time; time.sleep(600)"))
    killed = start(tar, trace)
    try:
        while not leftovers(trace).running:  # noqa: ASYNC110  the engine gives no signal here
            await asyncio.sleep(0.1)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()

        found = leftovers(trace)
        with connect() as held:
            labels = held.client.inspect_container(found.containers[0])["Config"]["Labels"]
        assert len(found.containers) == 1
        assert len(found.volumes) == 2
        assert time.time() < int(labels[LABEL_DEADLINE]) < time.time() + BUILDS.environment_timeout_seconds + 301
    finally:
        killed.kill()
        discard(trace)
    assert leftovers(trace).volumes == []

    lock_is_free = await prepare_environment(tar, trace, BUILDS.model_copy(update={"environment_timeout_seconds": 5.0}))
    assert "had not ended" in (lock_is_free.reason or "")


async def test_a_build_ends_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect() as held:
        room = shutil.disk_usage(held.client.info()["DockerRootDir"]).free
    monkeypatch.setattr(container, "FREE_BYTES", room - 64 * 1024**2)
    fills = "import os, time\nfor n in range(600):\n    os.write(f, bytes(1024**2)); time.sleep(0.02)\n"
    code = f"import os\nf = os.open(os.environ['TMPDIR'] + '/bomb', os.O_CREAT | os.O_WRONLY)\n{fills}"

    environment = await fails(tmp_path, with_setup(code))

    assert "disk was nearly full" in (environment.reason or "")


FORKS = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"


async def test_a_fork_bomb_is_contained(tmp_path: Path) -> None:
    settings = BUILDS.model_copy(update={"pids": 64, "environment_timeout_seconds": 12.0})

    environment = await fails(tmp_path, with_setup(FORKS), settings)

    assert "had not ended after 12 seconds" in (environment.reason or "")
