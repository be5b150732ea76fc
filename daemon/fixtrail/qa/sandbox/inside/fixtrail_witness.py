"""A pytest plug-in that runs inside the container and says, line by line, what pytest does.

It writes into the engine's stream for standard error, which the tests do not use. What was said there cannot be taken
back: a report that was rewritten, or written by somebody else, then contradicts it. Plain enough for Python 3.6.

The lines (read by ``fixtrail.qa.sandbox.witness``) are ``SESSION WORD``, with the words ``began`` ``passed``
``failed`` ``skipped`` ``stopped`` (before all that was collected had run) ``ended``.
"""

import os
import sys
from pathlib import Path
from typing import Any

CHANNEL = "/proc/1/fd/2"
NAME = "fixtrail_witness"


def _leave_no_trace() -> None:
    """Take out of path and environment what brought this module here: the tests run as they would without it."""
    here = str(Path(__file__).parent)
    sys.path[:] = [entry for entry in sys.path if entry != here]
    for variable, separator, own in (("PYTHONPATH", os.pathsep, here), ("PYTEST_PLUGINS", ",", NAME)):
        if variable in os.environ:
            left = [entry for entry in os.environ[variable].split(separator) if entry != own]
            os.environ[variable] = separator.join(left)
            if not left:
                del os.environ[variable]


class _Voice:
    """Speaks for this process only: a fork that runs on into pytest's own code says nothing."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._session = f"{self._process}-{os.urandom(4).hex()}"
        try:
            self._channel = os.open(CHANNEL, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError:
            self._channel = -1

    def say(self, word: str) -> None:
        if self._channel >= 0 and os.getpid() == self._process:
            try:
                os.write(self._channel, f"{self._session} {word}\n".encode())
            except OSError:
                self._channel = -1


class _Witness:
    def __init__(self, voice: _Voice) -> None:
        self._voice = voice
        self._to_run = set()  # type: set[str]

    def pytest_collection_finish(self, session: Any) -> None:
        if not session.config.option.collectonly:
            self._to_run = {item.nodeid for item in session.items}

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._to_run.discard(nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._voice.say("failed")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self._voice.say("failed")
        elif report.skipped:
            self._voice.say("skipped")
        elif report.passed and report.when == "call":
            self._voice.say("passed")

    def pytest_sessionfinish(self) -> None:
        if self._to_run:
            self._voice.say("stopped")
        self._voice.say("ended")


_leave_no_trace()
_voice = None
if "PYTEST_XDIST_WORKER" not in os.environ:  # the process that hands out the tests hears of every one
    _voice = _Voice()
    _voice.say("began")


def pytest_configure(config: Any) -> None:
    """Follow the first session of this process; one that a test starts inside of it is no business of ours."""
    global _voice
    if _voice is not None:
        config.pluginmanager.register(_Witness(_voice), f"{NAME}_session")
        _voice = None
