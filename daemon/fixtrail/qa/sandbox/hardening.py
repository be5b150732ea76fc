"""How a container is made in which a stranger's tests may run, and what of that the engine enforces."""

from typing import Any

from docker.types import LogConfig, Mount, Ulimit
from fixtrail_protocol.qa import Limits

from fixtrail.qa.sandbox import witness
from fixtrail.qa.sandbox.engine import Engine, Facts
from fixtrail.qa.sandbox.environment.recipe import GENERATED
from fixtrail.qa.sandbox.verdict import UNPACK_FAILED
from fixtrail.settings import SandboxSettings

UID = 61000
"""Numeric, so that an image need not know it, and unused in systemd's table of user ids. The kernel counts inotify
instances, pipe buffers, keys and pending signals by user for the whole machine: as 1000 the tests would use up those of
whoever sits before it."""
USER = f"{UID}:{UID}"
HOSTNAME = "fixtrail"
VOLUME = "/fixtrail"
REPORT = f"{VOLUME}/out/junit.xml"
LABEL_TRACE = "dev.fixtrail.trace"
LABEL_DEADLINE = "dev.fixtrail.deadline"
LABEL_PID = "dev.fixtrail.pid"

ENVIRONMENT = {
    "CI": "true",
    "HOME": "/tmp/home",  # noqa: S108  the container's own tmpfs
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTEST_ADDOPTS": f"--junitxml={REPORT}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "TERM": "dumb",
    "TZ": "UTC",
}
"""The same for every run, so that a verdict does not depend on where or when it was come by. PATH is the image's."""

# 'command -p' looks in the system's own directories, whatever PATH says. After the last line nothing of this shell is
# left: the tests' exit status is the container's. Through one pipe, what they print keeps its order; the other one is
# the witness's, which finds it at the first process.
_WRAPPER = f"""\
exec 2>&1
umask 022
[ ! -f {GENERATED} ] || command -p tar -xf {GENERATED} -C /work || exit {UNPACK_FAILED}
command -p tar -xf {VOLUME}/tree.tar -C /work || exit {UNPACK_FAILED}
command -p mkdir -p "$HOME" && cd /work || exit {UNPACK_FAILED}
export PYTHONPATH="${{PYTHONPATH:+$PYTHONPATH:}}{VOLUME}/{witness.FOLDER}"
(echo {witness.READY} >/proc/1/fd/2) 2>/dev/null
exec "$@"
"""
_CPU_PERIOD_MICROSECONDS = 100_000


def create(engine: Engine, argv: list[str], settings: SandboxSettings, *, name: str, labels: dict[str, str]) -> None:
    """Create the container ``name``, stopped.

    The tree and the report are on one anonymous volume, :data:`VOLUME`, which outlives the process, unlike a tmpfs.
    Everything else that can be written is a tmpfs: it counts towards the memory limit and is gone with the container.

    Parameters
    ----------
    argv
        What to run in ``/work``, without a shell.
    labels
        Put on the container and on its volume.
    """
    client = engine.client
    tmpfs = tmpfs_options(engine, settings)
    host = client.create_host_config(
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        ipc_mode="private",
        init=True,
        mem_limit=settings.memory_bytes,
        memswap_limit=settings.memory_bytes,
        # The same quota as nano_cpus, which an engine refuses when the machine has fewer processors than that.
        cpu_period=_CPU_PERIOD_MICROSECONDS,
        cpu_quota=int(settings.cpus * _CPU_PERIOD_MICROSECONDS),
        pids_limit=settings.pids,
        ulimits=[
            Ulimit(name="nofile", soft=4096, hard=4096),
            Ulimit(name="core", soft=0, hard=0),
            # Bounds the report, the only file of the tests that lies on the host's disk.
            Ulimit(name="fsize", soft=settings.memory_bytes // 2, hard=settings.memory_bytes // 2),
        ],
        tmpfs={"/work": tmpfs, "/tmp": tmpfs},  # noqa: S108  the container's own
        mounts=[Mount(VOLUME, None, type="volume", no_copy=True, labels=labels)],
        log_config=LogConfig(type="none"),
        runtime=settings.runtime,
    )
    client.create_container(
        settings.image,
        argv,
        entrypoint=["/bin/sh", "-c", _WRAPPER, "fixtrail"],
        name=name,
        hostname=HOSTNAME,
        user=USER,
        environment={**ENVIRONMENT, **witness.environment(argv)},
        labels=labels,
        host_config=host,
        healthcheck={"test": ["NONE"]},
        use_config_proxy=False,
    )


def tmpfs_options(engine: Engine, settings: SandboxSettings) -> str:
    """Return how a folder that the tests may write to is mounted: in memory, half of the limit at the most."""
    # Docker lets a tmpfs over an existing directory take its mode from there; Podman knows no owner of a tmpfs.
    owner = "mode=1777" if engine.name == "Podman" else f"uid={UID},gid={UID}"
    return f"rw,exec,nosuid,nodev,size={settings.memory_bytes // 2},{owner}"


def limits_asked(settings: SandboxSettings) -> Limits:
    """Return the limits that :func:`create` asks for."""
    return Limits(
        memory_bytes=settings.memory_bytes,
        cpus=settings.cpus,
        pids=settings.pids,
        network="none",
        read_only_root=True,
        user=USER,
        capabilities_dropped=["ALL"],
        no_new_privileges=True,
        timeout_seconds=settings.timeout_seconds,
        runtime=settings.runtime,
        seccomp="default",
    )


def limits_enforced(inspected: dict[str, Any], facts: Facts, settings: SandboxSettings) -> Limits:
    """Return the limits the engine put on a container, null where it says that it cannot enforce one.

    Parameters
    ----------
    inspected
        The engine's answer to ``GET /containers/{id}/json``.
    settings
        For the deadline, which is fixtrail's own to enforce.
    """
    host = inspected["HostConfig"]
    period, quota, nano = host.get("CpuPeriod") or 0, host.get("CpuQuota") or 0, host.get("NanoCpus") or 0
    cpus = nano / 1e9 if nano else quota / period if quota > 0 and period else None
    security = [str(option) for option in host.get("SecurityOpt") or ()]
    return Limits(
        memory_bytes=(host.get("Memory") or None) if facts.enforces_memory else None,
        cpus=cpus if facts.enforces_cpus else None,
        pids=(host.get("PidsLimit") or None) if facts.enforces_pids else None,
        network=host.get("NetworkMode"),
        read_only_root=host.get("ReadonlyRootfs"),
        user=inspected["Config"].get("User") or None,
        capabilities_dropped=host.get("CapDrop"),
        no_new_privileges=any(option in ("no-new-privileges", "no-new-privileges:true") for option in security),
        timeout_seconds=settings.timeout_seconds,
        runtime=host.get("Runtime") or None,
        seccomp=None if any("seccomp" in option for option in security) else facts.seccomp,
    )
