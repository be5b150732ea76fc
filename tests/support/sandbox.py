"""Small trees to test in a container, what the engine holds of them afterwards, and an engine that can be cut off."""

import contextlib
import io
import os
import socket
import tarfile
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docker
import pytest
from fixtrail.qa.sandbox import Job
from fixtrail.qa.sandbox.engine import connect
from fixtrail.qa.sandbox.hardening import LABEL_TRACE
from fixtrail.qa.sandbox.status import status
from fixtrail.settings import DEFAULT_IMAGE, SandboxSettings
from fixtrail_protocol.commands import parse_test_command

IMAGE = os.environ.get("FIXTRAIL_IMAGE", DEFAULT_IMAGE)
QUICK = SandboxSettings(image=IMAGE, timeout_seconds=60, memory_bytes=256 * 1024**2)


@pytest.fixture(scope="module")
def engine() -> None:
    """A real engine with the base image. Its absence is a failure, unless it is wanted."""
    found = status(IMAGE)
    if found.error_code is None:
        return
    if os.environ.get("FIXTRAIL_TESTS_WITHOUT_DOCKER") == "1":
        pytest.skip(f"without Docker, as asked: {found.reason}")
    pytest.fail(
        f"{found.error_code}: {found.reason} {found.hint} scripts/setup-docker and scripts/base-image do that here; "
        "FIXTRAIL_TESTS_WITHOUT_DOCKER=1 leaves these tests out.",
        pytrace=False,
    )


def pack(where: Path, files: Mapping[str, str]) -> Path:
    """Write ``files`` into a tar as finalize does; returns its path."""
    where = where / f"{uuid.uuid4().hex}.tar"
    with tarfile.open(where, "w") as tree:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text.encode()), 0o755 if text.startswith("#!") else 0o644
            tree.addfile(info, io.BytesIO(text.encode()))
    return where


def job(where: Path, files: Mapping[str, str], command: str = "pytest -q") -> Job:
    """A job of its own trace."""
    return Job(parse_test_command(command), pack(where, files), "0" * 40, trace_id=f"test-{uuid.uuid4().hex}")


@dataclass
class Leftovers:
    """What the engine holds of one trace."""

    containers: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)


def leftovers(trace_id: str) -> Leftovers:
    """Ask the engine by label, so that other users of it do not matter."""
    label = {"label": f"{LABEL_TRACE}={trace_id}"}
    with connect() as engine:
        found = engine.client.containers(all=True, filters=label)
        volumes = engine.client.volumes(filters=label)["Volumes"] or []
    return Leftovers(
        [each["Id"] for each in found],
        [each["Id"] for each in found if each["State"] == "running"],
        [each["Name"] for each in volumes],
    )


def discard(trace_id: str) -> None:
    """Remove what a test left behind on purpose."""
    with connect() as engine:
        for container in leftovers(trace_id).containers:
            engine.client.remove_container(container, v=True, force=True)


class Cable:
    """A loopback socket before the real engine, which can be pulled."""

    def __init__(self, path: Path) -> None:
        self.url = f"unix://{path}"
        with connect() as engine:
            self._target = engine.endpoint.url.removeprefix("unix://")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._ends: list[socket.socket] = [self._listener]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._target)
            self._ends += [near, far]
            for pump, source, sink in ((self._requests, near, far), (self._pump, far, near)):
                self._threads.append(threading.Thread(target=pump, args=(source, sink)))
                self._threads[-1].start()

    def _requests(self, near: socket.socket, far: socket.socket) -> None:
        """Bring what is asked to the engine."""
        self._pump(near, far)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def pull(self) -> None:
        """Cut every connection, and take no more."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(timeout=5)


@contextlib.contextmanager
def cable(path: Path) -> Iterator[Cable]:
    """Lead a cable to the engine; pulled at the end if not before."""
    lead = Cable(path)
    try:
        yield lead
    finally:
        lead.pull()


def client() -> docker.APIClient:
    """The SDK's own client to the real engine; close it."""
    return connect().client
