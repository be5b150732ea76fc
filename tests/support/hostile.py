"""Runs a small hostile project in the sandbox, and looks on the host for what it should not have left there."""

import contextlib
import socket
import tempfile
import textwrap
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from fixtrail.qa.sandbox import run_tests
from fixtrail.settings import SandboxSettings
from fixtrail_protocol.qa import TestRun

from tests.support.sandbox import QUICK, job, leftovers

MARKER = "MARKER"
"""Stands in a hostile project for a name of this run alone: whatever bears it on the host came out of the sandbox."""

_PLACES = ("/", "/etc", "/root", "/home", "/var/tmp", "/usr/local/bin", "/dev/shm", tempfile.gettempdir())


async def attack(
    where: Path, project: str | Mapping[str, str], command: str = "pytest -q", settings: SandboxSettings = QUICK
) -> TestRun:
    """Run a hostile project, or one test file of it, and see to it that the machine is as it was."""
    files = {"test_it.py": project} if isinstance(project, str) else project
    marker = f"hostile-{uuid.uuid4().hex}"
    task = job(where, {name: textwrap.dedent(text).replace(MARKER, marker) for name, text in files.items()}, command)
    before = psutil.Process().num_fds()
    receipt = await run_tests(task, settings)
    found = leftovers(task.trace_id)
    assert (found.containers, found.volumes) == ([], [])
    assert strays(marker) == []
    assert psutil.Process().num_fds() <= before + 2
    return receipt


def strays(marker: str) -> list[str]:
    """Return what bears the marker on the host: processes by command line, files by name, sockets."""
    found = [
        f"process {each.info['pid']}"
        for each in psutil.process_iter(["pid", "cmdline"])
        if any(marker in part for part in each.info["cmdline"] or ())
    ]
    for place in _PLACES:
        with contextlib.suppress(OSError):
            found += [f"file {path}" for path in Path(place).iterdir() if marker in path.name]
    return found + [f"socket {line}" for line in Path("/proc/net/unix").read_text().splitlines() if marker in line]


@dataclass
class Ear:
    """Listens on the host, on every address, for a TCP connection or a datagram from inside."""

    tcp: int
    udp: int
    abstract: str
    heard: list[str] = field(default_factory=list)


@contextlib.contextmanager
def listening() -> Iterator[Ear]:
    """Listen on TCP, UDP and an abstract Unix socket of this machine; proven to hear before anybody relies on it."""
    name = f"fixtrail-ear-{uuid.uuid4().hex}"
    with (
        socket.create_server(("0.0.0.0", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(("0.0.0.0", 0))
        abstract.bind(f"\0{name}")
        abstract.listen()
        ear = Ear(tcp.getsockname()[1], udp.getsockname()[1], name)
        ended = threading.Event()

        def hear(kind: str, listener: socket.socket) -> None:
            listener.settimeout(0.2)
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    if kind == "udp":
                        listener.recvfrom(100)
                    else:
                        listener.accept()[0].close()
                    ear.heard.append(kind)

        threads = [
            threading.Thread(target=hear, args=pair) for pair in (("tcp", tcp), ("udp", udp), ("abstract", abstract))
        ]
        for thread in threads:
            thread.start()
        try:
            _prove(ear)
            yield ear
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def _prove(ear: Ear) -> None:
    socket.create_connection(("127.0.0.1", ear.tcp), timeout=5).close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"x", ("127.0.0.1", ear.udp))
    with socket.socket(socket.AF_UNIX) as out:
        out.connect(f"\0{ear.abstract}")
    wait = threading.Event()
    for _ in range(100):
        if sorted(ear.heard) == ["abstract", "tcp", "udp"]:
            ear.heard.clear()
            return
        wait.wait(0.05)
    raise AssertionError(f"the listeners on the host heard only {ear.heard}")


def own_addresses() -> list[str]:
    """Return every IPv4 address of this machine: its loopback, its network, the engine's gateway."""
    return sorted(
        {each.address for found in psutil.net_if_addrs().values() for each in found if each.family == socket.AF_INET}
    )
