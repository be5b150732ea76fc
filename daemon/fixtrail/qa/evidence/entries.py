"""What stands on a timeline: thoughts, runs, edits, views, and what moved the files beside them."""

from dataclasses import dataclass

from fixtrail_protocol.events import TestCase

from fixtrail.qa.evidence.commands import Call
from fixtrail.qa.evidence.outcomes import Outcome

_PROSE = (".md", ".rst", ".adoc", ".markdown")
_PROSE_NAMES = ("changelog", "readme", "license", "licence", "authors", "news")


def is_prose(path: str) -> bool:
    """Whether a file is for people only: documentation, a change log, a licence."""
    name = path.rpartition("/")[2].lower()
    return name.endswith(_PROSE) or name.partition(".")[0] in _PROSE_NAMES


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened.

    Attributes
    ----------
    place
        Its place in the timeline, from 0; later things have a greater one.
    event_id
        Of the event; empty in a document of schema 1.0. A run has that of its command, or of its result where no
        command is known.
    moment
        Start, in milliseconds since 1970, by the clock of the machine. Order goes by ``place``; the moment tells
        durations, and whether a run had begun when a file changed: a run has its place at its end.
    """

    place: int
    event_id: str
    moment: int


@dataclass(frozen=True, slots=True)
class Step(Entry):
    """A reasoning step; ``number`` counts them from 1."""

    number: int
    content: str
    kind: str | None = None
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run(Entry):
    """A command that ran, or a test run known by its result alone (``command`` None).

    ``outcome`` is None where it is no test run, or where nobody recorded how it ended.
    """

    command: str | None
    exit_code: int | None
    output: str | None
    is_test: bool
    outcome: Outcome | None = None
    passed: int | None = None
    failed: int | None = None
    """Failures and errors."""
    skipped: int | None = None
    cases: tuple[TestCase, ...] = ()
    result_ids: tuple[str, ...] = ()
    """Events of results that belong to it."""
    actor: str = "developer"
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit(Entry):
    """The content of a file changed, or the file went away."""

    path: str
    is_test: bool
    diff: str | None
    added: int
    removed: int
    actor: str
    blob_before: str | None = None
    blob_after: str | None = None
    cause: str | None = None
    """The command during which it changed."""
    by_developer: bool = True
    """Typed by the developer, or changed by nobody we know; not by git, a tool or an agent."""
    counted: bool = True
    """``added`` and ``removed`` are known."""

    @property
    def is_prose(self) -> bool:
        """Whether the file is for people only."""
        return is_prose(self.path)

    @property
    def is_code(self) -> bool:
        """Whether the file is neither a test nor prose."""
        return not self.is_test and not self.is_prose

    @property
    def changes_content(self) -> bool:
        """Whether there is another text afterwards; False where what was typed before was only saved."""
        if self.blob_before is not None and self.blob_before == self.blob_after:
            return False
        return self.diff != ""

    @property
    def creates_file(self) -> bool:
        """Whether there was no such file before, as far as the event tells."""
        if self.diff:
            return self.diff.startswith("--- /dev/null")
        return self.blob_before is None and self.blob_after is not None


@dataclass(frozen=True, slots=True)
class View(Entry):
    """A file was looked at: opened (no ranges), or seen for a while."""

    path: str
    is_test: bool
    ranges: tuple[tuple[int, int], ...] = ()
    dwell_ms: int = 0


@dataclass(frozen=True, slots=True)
class TreeMove(Entry):
    """Git, or many changes at once, put the files into another state; ``operation`` is git's word, or ``storm``."""

    actor: str
    operation: str
    files: tuple[str, ...]
    files_changed: int
    tree_before: str | None = None
    tree_after: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Debug(Entry):
    """Something happened in a debugger: it stopped, or an expression was looked at."""

    phase: str
    path: str | None = None
    line: int | None = None
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class Gap(Entry):
    """Something may be missing here. A pause counts as one (``reason`` ``paused``)."""

    reason: str
