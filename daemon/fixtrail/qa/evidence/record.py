"""What had been recorded by a given moment: a timeline with the look-ups that measures and claims are made of.

Every look-up is a search in a sorted list or a dictionary, so that a trace of any length is assessed in linear time.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from fixtrail.qa.evidence.commands import Call, last_part, names, reads, runs_project, searches
from fixtrail.qa.evidence.entries import Edit, Entry, Run, TreeMove, View, is_prose
from fixtrail.qa.evidence.final_state import Change, FinalState
from fixtrail.qa.evidence.outcomes import NOT_RUN
from fixtrail.qa.evidence.tests_added import adds_test, opens_test
from fixtrail.qa.evidence.timeline import Timeline
from fixtrail.qa.evidence.turns import Turn, wrong_turns

__all__ = ["Change", "Record", "back_from", "between", "fails", "first_after", "last"]

EntryT = TypeVar("EntryT", bound=Entry)

_HIDE_NOTHING = frozenset(
    {"lone_surrogate", "unsaved_buffer", "not_replayed", "baseline", "code_consent", "path_outside"}
)
"""Reasons of gaps in which no event can have been lost. Of any other, a new one included, it is not known."""
_GO_ON = frozenset({"no_shell_integration", "disk_not_watched"})
"""Reasons of gaps that do not end: what comes after them may be missing as well."""

_NAME = re.compile(r"\btest_\w+", re.IGNORECASE)
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Interrupt|Warning|NotFound)\b|\bStopIteration\b")


class Record:
    """A timeline, and what of it matters for the way."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._outcomes: dict[int, dict[str, set[str]]] = {}
        self.test_runs = timeline.test_runs
        tests = {event for run in self.test_runs for event in (run.event_id, *run.result_ids)} - {""}
        self.edits = [edit for edit in timeline.edits if edit.by_developer and edit.changes_content]
        """The developer's edits of any file."""
        self.code_edits = [edit for edit in self.edits if edit.is_code]
        edits = [edit for edit in timeline.edits if not edit.is_prose and edit.cause not in tests]
        moves = [move for move in timeline.moves if move.cause not in tests and _touches_code(move)]
        self.changes: list[Change] = sorted([*edits, *moves], key=_place)
        """Whatever changed code or tests, whoever did it; not what a test run itself wrote."""
        self.failing_runs = [run for run in timeline.runs if fails(run)]
        """Runs that showed a failure: tests that failed, or the project's own program that ended with an error."""
        repeated = {run.command for run in self.failing_runs if not run.is_test}
        self.check_runs = [run for run in timeline.runs if run.is_test or (run.command in repeated)]
        """Runs that can tell whether the bug is gone: tests, and the command that had shown it."""

    @property
    def first_code_edit(self) -> Edit | None:
        """The developer's first edit of code."""
        return self.code_edits[0] if self.code_edits else None

    @property
    def end(self) -> int:
        """A place after everything."""
        return len(self.timeline.entries)

    @cached_property
    def views(self) -> dict[str, list[View]]:
        """Each file that was looked at, with when."""
        found: dict[str, list[View]] = {}
        for view in self.timeline.views:
            found.setdefault(view.path, []).append(view)
        return found

    @cached_property
    def edits_by_path(self) -> dict[str, list[Edit]]:
        """Each file whose content changed, by whomever."""
        found: dict[str, list[Edit]] = {}
        for edit in self.timeline.edits:
            if edit.changes_content:
                found.setdefault(edit.path, []).append(edit)
        return found

    @cached_property
    def turns(self) -> list[Turn]:
        """Turns that were taken back."""
        return wrong_turns(self.edits_by_path, self.timeline.runs, self.timeline.steps)

    @cached_property
    def undone(self) -> frozenset[int]:
        """Places of edits that were taken back."""
        return frozenset(edit.place for turn in self.turns for edit in turn.edits)

    @cached_property
    def added_tests(self) -> list[Edit]:
        """The developer's edits that add a test which was not taken out again."""
        kept = (edit for edit in self.edits if edit.place not in self.undone)
        return [edit for edit in kept if adds_test(edit) or opens_test(edit)]

    @cached_property
    def may_add_tests(self) -> bool:
        """Whether an edit of anybody may have added a test: of a test file, or one of which nothing is known."""
        return any(edit.is_test or edit.diff is None or opens_test(edit) for edit in self.timeline.edits)

    @cached_property
    def test_edits(self) -> list[Edit]:
        """The developer's edits of test files."""
        return [edit for edit in self.edits if edit.is_test]

    @cached_property
    def searches(self) -> list[Run]:
        """Runs that searched for words in files."""
        return [run for run in self.timeline.runs if any(searches(call) for call in run.calls)]

    @cached_property
    def has_outputs(self) -> bool:
        """Whether what commands printed is recorded at all."""
        return any(run.output is not None for run in self.timeline.runs)

    def outcomes(self, run: Run) -> dict[str, set[str]]:
        """Return how the tests of a run ended, by name in lower case; with parameters, one may have ended both ways."""
        if run.place not in self._outcomes:
            found: dict[str, set[str]] = {}
            for case in run.cases:
                name = re.split(r"::|\.|/| > ", case.name.partition("[")[0])[-1].strip().lower()
                found.setdefault(name, set()).add(case.outcome)
            self._outcomes[run.place] = found
        return self._outcomes[run.place]

    def shown_by(self, path: str, before: int) -> Run | None:
        """Return the first command before a place that showed the file ``path``, or lines of it."""
        for run, call in self._words.get(last_part(path), ()):
            if run.place < before and reads(call, path):
                return run
        return None

    @cached_property
    def _words(self) -> dict[str, list[tuple[Run, Call]]]:
        found: dict[str, list[tuple[Run, Call]]] = {}
        for run in self.timeline.runs:
            for call in run.calls:
                for word in {last_part(word) for word in call.arguments}:
                    found.setdefault(word, []).append((run, call))
        return found

    def paths_named(self, name: str) -> list[str]:
        """Return the files of the trace that ``name`` (any case) can mean: a path, or the last parts of one."""
        return [path for path in self._paths.get(last_part(name).lower(), ()) if names(name.lower(), path.lower())]

    @cached_property
    def _paths(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in dict.fromkeys([*self.views, *(edit.path for edit in self.timeline.edits)]):
            found.setdefault(last_part(path).lower(), []).append(path)
        return found

    @cached_property
    def test_names(self) -> frozenset[str]:
        """Names of tests that stand in results or in the diffs of tests, in lower case."""
        found = {name.lower() for run in self.test_runs for case in run.cases for name in _NAME.findall(case.name)}
        for edit in self.timeline.edits:
            if edit.is_test and edit.diff:
                found.update(name.lower() for name in _NAME.findall(edit.diff))
        return frozenset(found)

    def names_run_by(self, command: str | None) -> set[str]:
        """Return the names of tests, in lower case, that runs of a command line have reported."""
        return self._names_run.get(command, set()) if command is not None else set()

    @cached_property
    def _names_run(self) -> dict[str | None, set[str]]:
        found: dict[str | None, set[str]] = {}
        for run in self.test_runs:
            told = (name.lower() for case in run.cases for name in _NAME.findall(case.name))
            found.setdefault(run.command, set()).update(told)
        return found

    def outputs_with(self, error: str) -> list[Run]:
        """Return the runs whose output, or whose tests' messages, name an error such as ``KeyError``."""
        return self._errors.get(error, [])

    @cached_property
    def _errors(self) -> dict[str, list[Run]]:
        found: dict[str, list[Run]] = {}
        for run in self.timeline.runs:
            messages = (case.message for case in run.cases if case.message)
            for name in {name for text in (run.output or "", *messages) for name in _ERROR.findall(text)}:
                found.setdefault(name, []).append(run)
        return found

    @cached_property
    def covering_runs(self) -> list[Run]:
        """Runs of :attr:`check_runs` on the code as it was at the end, oldest first.

        A run counts if every file had the content then that it had at the end: what was changed later and put back
        does no harm, what changed while it ran does.
        """
        state = FinalState()
        found: list[Run] = []
        changes = iter(reversed(self.changes))
        change = next(changes, None)
        for run in sorted(self.check_runs, key=self.began, reverse=True):
            while change is not None and change.place >= self.began(run):
                state.undo(change)
                change = next(changes, None)
            if state.is_final:
                found.append(run)
        return sorted(found, key=_place)

    def began(self, run: Run) -> int:
        """Return the place at which a run began: before all changes that came while it ran."""
        at = bisect_left(self.changes, run.place, key=_place)
        place = run.place
        while at > 0 and self.changes[at - 1].moment > run.moment:
            at -= 1
            place = self.changes[at].place
        return place

    def last_change(self, before: int) -> Change | None:
        """Return the last change of code or tests before a place."""
        return last(self.changes, before)

    def hides(self, after: int, before: int) -> bool:
        """Whether something may have happened between two places that is not recorded."""
        gaps = self._gaps
        at = bisect_right(gaps, after)
        if at < len(gaps) and gaps[at] < before:
            return True
        return self._goes_on is not None and self._goes_on < before

    @cached_property
    def _gaps(self) -> list[int]:
        return [gap.place for gap in self.timeline.gaps if gap.reason not in _HIDE_NOTHING]

    @cached_property
    def _goes_on(self) -> int | None:
        return next((gap.place for gap in self.timeline.gaps if gap.reason in _GO_ON), None)


def fails(run: Run) -> bool:
    """Whether a run showed a failure of the project."""
    if run.is_test:
        return run.outcome == "failed"
    if not run.exit_code or run.exit_code in NOT_RUN or not run.calls:
        return False
    return runs_project(run.calls[-1])


def last(entries: Sequence[EntryT], before: int) -> EntryT | None:
    """Return the last of ``entries`` before a place."""
    at = bisect_left(entries, before, key=_place)
    return entries[at - 1] if at else None


def first_after(entries: Sequence[EntryT], after: int) -> EntryT | None:
    """Return the first of ``entries`` after a place."""
    at = bisect_right(entries, after, key=_place)
    return entries[at] if at < len(entries) else None


def back_from(entries: Sequence[EntryT], before: int) -> Iterator[EntryT]:
    """Yield the entries before a place, the latest first."""
    for at in range(bisect_left(entries, before, key=_place) - 1, -1, -1):
        yield entries[at]


def between(entries: Sequence[EntryT], after: int, before: int) -> Sequence[EntryT]:
    """Return the entries between two places, both left out."""
    return entries[bisect_right(entries, after, key=_place) : bisect_left(entries, before, key=_place)]


def _place(entry: Entry) -> int:
    return entry.place


def _touches_code(move: TreeMove) -> bool:
    return len(move.files) < move.files_changed or not all(is_prose(path) for path in move.files)
