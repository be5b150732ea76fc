"""What a killed daemon leaves in the engine is gone after the next start, once its deadline has come."""

import asyncio
import os
import random
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from fixtrail.qa.sandbox import hardening, reap_orphans, reap_until_none_is_left

from tests.support.daemon import DaemonClient
from tests.support.sandbox import IMAGE, Leftovers, client, discard, engine, leftovers  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

KILLS = int(os.environ.get("FIXTRAIL_ORPHAN_KILLS", "30"))
SEED = int(os.environ.get("FIXTRAIL_SEED", "20261125"))
LONGEST = 2.5
"""Seconds from the request to the kill, at most: a finalize of this small project takes about as long."""


@pytest.fixture
def sdk() -> Iterator[docker.APIClient]:
    found = client()
    yield found
    found.close()


def nothing(found: Leftovers) -> bool:
    return (found.containers, found.volumes) == ([], [])


async def gone(trace: str, seconds: float) -> bool:
    """Wait until the engine holds nothing of a trace; False: it still does."""
    give_up = time.monotonic() + seconds
    while not nothing(leftovers(trace)):
        if time.monotonic() > give_up:
            return False
        await asyncio.sleep(0.2)
    return True


@pytest.mark.timeout(600)
async def test_a_daemon_killed_at_any_moment_of_a_finalize(isolated: Path, workspace: Path) -> None:
    (workspace / "test_slow.py").write_text("import time\n\n\ndef test_slow():\n    time.sleep(0.5)\n")
    settings = Path(os.environ["XDG_CONFIG_HOME"]) / "fixtrail" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[sandbox]\ntimeout_seconds = 4\nspare_seconds = 0\n")
    rng, left = random.Random(SEED), 0
    trace = ""
    for _ in range(KILLS):
        daemon = await DaemonClient.spawn()
        await daemon.initialize(workspace)
        if not trace:
            trace = await daemon.start(workspace, testCommand="pytest -q")
        elif (await daemon.request("trace/status", {}))["traceId"] is None:  # the last one came to its end
            await daemon.request("trace/resume", {"traceId": trace})
        daemon.begin("trace/finalize", {})
        await asyncio.sleep(rng.uniform(0, LONGEST))
        await daemon.kill()
        left += not nothing(leftovers(trace))
    assert left > 0, "no kill left anything, so nothing is shown"

    async with DaemonClient.running(workspace) as daemon:
        await daemon.request("trace/status", {})
        assert await gone(trace, 30)


async def test_a_daemon_that_just_started_waits_for_the_deadline_of_what_it_finds(
    isolated: Path, workspace: Path, sdk: docker.APIClient
) -> None:
    trace = leave(sdk, time.time() + 6)
    try:
        async with DaemonClient.running(workspace) as daemon:
            await daemon.request("trace/status", {})
            await asyncio.sleep(3)
            assert len(leftovers(trace).running) == 1, "its deadline has not come"
            assert await gone(trace, 20)
    finally:
        discard(trace)


def labels(deadline: float) -> dict[str, str]:
    return {hardening.LABEL_TRACE: f"test-{uuid.uuid4().hex}", hardening.LABEL_DEADLINE: str(int(deadline))}


def leave(sdk: docker.APIClient, deadline: float) -> str:
    """Leave a running container with a volume behind; returns its trace id."""
    marked = labels(deadline)
    mount = docker.types.Mount("/fixtrail", None, labels=marked)
    host = sdk.create_host_config(mounts=[mount], network_mode="none", init=True)
    sdk.start(sdk.create_container(IMAGE, ["sleep", "600"], labels=marked, host_config=host)["Id"])
    return marked[hardening.LABEL_TRACE]


async def test_volumes_networks_and_half_made_images_are_reaped_too(sdk: docker.APIClient) -> None:
    past, future = labels(time.time() - 5), labels(time.time() + 600)
    volumes = [sdk.create_volume(labels=each)["Name"] for each in (past, future)]
    networks = [sdk.create_network(f"fixtrail-{uuid.uuid4().hex}", labels=each)["Id"] for each in (past, future)]
    images = []
    for each in (past, future):
        made = sdk.create_container(IMAGE, ["true"], labels=each)["Id"]
        images.append(sdk.commit(made)["Id"])
        sdk.remove_container(made, force=True)
    finished = f"fixtrail-test:{uuid.uuid4().hex}"
    made = sdk.create_container(IMAGE, ["true"], labels=labels(time.time() - 5))["Id"]
    sdk.commit(made, *finished.split(":"))
    sdk.remove_container(made, force=True)

    def there() -> list[list[bool]]:
        known = (
            {each["Name"] for each in sdk.volumes()["Volumes"]},
            {each["Id"] for each in sdk.networks()},
            {each["Id"] for each in sdk.images(all=True)},
        )
        return [[name in kind for name in made] for made, kind in zip((volumes, networks, images), known, strict=True)]

    try:
        assert there() == [[True, True]] * 3
        assert await reap_orphans() >= 3
        assert there() == [[False, True]] * 3
        assert sdk.images(finished), "a finished image has a name, and stays"
    finally:
        sdk.remove_volume(volumes[1])
        sdk.remove_network(networks[1])
        sdk.remove_image(images[1])
        sdk.remove_image(finished)


async def test_what_somebody_else_left_is_not_touched(sdk: docker.APIClient) -> None:
    volume = sdk.create_volume(labels={"org.example.deadline": "1"})["Name"]
    odd = sdk.create_volume(labels={hardening.LABEL_DEADLINE: "yesterday"})["Name"]
    try:
        await reap_orphans()
        assert {volume, odd} <= {each["Name"] for each in sdk.volumes()["Volumes"]}
    finally:
        sdk.remove_volume(volume)
        sdk.remove_volume(odd)


async def test_reaping_goes_on_until_nothing_is_left(sdk: docker.APIClient) -> None:
    trace = leave(sdk, time.time() + 2)
    try:
        reaping = asyncio.create_task(reap_until_none_is_left())
        assert await gone(trace, 20)
        reaping.cancel()  # others use this engine, and have deadlines of their own
    finally:
        discard(trace)
