"""Which engine is taken, what it is asked for beside the defaults, and what it is told it will not enforce."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtrail.cli.doctor import doctor
from fixtrail.qa.sandbox import engine_status, run_tests
from fixtrail.qa.sandbox.endpoint import endpoints
from fixtrail.qa.sandbox.engine import connect
from fixtrail_protocol.qa import TestRun

from tests.support.engines import engine_that_says
from tests.support.sandbox import IMAGE, QUICK, cable, engine, job, leftovers  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

PASSES = {"test_it.py": "def test_sum():\n    assert 1 + 1 == 2\n"}

# As a rootless engine answers on a machine with the first cgroup hierarchy: limits are taken and let be.
ROOTLESS_V1 = {
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"],
    "CgroupVersion": "1",
    "CgroupDriver": "none",
    "MemoryLimit": True,
    "CpuCfsQuota": True,
    "PidsLimit": True,
}


async def test_the_runtime_that_is_named_is_asked_for_and_read_back(tmp_path: Path) -> None:
    with connect() as found:
        names = found.facts().runtimes
        default = found.facts().default_runtime
    other = next((name for name in names if name not in (default, "runsc") and "v1" not in name), None)
    if other is None:
        pytest.skip(f"this engine has one runtime, {default}")

    receipt = await run_tests(job(tmp_path, PASSES), QUICK.model_copy(update={"runtime": other}))

    assert receipt.verdict == "passed"
    assert receipt.limits is not None
    assert receipt.limits_enforced is not None
    assert (receipt.limits.runtime, receipt.limits_enforced.runtime) == (other, other)


async def test_a_runtime_that_is_not_there_is_said_before_anything_is_made(tmp_path: Path) -> None:
    said: list[str] = []
    settings = QUICK.model_copy(update={"runtime": "nosuch-runtime"})
    receipt = await run_tests(job(tmp_path, PASSES), settings, progress=said.append)

    assert (receipt.verdict, receipt.error_code) == ("infra_error", "docker/runtime-missing")
    assert "nosuch-runtime" in (receipt.reason or "")
    assert "runc" in (receipt.reason or "")
    assert said == ["Looking for the container engine"]
    assert (await engine_status(IMAGE, "nosuch-runtime")).error_code == "docker/runtime-missing"


async def through(
    where: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> tuple[TestRun, list[str], list[str]]:
    """Run over an engine that says ``changed`` of itself; returns receipt, progress, and the doctor's lines."""
    said: list[str] = []
    task = job(where, PASSES)
    with engine_that_says(where / "engine.sock", changed) as veneer:
        monkeypatch.setenv("DOCKER_HOST", veneer.url)
        receipt = await run_tests(task, QUICK, progress=said.append)
        status = await engine_status(IMAGE)
        monkeypatch.delenv("DOCKER_HOST")
    assert leftovers(task.trace_id).containers == []
    return receipt, said, list(status.unenforced)


async def test_limits_that_a_rootless_engine_lets_be_are_told_before_the_run_and_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt, said, doctors = await through(tmp_path, monkeypatch, ROOTLESS_V1)

    words = "the limit of memory, the limit of processors, the limit of processes"
    assert said.index(f"This engine does not enforce {words}") < said.index("Running the tests")
    assert ", ".join(doctors) == words
    enforced = receipt.limits_enforced
    assert enforced is not None
    assert (enforced.memory_bytes, enforced.cpus, enforced.pids) == (None, None, None)
    assert (enforced.network, enforced.seccomp) == ("none", "builtin")
    assert receipt.verdict == "passed"


@pytest.mark.parametrize("options", [[], ["name=apparmor"], ["name=seccomp,profile=unconfined"]])
async def test_an_engine_without_a_filter_of_system_calls_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    receipt, said, _ = await through(tmp_path, monkeypatch, {"SecurityOptions": options})

    assert "This engine does not enforce the filter of system calls (seccomp)" in said
    assert receipt.limits_enforced is not None
    assert receipt.limits_enforced.seccomp is None


async def test_an_engine_that_enforces_everything_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, said, doctors = await through(tmp_path, monkeypatch, {})

    assert [words for words in said if "enforce" in words] == doctors == []


def test_the_doctor_tells_what_is_not_enforced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine_that_says(tmp_path / "engine.sock", ROOTLESS_V1) as veneer:
        monkeypatch.setenv("DOCKER_HOST", veneer.url)
        told = json.loads(CliRunner().invoke(doctor, ["--json"]).output)
        monkeypatch.delenv("DOCKER_HOST")

    (line,) = [each for each in told["checks"] if each["name"] == "sandbox"]
    assert line["state"] == "note"
    assert "does not enforce the limit of memory" in line["found"]


@pytest.mark.parametrize("place", ["docker.sock", "podman/podman.sock"])
async def test_rootless_sockets_are_found_where_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    socket = tmp_path / place
    socket.parent.mkdir(exist_ok=True)
    with cable(socket) as lead, monkeypatch.context() as moved:
        moved.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        moved.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
        moved.setattr("fixtrail.qa.sandbox.endpoint.SYSTEM_SOCKET", str(tmp_path / "nothing.sock"))
        receipt = await run_tests(job(tmp_path, PASSES), QUICK)
        status = await engine_status(IMAGE)

    assert receipt.verdict == "passed"
    assert status.endpoint == lead.url


def context(config: Path, name: str, host: str) -> None:
    """Write a context as the docker command does."""
    folder = config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    (config / "config.json").write_text(json.dumps({"currentContext": name}))


async def test_the_current_docker_context_is_used_and_docker_host_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cable(tmp_path / "context.sock") as lead, monkeypatch.context() as moved:
        moved.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
        context(tmp_path / "config", "elsewhere", lead.url)
        status = await engine_status(IMAGE)
        receipt = await run_tests(job(tmp_path, PASSES), QUICK)
        moved.setenv("DOCKER_HOST", f"unix://{tmp_path}/named.sock")
        named = await engine_status(IMAGE)

    assert (status.endpoint, receipt.verdict) == (lead.url, "passed")
    assert (named.endpoint, named.error_code) == (f"unix://{tmp_path}/named.sock", "docker/unavailable")


async def test_a_context_whose_engine_is_gone_is_no_reason_to_take_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    context(tmp_path, "gone", f"unix://{tmp_path}/gone.sock")

    receipt = await run_tests(job(tmp_path, PASSES), QUICK)

    assert [each.source for each in endpoints()] == ["the docker context gone"]
    assert (receipt.verdict, receipt.error_code) == ("infra_error", "docker/unavailable")
    assert "the docker context gone" in (receipt.reason or "")
