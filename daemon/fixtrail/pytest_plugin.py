"""Tells a trace of this workspace what a pytest run gave: every test with its outcome, duration and message.

Loaded by every pytest of the environment (entry point ``pytest11``), so it imports almost nothing and does nothing
unless a trace of the folder is open. ``-p no:fixtrail`` turns it off.
"""

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest.reports import CollectReport, TestReport
    from _pytest.terminal import TerminalReporter

MAX_CASES = 10_000
MAX_NAME = 500
MAX_MESSAGE = 2_000
STORE_SECONDS = 10.0
"""How long the end of a run may wait for the trace at the most."""
_WEIGHT = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}


@dataclass(slots=True)
class _Case:
    outcome: str
    seconds: float = 0.0
    message: str | None = None


@dataclass(slots=True)
class _Run:
    """A test run, and how each test of it ended."""

    folder: Path
    started: str
    clock: float
    cases: dict[str, _Case] = field(default_factory=dict)
    problem: str | None = None

    def add(self, name: str, outcome: str, seconds: float, message: str | None) -> None:
        """Add a phase of a test: the worst outcome of set-up, call and tear-down counts, the times add up."""
        case = self.cases.get(name)
        if case is None:
            case = self.cases[name] = _Case(outcome)
        case.seconds += seconds
        if _WEIGHT[outcome] > _WEIGHT[case.outcome] or (message and case.message is None):
            case.outcome = max(outcome, case.outcome, key=_WEIGHT.__getitem__)
            case.message = message or case.message

    def data(self, exit_code: int) -> dict[str, Any]:
        """Return the ``data`` of the ``test_result``."""
        counts = dict.fromkeys(_WEIGHT, 0)
        for case in self.cases.values():
            counts[case.outcome] += 1
        told = {"passed": counts["passed"], "failed": counts["failed"], "errors": counts["error"]}
        told["skipped"] = counts["skipped"]
        total = len(self.cases)
        # What failed is kept first where there is no room for all.
        kept = sorted(self.cases.items(), key=lambda item: -_WEIGHT[item[1].outcome]) if total > MAX_CASES else None
        cases = [
            {
                "name": name[:MAX_NAME],
                "outcome": case.outcome,
                "duration_ms": round(case.seconds * 1000, 3),
                **({"message": case.message} if case.message else {}),
            }
            for name, case in (kept or list(self.cases.items()))[:MAX_CASES]
        ]
        failed = f"{told['failed']} failed, {told['errors']} errors"
        return {
            "runner": "pytest",
            "source": "pytest",
            "exit_code": exit_code,
            "summary": f"{told['passed']} of {total} passed, {failed}",
            **told,
            "duration_ms": round((time.monotonic() - self.clock) * 1000),
            "cases": cases,
            **({"command_event_id": command} if (command := os.environ.get("FIXTRAIL_COMMAND_ID")) else {}),
        }


class Plugin:
    """Collects what the reports of one run say, and records it when the run ends."""

    def __init__(self, run: _Run) -> None:
        self._run = run

    def pytest_runtest_logreport(self, report: "TestReport") -> None:
        """Take the report of one phase of one test."""
        if report.failed:
            outcome = "failed" if report.when == "call" else "error"
        elif report.skipped:
            outcome = "skipped"
        elif report.when == "call":
            outcome = "passed"
        else:
            outcome = "passed" if report.nodeid in self._run.cases else ""
        if outcome:
            self._run.add(report.nodeid, outcome, report.duration, _message(report))

    def pytest_collectreport(self, report: "CollectReport") -> None:
        """Take a file that could not be collected: an error, as pytest counts it."""
        if report.failed:
            self._run.add(report.nodeid or "collection", "error", 0.0, _message(report))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Record the run. A trace that cannot be reached is no reason for tests to fail."""
        if not self._run.cases or session.config.option.collectonly:
            return
        event = {
            "event_type": "test_result",
            "timestamp": self._run.started,
            "actor": "tool",
            "data": self._run.data(int(exitstatus)),
        }
        # In a thread of its own: here an event loop of the tests may be left over.
        storing = threading.Thread(target=self._store, args=(event,), name="fixtrail", daemon=True)
        storing.start()
        storing.join(STORE_SECONDS)
        if storing.is_alive():
            self._run.problem = "it took too long"

    def _store(self, event: dict[str, Any]) -> None:
        import asyncio

        from fixtrail.cli.client import connect
        from fixtrail.errors import FixtrailError

        async def store() -> None:
            async with connect(self._run.folder, need_trace=True) as call:
                if (await call("trace/status", {}))["state"] == "recording":
                    await call.record([event])

        try:
            asyncio.run(store())
        except (FixtrailError, OSError) as error:
            self._run.problem = str(error)

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        """Say so where the run could not be recorded."""
        if self._run.problem is not None:
            terminalreporter.write_line(f"fixtrail: the run was not recorded: {self._run.problem}", yellow=True)


def _message(report: "TestReport | CollectReport") -> str | None:
    if report.passed:
        return None
    if isinstance(report.longrepr, tuple):  # where and why a test was skipped
        return str(report.longrepr[2])[:MAX_MESSAGE]
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    return text[:MAX_MESSAGE] or None


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Begin to collect if a trace is open for the folder. A worker of xdist leaves it to who distributes."""
    if hasattr(config, "workerinput") or "PYTEST_CURRENT_TEST" in os.environ:
        return  # the second: a test that runs pytest is a test, and what it runs is a part of it
    try:
        from fixtrail.home import find_home

        home = find_home()
        if not (home / "workspaces").is_dir():
            return
        from fixtrail.store.layout import DataDirectory

        folder = config.rootpath.resolve()
        if DataDirectory(home).open_trace_of(folder) is None:
            return
    except (ImportError, OSError):
        return
    from datetime import UTC, datetime

    started = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    config.pluginmanager.register(Plugin(_Run(folder, started, time.monotonic())), "fixtrail-run")
