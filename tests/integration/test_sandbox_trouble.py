"""What happens when the engine, the image or the user gets in the way: a verdict with a reason, and nothing left."""

import asyncio
import socket
import time
import uuid
from pathlib import Path

import docker
import pytest
from fixtrail.qa.sandbox import engine_status, hardening, reap_orphans, run_tests

from tests.support.sandbox import IMAGE, QUICK, cable, client, discard, engine, job, leftovers  # noqa: F401

pytestmark = pytest.mark.docker

PASSES = {"test_it.py": "def test_sum():\n    assert 1 + 1 == 2\n"}
WAITS = {"test_it.py": "import time\ndef test_waits():\n    time.sleep(600)\n"}


async def test_no_engine_is_said_at_once_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/closed.sock")
    began = time.monotonic()

    receipt = await run_tests(job(tmp_path, PASSES), QUICK)

    assert time.monotonic() - began < 5
    assert (receipt.verdict, receipt.error_code, receipt.exit_code) == ("infra_error", "docker/unavailable", None)
    assert receipt.reason is not None
    assert receipt.reason.startswith("docker/unavailable: No container engine answers at unix://")
    assert "No such file or directory" in receipt.reason
    assert "Start Docker" in receipt.reason
    assert receipt.command == ["pytest", "-q"]


async def test_an_engine_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/silent.sock")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        began = time.monotonic()
        receipt = await run_tests(job(tmp_path, PASSES), QUICK)

    assert time.monotonic() - began < 8
    assert receipt.error_code == "docker/unavailable"
    assert "does not answer" in (receipt.reason or "")


@pytest.mark.parametrize("host", ["bogus://nowhere", "tcp://127.0.0.1:1", "unix:///etc/passwd"])
async def test_an_endpoint_of_no_use_is_a_verdict_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)

    receipt = await run_tests(job(tmp_path, PASSES), QUICK)

    assert (receipt.verdict, receipt.error_code) == ("infra_error", "docker/unavailable")
    assert host in (receipt.reason or "")


async def test_status_of_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/closed.sock")

    status = await engine_status()

    assert (status.reachable, status.image_present, status.error_code) == (False, None, "docker/unavailable")
    assert status.endpoint == f"unix://{tmp_path}/closed.sock"
    assert status.hint
    assert await reap_orphans() == 0


@pytest.mark.usefixtures("engine")
async def test_status_of_an_engine() -> None:
    status = await engine_status(IMAGE)

    assert (status.reachable, status.image_present, status.error_code) == (True, True, None)
    assert status.name in ("Docker", "Podman")
    assert status.version
    assert status.api
    assert status.endpoint
    assert status.cgroup_version in ("1", "2")
    assert status.storage_driver


@pytest.mark.usefixtures("engine")
async def test_a_missing_image_is_named_and_not_pulled(tmp_path: Path) -> None:
    task = job(tmp_path, PASSES)
    receipt = await run_tests(task, QUICK.model_copy(update={"image": "fixtrail-nosuch:image"}))

    assert (receipt.verdict, receipt.error_code) == ("infra_error", "docker/image-missing")
    assert "fixtrail-nosuch:image" in (receipt.reason or "")
    assert "scripts/base-image" in (receipt.reason or "")
    assert leftovers(task.trace_id).volumes == []

    status = await engine_status("fixtrail-nosuch:image")
    assert (status.reachable, status.image_present, status.error_code) == (True, False, "docker/image-missing")


@pytest.mark.usefixtures("engine")
async def test_what_the_engine_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    receipt = await run_tests(job(tmp_path, PASSES), QUICK.model_copy(update={"image": "Not/A/Reference"}))

    assert (receipt.verdict, receipt.error_code) == ("infra_error", "docker/engine-error")
    assert "reference" in (receipt.reason or "")


