"""How the container is made in which dependencies are installed: as closed as the tests' own, but with a network."""

from collections.abc import Sequence

from docker.types import LogConfig, Mount, Ulimit

from fixtrail.qa.sandbox import hardening
from fixtrail.qa.sandbox.engine import Engine
from fixtrail.qa.sandbox.environment.access import ACCESS
from fixtrail.qa.sandbox.environment.recipe import INPUT, RESULT_VOLUME, WORK
from fixtrail.qa.sandbox.verdict import UNPACK_FAILED
from fixtrail.settings import SandboxSettings

PROGRAM_MISSING = 114
_BACKGROUND_SHARES = 64
"""Of the processors, where a usual container has 1024: a build in the background waits for everybody else."""
_TEMPORARY = f"{hardening.VOLUME}/tmp"  # noqa: S108  the container's own

# What the machine's settings hold reaches the tools from files: nothing of it stands in the container's configuration.
_WRAPPER = f"""\
exec 2>&1
umask 022
command -p tar -xf {hardening.VOLUME}/tree.tar -C {WORK} || exit {UNPACK_FAILED}
for program in $FIXTRAIL_NEEDS; do
  command -v "$program" >/dev/null || {{ echo "$program: not found"; exit {PROGRAM_MISSING}; }}
done
. {ACCESS}/environment
command -p mkdir -p "$HOME" && cd {WORK} || exit {UNPACK_FAILED}
exec /bin/sh {INPUT}/build.sh
"""


def create(
    engine: Engine,
    name: str,
    image: str,
    needs: Sequence[str],
    settings: SandboxSettings,
    labels: dict[str, str],
    *,
    background: bool,
) -> None:
    """Create the container ``name``, stopped; its root is read-only, and what it may write is on two volumes.

    Parameters
    ----------
    needs
        Programs that it looks for before anything else.
    labels
        Put on the container and its volumes.
    background
        It gets what processor time others leave.
    """
    client = engine.client
    tmpfs = hardening.tmpfs_options(engine, settings)
    host = client.create_host_config(
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        ipc_mode="private",
        init=True,
        mem_limit=settings.memory_bytes,
        memswap_limit=settings.memory_bytes,
        cpu_period=100_000,
        cpu_quota=int(settings.cpus * 100_000),
        cpu_shares=_BACKGROUND_SHARES if background else None,
        pids_limit=settings.pids,
        runtime=settings.runtime,
        ulimits=[
            Ulimit(name="nofile", soft=4096, hard=4096),
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="fsize", soft=settings.environment_bytes, hard=settings.environment_bytes),
        ],
        tmpfs={WORK: tmpfs, "/tmp": tmpfs},  # noqa: S108  the container's own
        mounts=[
            Mount(place, None, type="volume", no_copy=True, labels=labels)
            for place in (hardening.VOLUME, RESULT_VOLUME)
        ],
        log_config=LogConfig(type="none"),
    )
    client.create_container(
        image,
        [],
        entrypoint=["/bin/sh", "-c", _WRAPPER],
        name=name,
        hostname=hardening.HOSTNAME,
        user=hardening.USER,
        environment={
            "CI": "true",
            "FIXTRAIL_NEEDS": " ".join(needs),
            "HOME": f"{_TEMPORARY}/home",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "TMPDIR": _TEMPORARY,
            "TZ": "UTC",
        },
        labels=labels,
        host_config=host,
        healthcheck={"test": ["NONE"]},
        use_config_proxy=False,
    )
