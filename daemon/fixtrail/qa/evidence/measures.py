"""The measures of the process. Each is defined in ``docs/measures.md``, and names the events that it rests on."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from fixtrail_protocol.process import Measure

from fixtrail.qa.evidence.entries import Edit, Entry, Run
from fixtrail.qa.evidence.hypotheses import given_up, is_hypothesis
from fixtrail.qa.evidence.record import Record, between, last

MAX_EVENTS = 20
"""Events that a measure names; how many there are beside them is counted."""

_NO_CODE = "The developer edited no code."
_HIDDEN = "Something may be missing there: the trace has a gap or a pause."


def measure(record: Record) -> dict[str, Measure]:
    """Return every measure by its name."""
    return {name: calculate(record) for name, calculate in MEASURES.items()}


def _measure(
    value: bool | float | None, entries: Iterable[Entry] = (), *, reason: str | None = None, unit: str | None = None
) -> Measure:
    named, left_out = event_ids(entries)
    shown = {"value": value, "unit": unit, "events": named, "events_left_out": left_out, "reason": reason}
    return Measure.model_validate(shown)


def event_ids(entries: Iterable[Entry], limit: int = MAX_EVENTS) -> tuple[list[str], int]:
    """Return the ids of entries, at most ``limit`` and none twice, and how many entries have none in that list."""
    distinct = {entry.place: entry.event_id for entry in entries}
    named = [event_id for event_id in distinct.values() if event_id][:limit]
    return named, len(distinct) - len(named)


def _unknown(reason: str) -> Measure:
    return _measure(None, reason=reason)


def _reproduced_before_edit(record: Record) -> Measure:
    edit = record.first_code_edit
    if edit is None:
        return _unknown(_NO_CODE)
    run = next((run for run in record.failing_runs if run.place < edit.place), None)
    if run is not None:
        return _measure(True, [run, edit])
    if record.hides(-1, edit.place):
        return _unknown(_HIDDEN)
    return _measure(False, [edit])


def _files_viewed_before_edit(record: Record) -> Measure:
    if (why := _views_missing(record)) is not None:
        return _unknown(why)
    firsts: dict[str, Edit] = {}
    for edit in record.code_edits:
        firsts.setdefault(edit.path, edit)
    old = [edit for edit in firsts.values() if not edit.creates_file]
    if not old:
        return _unknown("No code that was there before was edited.")
    seen = {edit.path: _seen_before(record, edit) for edit in old}
    found = [entry for entry in seen.values() if entry is not None]
    unseen = [edit for edit in old if seen[edit.path] is None]
    if unseen and record.hides(-1, max(edit.place for edit in unseen)):
        return _unknown(_HIDDEN)
    return _measure(round(len(found) / len(old), 4), [*unseen, *found], unit="ratio")


def _seen_before(record: Record, edit: Edit) -> Entry | None:
    views = record.views.get(edit.path, [])
    if views and views[0].place < edit.place:
        return views[0]
    return record.shown_by(edit.path, edit.place)


def _views_missing(record: Record) -> str | None:
    """Say why it is not known what was looked at; None: it is."""
    consent = record.timeline.consent
    if consent is not None and not consent.file_views and not record.timeline.views:
        return "What was looked at is not recorded: there was no consent to file views."
    if consent is None and not record.timeline.views:
        return "No view of a file is recorded, and it is not known whether they were to be."
    return None


def _hypothesis_before_edit(record: Record) -> Measure:
    edit = record.first_code_edit
    if edit is None:
        return _unknown(_NO_CODE)
    step = next((step for step in record.timeline.steps if step.place < edit.place and is_hypothesis(step)), None)
    if step is None and record.hides(-1, edit.place):
        return _unknown(_HIDDEN)
    return _measure(step is not None, [step, edit] if step is not None else [edit])


def _edits_between_runs(record: Record) -> Measure:
    if not record.code_edits:
        return _unknown(_NO_CODE)
    borders = [-1, *(run.place for run in record.check_runs), record.end]
    stretches = [between(record.code_edits, after, before) for after, before in pairwise(borders)]
    longest = max(stretches, key=len)
    if len(longest) > 1 and record.hides(longest[0].place, longest[-1].place):
        return _unknown(_HIDDEN)
    return _measure(len(longest), longest, unit="count")


def _rerun_after_last_edit(record: Record) -> Measure:
    change = record.last_change(record.end)
    if change is None:
        return _unknown("Nothing was changed.")
    if record.covering_runs:
        return _measure(True, [record.covering_runs[-1], change])
    if record.hides(change.place, record.end):
        return _unknown(_HIDDEN)
    return _measure(False, [change])


def _final_run_passed(record: Record) -> Measure:
    if not record.covering_runs:
        return _unknown("No run of tests on the final code is recorded.")
    latest = {run.command: run for run in record.covering_runs}
    ends = {command: _ending(run) for command, run in latest.items()}
    failed = [run for command, run in latest.items() if ends[command] is False]
    if failed:
        return _measure(False, failed)
    unknown = [command for command in latest if ends[command] is None]
    if unknown:
        return _unknown("How the last run of the tests ended is not recorded.")
    return _measure(True, latest.values())


def _ending(run: Run) -> bool | None:
    if run.is_test:
        return None if run.outcome is None else run.outcome == "passed"
    return None if run.exit_code is None else run.exit_code == 0


def _regression_test_added(record: Record) -> Measure:
    edits = [edit for edit in record.test_edits if not edit.is_prose]
    if record.added_tests:
        return _measure(True, record.added_tests)
    if any(edit.diff is None and not edit.counted for edit in edits):
        return _unknown("Tests were edited, but what was changed in them is not recorded.")
    if record.hides(-1, record.end):
        return _unknown(_HIDDEN)
    return _measure(False, edits)


def _wrong_turns_undone(record: Record) -> Measure:
    blind = [
        edit for edit in record.code_edits if edit.diff is None and edit.blob_after is None and edit.blob_before is None
    ]
    if blind:
        return _unknown("What was changed is not recorded for every edit, so what was taken back cannot be told.")
    entries = [entry for turn in record.turns for entry in (*turn.edits, turn.undone_by)]
    return _measure(len(record.turns), entries, unit="count")


def _time_to_first_hypothesis(record: Record) -> Measure:
    step = next((step for step in record.timeline.steps if is_hypothesis(step)), None)
    if step is None:
        return _unknown("No hypothesis was written down.")
    start = record.timeline.start
    return _measure(max(step.moment - (step.moment if start is None else start), 0), [step], unit="milliseconds")


def _exploration_breadth(record: Record) -> Measure:
    if (why := _views_missing(record)) is not None:
        return _unknown(why)
    return _measure(len(record.views), [views[0] for views in record.views.values()], unit="count")


def _dead_ends(record: Record) -> Measure:
    in_words = given_up(record.timeline.steps)
    hypotheses = [step for step in record.timeline.steps if is_hypothesis(step)]
    ends: dict[int, list[Entry]] = {one.place: [one, by] for one, by in in_words}
    for turn in record.turns:
        # The turn was taken for the hypothesis before it; two turns for the same one are one dead end.
        one = last(hypotheses, turn.edits[0].place)
        entries: Sequence[Entry] = [*turn.edits, turn.undone_by]
        ends.setdefault(turn.place if one is None else one.place, [*([one] if one else []), *entries])
    return _measure(len(ends), [entry for place in sorted(ends) for entry in ends[place]], unit="count")


MEASURES: dict[str, Callable[[Record], Measure]] = {
    "reproduced_before_edit": _reproduced_before_edit,
    "files_viewed_before_edit": _files_viewed_before_edit,
    "hypothesis_before_edit": _hypothesis_before_edit,
    "edits_between_runs": _edits_between_runs,
    "rerun_after_last_edit": _rerun_after_last_edit,
    "final_run_passed": _final_run_passed,
    "regression_test_added": _regression_test_added,
    "wrong_turns_undone": _wrong_turns_undone,
    "time_to_first_hypothesis": _time_to_first_hypothesis,
    "exploration_breadth": _exploration_breadth,
    "dead_ends": _dead_ends,
}
"""In the order in which they are shown."""
