"""One run, start to end, in one worker thread: connect, create, send the tree, start, follow, read, judge, remove."""

import threading
import time
from collections.abc import Callable
from typing import Any

from docker.errors import NotFound
from fixtrail_protocol.base import now
from fixtrail_protocol.qa import TestRun

from fixtrail._version import __version__
from fixtrail.capture.junit import MAX_REPORT_BYTES
from fixtrail.capture.output import HeadAndTail
from fixtrail.errors import FixtrailError, UnavailableError
from fixtrail.qa.sandbox import hardening
from fixtrail.qa.sandbox.container import Container, made
from fixtrail.qa.sandbox.engine import Engine, check_runtime, connect, engine_trouble
from fixtrail.qa.sandbox.job import Job
from fixtrail.qa.sandbox.output import Demultiplexer
from fixtrail.qa.sandbox.runners import Account, Left, ask, inside, read, recognise
from fixtrail.qa.sandbox.tree import TreeError, only_file, open_tree, parcel
from fixtrail.qa.sandbox.verdict import Evidence, rule
from fixtrail.qa.sandbox.witness import Listener, contradiction
from fixtrail.settings import SandboxSettings
from fixtrail.store.repository import strip_credentials


def execute(job: Job, settings: SandboxSettings, cancelled: threading.Event, say: Callable[[str], None]) -> TestRun:
    """Run the tests and return the receipt.

    Trouble with the engine, the image or the tree is verdict ``infra_error``, never an exception.

    Parameters
    ----------
    cancelled
        Set from another thread to call the run off; as for :class:`~fixtrail.qa.sandbox.container.Container`.
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

            def make(name: str, labels: dict[str, str]) -> None:
                with engine_trouble("making the container", settings.image):
                    hardening.create(engine, argv, settings, name=name, labels=labels)

            with made(engine, job.trace_id, settings.timeout_seconds + settings.spare_seconds, make) as name:
                _Run(Container(engine, name, cancelled), job, settings, receipt, say).go()
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


class _Run:
    """A container's life between its making and its removal; fills the receipt."""

    def __init__(
        self,
        container: Container,
        job: Job,
        settings: SandboxSettings,
        receipt: TestRun,
        say: Callable[[str], None],
    ) -> None:
        self._container = container
        self._engine = container.engine
        self._client = container.client
        self._job = job
        self._settings = settings
        self._receipt = receipt
        self._say = say
        self._output = HeadAndTail(settings.output_bytes)
        self._witness = Listener()

    def go(self) -> None:
        self._say("Copying the tree into the container")
        self._send_tree()
        self._follow()
        self._container.check_cancelled()
        self._say("Reading the results")
        inspected = self._container.stopped()
        left, problem = (b"", None) if self._receipt.timed_out else self._fetch_report()
        self._conclude(inspected, left, problem)

    def _send_tree(self) -> None:
        try:
            with open_tree(self._job.tree_tar) as (tree, size), engine_trouble("taking in the tree"):
                carried = inside(recognise(self._job.argv))
                packed = parcel(tree, size, hardening.UID, carried)
                self._client.put_archive(self._container.name, hardening.VOLUME, self._container.checked(packed))
        except TreeError as error:
            raise UnavailableError(
                "sandbox/tree-unpack-failed", f"The tree to test {error}.", "Finalize again."
            ) from None

    def _follow(self) -> None:
        """Start the container and keep its output until it ends, or until the deadline ends it."""
        receipt = self._receipt
        with engine_trouble("running the tests"):
            with self._container.attached() as stream:
                self._container.check_cancelled()
                self._say("Running the tests")
                receipt.started, started = now(), time.monotonic()
                self._client.start(self._container.name)
                frames = Demultiplexer(self._output.feed, self._witness.feed)
                ended = self._container.drain(stream, started + self._settings.timeout_seconds, frames)
            if not ended:
                receipt.timed_out = self._container.kill()
            receipt.ended, receipt.duration_ms = now(), round((time.monotonic() - started) * 1000)
            receipt.versions = _versions(self._engine)

    def _fetch_report(self) -> tuple[bytes, str | None]:
        """Return the report's file, empty if the tests left none, and what is wrong with it if something is."""
        with engine_trouble("handing out the report"):
            try:
                archive, stat = self._client.get_archive(self._container.name, hardening.REPORT)
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
