"""The events of a trace as a plain list of what matters for judging the way: thoughts, runs, edits, views.

A test run is one :class:`Run`, whether it was recorded as a command, as a result, or as both.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fixtrail_protocol.events import (
    CodeEditData,
    Event,
    FileDeleteData,
    FileOpenData,
    FileRenameData,
    FileViewData,
    ReasoningStepData,
    TerminalCommandData,
    TestCase,
    TestResultData,
)

from fixtrail.qa.testfiles import FilePatterns, patterns_of_tests

Outcome = Literal["passed", "failed"]

_TEST_COMMAND = re.compile(
    r"(?:^|[\s/;&|])(?:pytest|py\.test|unittest|tox|nox|jest|vitest|mocha|rspec|phpunit|ctest)(?:-3)?(?=\s|$)"
    r"|\b(?:make|npm|yarn|pnpm|bun|deno|cargo|go|dotnet|mvnw?|gradlew?|rake|mix|swift)\s+(?:run\s+)?(?:test|check)\b"
)
"""For commands of which no result was recorded."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened.

    Attributes
    ----------
    place
        Its place in the timeline, from 0; later things have a greater one.
    event_id
        Of the event. A run has that of its command, or of its result where no command is known.
    moment
        Start, in milliseconds since 1970, by the clock of the machine. For durations only: order goes by ``place``.
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
    skipped: int | None = None
    cases: tuple[TestCase, ...] = ()
    result_ids: tuple[str, ...] = ()
    """Events of results that belong to it."""


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


@dataclass(frozen=True, slots=True)
class View(Entry):
    """A file was looked at: opened (no ranges), or seen for a while."""

    path: str
    is_test: bool
    ranges: tuple[tuple[int, int], ...] = ()
    dwell_ms: int = 0


@dataclass(frozen=True)
class Timeline:
    """A trace in order, and by kind."""

    entries: list[Entry] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    views: list[View] = field(default_factory=list)

    @property
    def test_runs(self) -> list[Run]:
        """Runs of tests."""
        return [run for run in self.runs if run.is_test]


def build_timeline(events: Iterable[Event], is_test_file: FilePatterns | None = None) -> Timeline:
    """Put ``events``, in the order of their numbers, on a timeline. What matters to nobody is left out.

    Parameters
    ----------
    is_test_file
        What tells test files from others; left out, the defaults of the settings.
    """
    is_test = is_test_file or patterns_of_tests()
    listed = list(events)
    results = _results_by_command(listed)
    line = Timeline()
    for event in listed:
        entry = _entry(event, len(line.entries), len(line.steps) + 1, results, is_test)
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
    return line


_Results = dict[str, list[tuple[str, TestResultData]]]


def _results_by_command(events: Sequence[Event]) -> _Results:
    commands = {event.event_id for event in events if isinstance(event.data, TerminalCommandData)}
    found: _Results = {}
    for event in events:
        data = event.data
        if isinstance(data, TestResultData) and data.command_event_id in commands and event.event_id:
            found.setdefault(data.command_event_id or "", []).append((event.event_id, data))
    return found


def _entry(event: Event, place: int, number: int, results: _Results, is_test: FilePatterns) -> Entry | None:
    event_id, moment, data = event.event_id or "", milliseconds(event.timestamp), event.data
    match data:
        case ReasoningStepData():
            refs = tuple(data.refs or ())
            return Step(place, event_id, moment, number=number, content=data.content, kind=data.kind, refs=refs)
        case TerminalCommandData():
            return _run(place, event_id, moment, data, results.get(event_id, []))
        case TestResultData():
            if data.command_event_id in results:
                return None  # part of its command's run
            return _run(place, event_id, moment, None, [(event_id, data)])
        case CodeEditData():
            return Edit(
                place,
                event_id,
                moment,
                path=data.file_path,
                is_test=is_test(data.file_path),
                diff=data.diff,
                added=data.added or 0,
                removed=data.removed or 0,
                actor=event.actor or "unknown",
                blob_before=data.blob_before,
                blob_after=data.blob_after,
            )
        case FileOpenData():
            return View(place, event_id, moment, path=data.file_path, is_test=is_test(data.file_path))
        case FileViewData():
            return View(
                place,
                event_id,
                moment,
                path=data.file_path,
                is_test=is_test(data.file_path),
                ranges=tuple((each.start, each.end) for each in data.ranges),
                dwell_ms=data.dwell_ms,
            )
        case FileDeleteData() | FileRenameData():
            return None  # the code_edit beside it says the same
        case _:
            return None


def _run(
    place: int,
    event_id: str,
    moment: int,
    command: TerminalCommandData | None,
    results: Sequence[tuple[str, TestResultData]],
) -> Run:
    data = [result for _, result in results]
    exit_code = command.exit_code if command is not None else next((each.exit_code for each in data), None)
    is_test = bool(data) or (command is not None and bool(_TEST_COMMAND.search(command.command)))
    return Run(
        place,
        event_id,
        moment,
        command=command.command if command is not None else None,
        exit_code=exit_code,
        output=command.output if command is not None else None,
        is_test=is_test,
        outcome=_outcome(exit_code, data) if is_test else None,
        passed=_sum([each.passed for each in data]),
        failed=_sum([count for each in data for count in (each.failed, each.errors)]),
        skipped=_sum([each.skipped for each in data]),
        cases=tuple(case for each in data for case in each.cases or ()),
        result_ids=tuple(event for event, _ in results),
    )


def _outcome(exit_code: int | None, results: Sequence[TestResultData]) -> Outcome | None:
    """Say how a test run ended. A failure is believed whoever reports it; a pass needs that nobody says otherwise."""
    if any(result.failed or result.errors for result in results):
        return "failed"
    codes = [exit_code, *(result.exit_code for result in results)]
    if any(codes):
        return "failed"
    if any(code == 0 for code in codes):
        return "passed"
    return "passed" if any(result.passed for result in results) else None


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def milliseconds(timestamp: str) -> int:
    """Return an RFC 3339 moment as milliseconds since 1970."""
    # A leap second is no time for Python; it is the end of its minute for us.
    return round(datetime.fromisoformat(timestamp.replace(":60", ":59")).timestamp() * 1000)
