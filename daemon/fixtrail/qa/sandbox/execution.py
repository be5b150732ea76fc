"""One run, start to end, in one worker thread: connect, create, send the tree, start, follow, read, judge, remove."""

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import requests
from docker.errors import APIError, NotFound
from fixtrail_protocol.base import now
from fixtrail_protocol.qa import TestRun

from fixtrail._version import __version__
from fixtrail.capture.junit import MAX_REPORT_BYTES
from fixtrail.capture.output import HeadAndTail
from fixtrail.errors import FixtrailError, UnavailableError
from fixtrail.qa.sandbox import hardening
from fixtrail.qa.sandbox.engine import Engine, check_runtime, connect, engine_trouble, explain
from fixtrail.qa.sandbox.job import Job
from fixtrail.qa.sandbox.output import Demultiplexer
from fixtrail.qa.sandbox.runners import Account, Left, ask, inside, read, recognise
from fixtrail.qa.sandbox.tree import TreeError, only_file, open_tree, parcel
from fixtrail.qa.sandbox.verdict import Evidence, rule
from fixtrail.qa.sandbox.witness import Listener, contradiction
from fixtrail.settings import SandboxSettings
from fixtrail.store.repository import strip_credentials

POLL_SECONDS = 0.1
"""How long a cancel or the deadline may go unnoticed while the tests print nothing."""
SETTLE_SECONDS = 10
"""How long the engine may take from the end of the output, or from a kill, to a stopped container."""
_REMOVE_ATTEMPTS = 5

_log = logging.getLogger(__name__)


class Cancelled(Exception):
    """The run was called off; its container is gone."""


def execute(job: Job, settings: SandboxSettings, cancelled: threading.Event, say: Callable[[str], None]) -> TestRun:
    """Run the tests and return the receipt.

    Trouble with the engine, the image or the tree is verdict ``infra_error``, never an exception.

    Parameters
    ----------
    cancelled
        Set from another thread to call the run off; noticed within :data:`POLL_SECONDS` or after the request to the
        engine that is under way.
    say
        Called with a few words on each phase.

    Raises
    ------
    Cancelled
        ``cancelled`` was set. The container is removed.
    """
    argv = ask(job.argv, hardening.REPORT)
    receipt = TestRun(
        verdict="infra_error",
        command=argv,
        runner=recognise(argv),
        tree=job.tree_id,
        image=settings.image,
        environment=dict(hardening.ENVIRONMENT),
        limits=hardening.limits_asked(settings),
    )
    try:
        say("Looking for the container engine")
        with connect() as engine:
            receipt.engine, receipt.endpoint = engine.title, _without_credentials(engine.endpoint.url)
            with engine_trouble("telling what it can enforce"):
                check_runtime(engine, settings.runtime)
                unenforced = engine.facts().unenforced
            if unenforced:
                say(f"This engine does not enforce {', '.join(unenforced)}")
            with _container(engine, job, argv, settings) as name:
                _Run(engine, name, job, settings, receipt, cancelled, say).go()
    except FixtrailError as error:
        receipt.verdict, receipt.error_code, receipt.reason = "infra_error", error.code, f"{error.code}: {error}"
    receipt.ended = receipt.ended or now()
    return receipt


def _without_credentials(url: str) -> str:
    # Only where there are some: a socket's address has no host and would not survive being taken apart.
    return strip_credentials(url) if "@" in url or "?" in url else url


def _versions(engine: Engine) -> dict[str, str]:
    known = {"fixtrail": __version__, engine.name: engine.version, "api": engine.api, "kernel": engine.facts().kernel}
    return {name: version for name, version in known.items() if version}


