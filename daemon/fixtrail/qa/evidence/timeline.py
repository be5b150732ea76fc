"""The events of a trace as a plain list of what matters for judging the way: thoughts, runs, edits, views.

A test run is one :class:`Run`, whether it was recorded as a command, as a result, or as both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fixtrail_protocol.events import (
    CaptureGapData,
    CodeEditData,
    DebugSessionData,
    Event,
    FileOpenData,
    FileViewData,
    GitChangeData,
    ReasoningStepData,
    SessionMarkData,
    TerminalCommandData,
    TestResultData,
    TreeChangeData,
)
from fixtrail_protocol.trace import Consent

from fixtrail.qa.evidence.commands import EDITORS, calls_of
from fixtrail.qa.evidence.entries import Debug, Edit, Entry, Gap, Run, Step, TreeMove, View, is_prose
from fixtrail.qa.evidence.outcomes import ending
from fixtrail.qa.testfiles import FilePatterns, patterns_of_tests

__all__ = [
    "Debug",
    "Edit",
    "Entry",
    "Gap",
    "Run",
    "Step",
    "Timeline",
    "TreeMove",
    "View",
    "build_timeline",
    "is_prose",
    "milliseconds",
]


@dataclass(frozen=True)
class Timeline:
    """A trace in order, and by kind.

    ``consent`` is what the developer allowed, None where it is not known; ``start`` the moment of the first event.
    """

    entries: list[Entry] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    moves: list[TreeMove] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    consent: Consent | None = None
    start: int | None = None

    @property
    def test_runs(self) -> list[Run]:
        """Runs of tests."""
        return [run for run in self.runs if run.is_test]


def build_timeline(
    events: Iterable[Event], is_test_file: FilePatterns | None = None, consent: Consent | None = None
) -> Timeline:
    """Put ``events``, in the order of their numbers, on a timeline. What matters to nobody is left out.

    Parameters
    ----------
    is_test_file
        What tells test files from others; left out, the defaults of the settings.
    consent
        Of the trace. It tells "nothing was looked at" from "what was looked at is not recorded".
    """
    listed = list(events)
    builder = _Builder(listed, is_test_file or patterns_of_tests())
    line = Timeline(consent=consent, start=milliseconds(listed[0].timestamp) if listed else None)
    for event in listed:
        entry = builder.entry(event, len(line.entries), len(line.steps) + 1)
        if entry is None:
            continue
        line.entries.append(entry)
        match entry:
            case Step():
                line.steps.append(entry)
            case Run():
                line.runs.append(entry)
            case Edit():
                line.edits.append(entry)
            case View():
                line.views.append(entry)
            case TreeMove():
                line.moves.append(entry)
            case Gap():
                line.gaps.append(entry)
    return line


_Result = tuple[str, TestResultData]


class _Builder:
    def __init__(self, events: Sequence[Event], is_test: FilePatterns) -> None:
        self._is_test = is_test
        self._tests: dict[str, bool] = {}
        self._editors = {
            event.event_id
            for event in events
            if isinstance(event.data, TerminalCommandData)
            and any(call.program in EDITORS for call in calls_of(event.data.command))
        }
        self._results, self._taken = _results_of_commands(events)

    def entry(self, event: Event, place: int, number: int) -> Entry | None:
        """Return what an event is on the timeline; None: nothing, or part of another entry."""
        event_id, moment, data = event.event_id or "", milliseconds(event.timestamp), event.data
        match data:
            case ReasoningStepData():
                refs = tuple(data.refs or ())
                return Step(place, event_id, moment, number=number, content=data.content, kind=data.kind, refs=refs)
            case TerminalCommandData():
                return _run(place, event_id, moment, event.actor, data, self._results.get(id(event), []))
            case TestResultData():
                if id(event) in self._taken:
                    return None  # part of its command's run
                return _run(place, event_id, moment, event.actor, None, [(event_id, data)])
            case CodeEditData():
                return self._edit(place, event_id, moment, event.actor or "unknown", data)
            case FileOpenData():
                return View(place, event_id, moment, path=data.file_path, is_test=self._tests_at(data.file_path))
            case FileViewData():
                ranges = tuple((each.start, each.end) for each in data.ranges)
                test = self._tests_at(data.file_path)
                return View(place, event_id, moment, data.file_path, test, ranges=ranges, dwell_ms=data.dwell_ms)
            case GitChangeData() | TreeChangeData():
                return _move(place, event_id, moment, event.actor or "unknown", data)
            case DebugSessionData():
                return Debug(place, event_id, moment, data.phase, data.file_path, data.line, data.expression)
            case CaptureGapData():
                return Gap(place, event_id, moment, data.reason)
            case SessionMarkData(mark="paused"):
                return Gap(place, event_id, moment, "paused")
            case _:
                return None

    def _tests_at(self, path: str) -> bool:
        if path not in self._tests:
            self._tests[path] = self._is_test(path)
        return self._tests[path]

    def _edit(self, place: int, event_id: str, moment: int, actor: str, data: CodeEditData) -> Edit:
        return Edit(
            place,
            event_id,
            moment,
            path=data.file_path,
            is_test=self._tests_at(data.file_path),
            diff=data.diff,
            added=data.added or 0,
            removed=data.removed or 0,
            actor=actor,
            blob_before=data.blob_before,
            blob_after=data.blob_after,
            cause=data.cause,
            by_developer=actor in ("developer", "unknown") or (data.cause is not None and data.cause in self._editors),
            counted=data.added is not None,
        )


def _results_of_commands(events: Sequence[Event]) -> tuple[dict[int, list[_Result]], set[int]]:
    """Return the results that belong to each command, and which events these are; both by the identity of the event.

    A result that names no command is taken for that of the command right before it, if that ran tests.
    """
    commands = {event.event_id: event for event in events if isinstance(event.data, TerminalCommandData)}
    found: dict[int, list[_Result]] = {}
    taken: set[int] = set()
    last: Event | None = None
    for event in events:
        data = event.data
        if isinstance(data, TerminalCommandData):
            last = event if ending(data, ()).is_test else None
        elif isinstance(data, CodeEditData | ReasoningStepData):
            last = None
        elif isinstance(data, TestResultData):
            named = commands.get(data.command_event_id) if data.command_event_id else last
            if data.command_event_id is None:
                last = None
            if named is not None:
                found.setdefault(id(named), []).append((event.event_id or "", data))
                taken.add(id(event))
    return found, taken


def _run(
    place: int,
    event_id: str,
    moment: int,
    actor: str | None,
    command: TerminalCommandData | None,
    results: Sequence[_Result],
) -> Run:
    data = [result for _, result in results]
    end = ending(command, data)
    return Run(
        place,
        event_id,
        moment,
        command=command.command if command is not None else None,
        exit_code=end.exit_code,
        output=command.output if command is not None else None,
        is_test=end.is_test,
        outcome=end.outcome,
        passed=end.counts.passed,
        failed=end.counts.failed,
        skipped=end.counts.skipped,
        cases=tuple(case for each in data for case in each.cases or ()),
        result_ids=tuple(event for event, _ in results),
        actor=actor or "developer",
        calls=calls_of(command.command) if command is not None else (),
    )


def _move(place: int, event_id: str, moment: int, actor: str, data: GitChangeData | TreeChangeData) -> TreeMove | None:
    if not data.files_changed and not data.files:
        return None  # a commit, for example: the files stayed what they were
    operation = (data.operation or data.kind) if isinstance(data, GitChangeData) else data.reason
    return TreeMove(
        place,
        event_id,
        moment,
        actor=actor,
        operation=operation,
        files=tuple(data.files or ()),
        files_changed=data.files_changed or len(data.files or ()),
        tree_before=data.tree_before,
        tree_after=data.tree,
        cause=data.cause,
    )


def milliseconds(timestamp: str) -> int:
    """Return an RFC 3339 moment as milliseconds since 1970."""
    # A leap second is no time for Python; it is the end of its minute for us.
    return round(datetime.fromisoformat(timestamp.replace(":60", ":59")).timestamp() * 1000)
