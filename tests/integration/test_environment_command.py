"""``fixtrail image`` and the build that begins when a recording does, in real processes."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fixtrail.qa.sandbox.engine import connect
from fixtrail.qa.sandbox.environment.key import image_tag

from tests.support.daemon import DaemonClient
from tests.support.environments import own_images, salt  # noqa: F401
from tests.support.sandbox import IMAGE, engine, leftovers  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine", "own_images")]


def fixtrail(*arguments: str, where: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fixtrail", "image", *arguments],
        cwd=where,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def project(tmp_path: Path, salt: str) -> Path:  # noqa: F811
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "requirements.txt").write_text(f"six==1.16.0  # {salt}\n")
    return folder


def there(key: str) -> bool:
    with connect() as held:
        return bool(held.client.images(image_tag(key)))


def test_an_image_is_built_listed_used_again_and_pruned(project: Path) -> None:
    built = fixtrail("build", "--json", where=project)
    assert built.returncode == 0, built.stderr
    made = json.loads(built.stdout)
    assert (made["status"], made["recipe"], made["sources"]) == ("built", "pip", ["requirements.txt"])

    again = fixtrail("build", str(project), where=project.parent)
    assert again.returncode == 0
    assert "Reused in" in again.stdout

    listed = json.loads(fixtrail("list", "--json", where=project).stdout)["images"]
    [mine] = [each for each in listed if each["key"] == made["key"]]
    assert (mine["recipe"], mine["sources"], mine["baseImage"]) == ("pip", ["requirements.txt"], IMAGE)
    assert mine["bytes"] > 0
    assert mine["traces"] == ["command-line"]
    assert mine["lastUsed"] > mine["made"][:10]
    assert not mine["stale"]
    assert made["key"][:12] in fixtrail("list", where=project).stdout

    pruned = json.loads(fixtrail("prune", "--older-than", "30000", "--json", where=project).stdout)
    assert pruned == {"removed": [], "held": []}
    assert there(made["key"]), "it was just used"


def test_an_image_is_kept_while_a_container_uses_it_and_goes_when_it_is_old(project: Path) -> None:
    made = json.loads(fixtrail("build", "--json", where=project).stdout)
    note = Path(os.environ["FIXTRAIL_HOME"]) / "environments" / f"{made['key']}.used"
    long_ago = time.time() - 40_000 * 86_400
    os.utime(note, (long_ago, long_ago))
    # So long ago that no image of anybody else is as old: they share the engine.
    prune = ["prune", "--older-than", "30000", "--json"]
    with connect() as held:
        container = held.client.create_container(made["image"], ["true"])["Id"]
        try:
            kept = fixtrail(*prune, where=project)
        finally:
            held.client.remove_container(container)
    assert (kept.returncode, json.loads(kept.stdout)["held"]) == (1, [made["key"]])
    assert there(made["key"])

    gone = fixtrail(*prune, where=project)

    assert (gone.returncode, json.loads(gone.stdout)["removed"]) == (0, [made["key"]])
    assert not there(made["key"])
    assert not note.exists()


def test_a_failure_says_why_and_ends_with_its_own_code(project: Path, tmp_path: Path) -> None:
    (project / "requirements.txt").write_text("no-such-package-of-fixtrail\n")
    bad = fixtrail("build", where=project)
    assert bad.returncode == 1
    assert "No matching distribution found for no-such-package-of-fixtrail" in bad.stderr
    assert "failed with exit code 1." in bad.stderr

    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/closed.sock"}
    for arguments in (["build"], ["list"], ["prune"]):
        assert fixtrail(*arguments, where=project, **nowhere).returncode == 3
    assert fixtrail("prune", "--all", "--older-than", "1", where=project).returncode == 2


async def used(timeout: float = 60) -> str:
    """Wait for the note of the first environment that the daemon used; return its key."""
    folder = Path(os.environ["FIXTRAIL_HOME"]) / "environments"
    async with asyncio.timeout(timeout):
        while not (notes := list(folder.glob("*.used"))):  # noqa: ASYNC110  it is written by another process
            await asyncio.sleep(0.1)
    return notes[0].stem


async def test_it_is_built_while_one_works(workspace: Path, salt: str) -> None:  # noqa: F811
    (workspace / "requirements.txt").write_text(f"six==1.16.0  # {salt}\n")
    async with DaemonClient.running(workspace, FIXTRAIL_NETWORK_BUILDS="allow") as daemon:
        await daemon.start(workspace)
        assert there(await used())


@pytest.mark.parametrize("allowed", ["never", "allow"])
async def test_nothing_begins_without_leave_and_the_end_waits_for_nothing(
    workspace: Path,
    salt: str,  # noqa: F811
    allowed: str,
) -> None:
    (workspace / "setup.py").write_text(f"import time; time.sleep(600)  # {salt}\n")
    async with DaemonClient.running(workspace, FIXTRAIL_NETWORK_BUILDS=allowed) as daemon:
        trace = await daemon.start(workspace)
        if allowed == "allow":
            async with asyncio.timeout(30):
                while not leftovers(trace).running:  # noqa: ASYNC110  the engine is asked
                    await asyncio.sleep(0.1)
            with connect() as held:
                found = held.client.inspect_container(leftovers(trace).running[0])
            assert 0 < found["HostConfig"]["CpuShares"] < 1024
        else:
            await asyncio.sleep(2)
            assert leftovers(trace).containers == []
        assert await daemon.shut_down() == 0

    left = leftovers(trace)
    assert (left.containers, left.volumes) == ([], [])


@pytest.mark.parametrize("allowed", ["allow", "never"])
async def test_finalize_has_the_dependencies_or_says_which_it_lacks(
    workspace: Path,
    salt: str,  # noqa: F811
    allowed: str,
) -> None:
    (workspace / "requirements.txt").write_text(f"six==1.16.0  # {salt}\n")
    (workspace / "test_six.py").write_text("def test_it():\n    import six\n    assert six.PY3\n")
    async with DaemonClient.running(workspace, FIXTRAIL_NETWORK_BUILDS=allowed) as daemon:
        await daemon.start(workspace, testCommand="python -m pytest -q test_six.py")
        result = await daemon.request("trace/finalize", {})

    qa = result["qaResults"]
    if allowed == "allow":
        assert qa["tests_passed"] is True, qa["tests"]
        assert qa["environment"]["status"] in ("built", "reused")
        assert qa["tests"]["image_digest"] == qa["environment"]["image_digest"]
    else:
        assert (qa["tests_passed"], qa["tests"]["verdict"]) == (None, "infra_error")
        assert qa["tests"]["error_code"] == "sandbox/environment-failed"
        assert "asks for six" in qa["tests"]["reason"]
