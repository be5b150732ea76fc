"""A second signal beside the report: what pytest said while it ran, on a stream where nothing can be taken back.

The report is a file that the tested code can write, and rewrite after the tests. The plug-in in ``inside`` is loaded
before any of the project's own files and says over the engine's stream that pytest began, how each test ended, and
that pytest came to its end. A pass that this contradicts is none.

It is no proof: code that runs in pytest's own process can speak as the plug-in does, or bend pytest itself.
``docs/threat-model.md`` says what that leaves.
"""

import re
from dataclasses import dataclass, field
from importlib import resources

from fixtrail.capture.junit import Report

FOLDER = "witness"
"""Where the plug-in lies, on the volume that holds the tree."""
READY = "wrapper ready"
"""Said by our own wrapper before it becomes the tests: the stream works."""
NAME = "fixtrail_witness"
_MAX_LINE = 200
_MAX_SESSIONS = 1_000
_WORDS = frozenset({"began", "passed", "failed", "skipped", "stopped", "ended"})
_DIRECT = re.compile(r"^(pytest|py\.test)(-3(\.\d+)?)?$")
_PYTHON = re.compile(r"^(python|pypy)(\d+(\.\d+)?)?$")
_WITHOUT_ENVIRONMENT = re.compile(r"^-[A-Za-z]*[EI]")


def files() -> dict[str, bytes]:
    """Return the plug-in as files for :data:`FOLDER`, by name; pytest finds it there as an installed distribution."""
    source = (resources.files("fixtrail.qa.sandbox.inside") / f"{NAME}.py").read_bytes()
    return {
        f"{NAME}.py": source,
        f"{NAME}-1.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1\n".encode(),
        f"{NAME}-1.dist-info/entry_points.txt": f"[pytest11]\n{NAME} = {NAME}\n".encode(),
    }


def is_certain(argv: list[str]) -> bool:
    """Say whether ``argv`` starts pytest itself, with nothing between that may keep the plug-in from being loaded.

    >>> is_certain(["python3", "-m", "pytest", "-q"]), is_certain(["/env/bin/pytest"])
    (True, True)
    >>> is_certain(["make", "test"]), is_certain(["python3", "-I", "-m", "pytest"])
    (False, False)
    """
    head = argv[0].rsplit("/", 1)[-1]
    if _DIRECT.match(head):
        return True
    if not _PYTHON.match(head) or "-m" not in argv:
        return False
    at = argv.index("-m")
    return argv[at + 1 : at + 2] == ["pytest"] and not any(map(_WITHOUT_ENVIRONMENT.match, argv[1:at]))


def environment(argv: list[str]) -> dict[str, str]:
    """Return what names the plug-in to pytest even where it loads none by itself; only for what is certain.

    Behind a script or a Makefile the path to it may be lost, and pytest would end over a name it cannot find.
    """
    return {"PYTEST_PLUGINS": NAME} if is_certain(argv) else {}


@dataclass
class Testimony:
    """What was said.

    Attributes
    ----------
    ready
        The stream works, so that silence means something.
    passed, failed
        Reports of tests that passed, and of tests, set-ups and files that failed; over all sessions.
    open
        Sessions that began and did not end.
    stopped
        pytest left tests out that it had collected.
    strange
        Something else than pytest's plug-in wrote there.
    """

    __test__ = False

    ready: bool = False
    began: int = 0
    passed: int = 0
    failed: int = 0
    open: set[str] = field(default_factory=set)
    stopped: bool = False
    strange: bool = False


class Listener:
    """Collects the stream in bounded memory."""

    def __init__(self) -> None:
        self.testimony = Testimony()
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > _MAX_LINE:
            self.testimony.strange, self._rest = True, b""

    def _take(self, line: bytes) -> None:
        heard = self.testimony
        text = line.decode("ascii", "replace")
        session, _, word = text.partition(" ")
        if text == READY:
            heard.ready = True
        elif len(line) > _MAX_LINE or word not in _WORDS or len(heard.open) > _MAX_SESSIONS:
            heard.strange = True
        elif word == "began":
            heard.began += 1
            heard.open.add(session)
        elif word == "ended":
            heard.open.discard(session)
        elif word == "stopped":
            heard.stopped = True
        elif word == "passed":
            heard.passed += 1
        elif word == "failed":
            heard.failed += 1


def contradiction(heard: Testimony, report: Report | None, argv: list[str]) -> str | None:
    """Say in one sentence why a pass cannot stand beside what was heard; None: it can."""
    if heard.strange:
        return "The tests wrote into the stream on which pytest says how it goes."
    if not heard.began:
        if heard.ready and is_certain(argv):
            return (
                "pytest never said that it began: something else ran in its place, or the project keeps it from "
                "loading plug-ins."
            )
        return None
    if heard.open:
        return "pytest began and never said that it came to its end."
    if heard.failed:
        return f"pytest said of {heard.failed} tests or files that they failed, and the end does not show it."
    if heard.stopped:
        return "pytest was stopped before all the tests that it had collected had run."
    if report is not None and report.passed > heard.passed:
        return f"The JUnit report has {report.passed} passed tests, but pytest said so of {heard.passed}."
    return None