@contextlib.contextmanager
def _container(engine: Engine, job: Job, argv: list[str], settings: SandboxSettings) -> Iterator[str]:
    """Make a stopped container and see to it that nothing of it is left at the end."""
    # A name of our own, so that it can be removed even if the engine's answer to 'create' is lost.
    name = f"fixtrail-{uuid.uuid4().hex}"
    labels = {
        hardening.LABEL_TRACE: job.trace_id,
        hardening.LABEL_DEADLINE: str(int(time.time() + settings.timeout_seconds + settings.spare_seconds)),
        hardening.LABEL_PID: str(os.getpid()),
    }
    try:
        with engine_trouble("making the container", settings.image):
            hardening.create(engine, argv, settings, name=name, labels=labels)
        yield name
    finally:
        remove(engine, name)


def remove(engine: Engine, name: str) -> bool:
    """Kill and remove a container with its volume; returns whether it is gone.

    What cannot be removed now is logged, and left to :func:`fixtrail.qa.sandbox.reap_orphans`.
    """
    problem: Exception | None = None
    for attempt in range(_REMOVE_ATTEMPTS):
        try:
            engine.knock()
            engine.client.remove_container(name, v=True, force=True)
        except NotFound:
            return True
        except APIError as error:  # for example 409, "removal is already in progress"
            problem = error
            time.sleep(0.1 * 2**attempt)
        except (requests.RequestException, OSError) as error:
            problem = error
            break
        else:
            return True
    if problem is not None:
        _log.warning("container %s could not be removed and is left to its deadline: %s", name, explain(problem))
    return False


