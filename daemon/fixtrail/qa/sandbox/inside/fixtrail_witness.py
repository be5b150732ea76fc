"""A pytest plug-in that runs inside the container and says, line by line, what pytest does.

It writes into the engine's stream for standard error, which the tests do not use. What was said there cannot be taken
back: a report that was rewritten, or written by somebody else, then contradicts it. Plain enough for any Python 3.

The lines (read by ``fixtrail.qa.sandbox.witness``) are ``SESSION WORD``, with the words ``began`` ``passed``
``failed`` ``skipped`` ``ended``.
"""

import os
import sys

CHANNEL = "/proc/1/fd/2"
NAME = "fixtrail_witness"


def _leave_no_trace():
    """Take out of path and environment what brought this module here: the tests run as they would without it."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry != here]
    for variable, separator, own in (("PYTHONPATH", os.pathsep, here), ("PYTEST_PLUGINS", ",", NAME)):
        if variable in os.environ:
            left = [entry for entry in os.environ[variable].split(separator) if entry != own]
            os.environ[variable] = separator.join(left)
            if not left:
                del os.environ[variable]


class _Voice:
    """Speaks for this process only: a fork that runs on into pytest's own code says nothing."""

    def __init__(self):
        self._process = os.getpid()
        self._session = "%d-%s" % (self._process, os.urandom(4).hex())
        try:
            self._channel = os.open(CHANNEL, os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            self._channel = None

    def say(self, word):
        if self._channel is not None and os.getpid() == self._process:
            try:
                os.write(self._channel, ("%s %s\n" % (self._session, word)).encode())
            except OSError:
                self._channel = None


class _Witness:
    def __init__(self, voice):
        self._voice = voice

    def pytest_collectreport(self, report):
        if report.failed:
            self._voice.say("failed")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self._voice.say("failed")
        elif report.skipped:
            self._voice.say("skipped")
        elif report.passed and report.when == "call":
            self._voice.say("passed")

    def pytest_sessionfinish(self):
        self._voice.say("ended")


_leave_no_trace()
_voice = None
if "PYTEST_XDIST_WORKER" not in os.environ:  # the process that hands out the tests hears of every one
    _voice = _Voice()
    _voice.say("began")


def pytest_configure(config):
    """Follow the first session of this process; one that a test starts inside of it is no business of ours."""
    global _voice
    if _voice is not None:
        config.pluginmanager.register(_Witness(_voice), NAME + "_session")
        _voice = None