@pytest.mark.usefixtures("engine")
async def test_an_engine_lost_in_mid_run_is_no_verdict_and_its_container_is_reaped_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, running = job(tmp_path, WAITS), asyncio.Event()

    def progress(words: str) -> None:
        if words == "Running the tests":
            running.set()

    with cable(tmp_path / "engine.sock") as lead, monkeypatch.context() as moved:
        moved.setenv("DOCKER_HOST", lead.url)
        run = asyncio.create_task(run_tests(task, QUICK, progress=progress))
        await running.wait()
        moved.undo()
        while not leftovers(task.trace_id).running:  # noqa: ASYNC110  the engine gives no signal here
            await asyncio.sleep(0.05)
        lead.pull()
        receipt = await run

    try:
        assert (receipt.verdict, receipt.error_code) == ("infra_error", "docker/engine-error")
        assert len(leftovers(task.trace_id).running) == 1, "the engine itself lives, and so does the container"
        await reap_orphans()
        assert len(leftovers(task.trace_id).running) == 1, "its deadline has not passed"
    finally:
        discard(task.trace_id)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("seconds", [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0])
async def test_a_cancel_at_any_moment_is_prompt_and_leaves_nothing(tmp_path: Path, seconds: float) -> None:
    task = job(tmp_path, WAITS)
    run = asyncio.create_task(run_tests(task, QUICK))
    await asyncio.sleep(seconds)

    began = time.monotonic()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert time.monotonic() - began < 2
    found = leftovers(task.trace_id)
    assert (found.containers, found.volumes) == ([], [])


@pytest.mark.usefixtures("engine")
async def test_a_cancel_while_a_large_tree_is_on_its_way(tmp_path: Path) -> None:
    large = {**PASSES, "large.bin": "x" * (200 * 1024**2)}
    task, copying = job(tmp_path, large), asyncio.Event()
    run = asyncio.create_task(run_tests(task, QUICK, progress=lambda words: copying.set() if "Copy" in words else None))
    await copying.wait()

    began = time.monotonic()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert time.monotonic() - began < 2
    found = leftovers(task.trace_id)
    assert (found.containers, found.volumes) == ([], [])


@pytest.mark.usefixtures("engine")
async def test_a_cancel_while_output_pours(tmp_path: Path) -> None:
    task = job(tmp_path, {"test_it.py": "while True:\n    print('x' * 1000)\n"}, "python test_it.py")
    run = asyncio.create_task(run_tests(task, QUICK))
    await asyncio.sleep(1)

    began = time.monotonic()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert time.monotonic() - began < 2
    assert leftovers(task.trace_id).containers == []


@pytest.mark.usefixtures("engine")
async def test_runs_side_by_side_do_not_meet(tmp_path: Path) -> None:
    good = job(tmp_path, PASSES)
    bad = job(tmp_path, {"test_it.py": "def test_sum():\n    assert 1 + 1 == 3\n"})

    receipts = await asyncio.gather(run_tests(good, QUICK), run_tests(bad, QUICK))

    assert [each.verdict for each in receipts] == ["passed", "failed"]


@pytest.mark.usefixtures("engine")
async def test_orphans_are_reaped_once_their_deadline_is_past_and_not_before() -> None:
    def leave(sdk: docker.APIClient, deadline: float) -> str:
        trace = f"test-{uuid.uuid4().hex}"
        labels = {hardening.LABEL_TRACE: trace, hardening.LABEL_DEADLINE: str(int(deadline))}
        volume = docker.types.Mount("/fixtrail", None, labels=labels)
        made = sdk.create_container(
            IMAGE, ["sleep", "600"], labels=labels, host_config=sdk.create_host_config(mounts=[volume], init=True)
        )
        sdk.start(made["Id"])
        return trace

    sdk = client()
    try:
        past, future = leave(sdk, time.time() - 5), leave(sdk, time.time() + 600)
    finally:
        sdk.close()

    try:
        assert await reap_orphans() >= 1
        assert leftovers(past).containers == []
        assert leftovers(past).volumes == []
        assert len(leftovers(future).running) == 1
    finally:
        discard(past)
        discard(future)