class _Run:
    """A container's life between its making and its removal; fills the receipt."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        job: Job,
        settings: SandboxSettings,
        receipt: TestRun,
        cancelled: threading.Event,
        say: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._client = engine.client
        self._name = name
        self._job = job
        self._settings = settings
        self._receipt = receipt
        self._cancelled = cancelled
        self._say = say
        self._output = HeadAndTail(settings.output_bytes)
        self._witness = Listener()

    def go(self) -> None:
        self._say("Copying the tree into the container")
        self._send_tree()
        self._follow()
        self._check_cancelled()
        self._say("Reading the results")
        inspected = self._stopped()
        left, problem = (b"", None) if self._receipt.timed_out else self._fetch_report()
        self._conclude(inspected, left, problem)

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled

    def _send_tree(self) -> None:
        try:
            with open_tree(self._job.tree_tar) as (tree, size), engine_trouble("taking in the tree"):
                carried = inside(recognise(self._job.argv))
                packed = parcel(tree, size, hardening.UID, carried)
                self._client.put_archive(self._name, hardening.VOLUME, self._checked(packed))
        except TreeError as error:
            raise UnavailableError(
                "sandbox/tree-unpack-failed", f"The tree to test {error}.", "Finalize again."
            ) from None

    def _checked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._check_cancelled()
            yield piece

    def _follow(self) -> None:
        """Start the container and keep its output until it ends, or until the deadline ends it."""
        receipt = self._receipt
        with engine_trouble("running the tests"):
            with self._attached() as stream:
                self._check_cancelled()
                self._say("Running the tests")
                receipt.started, started = now(), time.monotonic()
                self._client.start(self._name)
                ended = self._drain(stream, started + self._settings.timeout_seconds)
            if not ended:
                # Not while attached: Docker answers a kill only after it has delivered all output, and would wait
                # for us to read it.
                receipt.timed_out = self._kill()
            receipt.ended, receipt.duration_ms = now(), round((time.monotonic() - started) * 1000)
            receipt.versions = _versions(self._engine)

    @contextlib.contextmanager
    def _attached(self) -> Iterator[Any]:
        """Open the stream of what the container prints; before its start, or the beginning is lost."""
        wrapped = self._client.attach_socket(self._name, {"stdout": 1, "stderr": 1, "stream": 1})
        # Over plain sockets the SDK hands out an io wrapper, which does not survive a timeout; the socket in it does.
        stream = getattr(wrapped, "_sock", wrapped)
        stream.settimeout(POLL_SECONDS)
        try:
            yield stream
        finally:
            # Closing the response closes the socket with it; the other way round leaves it half open.
            getattr(wrapped, "_response", wrapped).close()

    def _drain(self, stream: Any, deadline: float) -> bool:
        """Read to the end of the output; False: the deadline came first."""
        frames = Demultiplexer(self._output.feed, self._witness.feed)
        while time.monotonic() < deadline:
            self._check_cancelled()
            try:
                data = stream.recv(65536)
            except TimeoutError:
                continue
            if not data:
                return True
            frames.feed(data)
        return False

    def _kill(self) -> bool:
        """Kill the container; False: it had ended by itself."""
        try:
            self._client.kill(self._name)
        except APIError as error:
            if error.status_code in (404, 409):
                return False
            raise
        return True

    def _stopped(self) -> dict[str, Any]:
        """Return the engine's last word on the container, once it has stopped."""
        give_up = time.monotonic() + SETTLE_SECONDS
        while True:
            self._check_cancelled()
            with engine_trouble("ending the container"):
                self._engine.knock()
                # Either exception means that it still runs, or that the engine is gone: ask.
                with contextlib.suppress(requests.ReadTimeout, requests.ConnectionError):
                    self._client.wait(self._name, timeout=1)
                self._engine.knock()
                inspected: dict[str, Any] = self._client.inspect_container(self._name)
            if not inspected["State"].get("Running"):
                return inspected
            if time.monotonic() >= give_up:
                raise UnavailableError(
                    "docker/engine-error",
                    "The engine closed the tests' output, but the container runs on.",
                    "Look at the engine's log and finalize again.",
                )

    def _fetch_report(self) -> tuple[bytes, str | None]:
        """Return the report's file, empty if the tests left none, and what is wrong with it if something is."""
        with engine_trouble("handing out the report"):
            try:
                archive, stat = self._client.get_archive(self._name, hardening.REPORT)
            except NotFound:
                return b"", None
            if not stat.get("size"):
                archive.close()
                return b"", None
            try:
                return only_file(archive, MAX_REPORT_BYTES), None
            except TreeError as error:
                return b"", str(error)

    def _account(self, left: bytes, problem: str | None) -> Account:
        """Return what the runner tells of its tests."""
        if problem is not None:
            return Account(problem=problem)
        output = self._output
        found = Left(left, output.text(), output_whole=not output.dropped, exit_code=self._receipt.exit_code)
        account = read(recognise(self._job.argv), found)
        output.feed(account.output.encode())
        return account

    def _conclude(self, inspected: dict[str, Any], left: bytes, problem: str | None) -> None:
        receipt, state = self._receipt, inspected["State"]
        receipt.exit_code = state.get("ExitCode")
        receipt.oom_killed = bool(state.get("OOMKilled"))
        receipt.image_digest = inspected.get("Image")
        with engine_trouble("telling what it enforces"):
            receipt.limits_enforced = hardening.limits_enforced(inspected, self._engine.facts(), self._settings)
        account = self._account(left, problem)
        report = account.report
        receipt.output = self._output.text()
        receipt.output_bytes, receipt.output_dropped_bytes = self._output.total, self._output.dropped
        if report is not None:
            receipt.passed, receipt.failed = report.passed, report.failed
            receipt.errors, receipt.skipped = report.errors, report.skipped
            receipt.cases = report.cases
        ruling = rule(
            Evidence(
                exit_code=receipt.exit_code,
                oom_killed=receipt.oom_killed,
                timed_out=receipt.timed_out,
                runner=recognise(receipt.command),
                report=report,
                report_problem=account.problem,
                printed=account.printed,
                ran_none=account.ran_none,
                doubt=account.doubt,
                contradiction=contradiction(self._witness.testimony, report, receipt.command),
                timeout_seconds=self._settings.timeout_seconds,
                memory_bytes=self._settings.memory_bytes,
            )
        )
        receipt.verdict, receipt.reason, receipt.error_code = ruling.verdict, ruling.reason, ruling.error_code
