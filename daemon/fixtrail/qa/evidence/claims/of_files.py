"""Claims about files: read, changed, left alone, put back; tests added."""

import re
from bisect import bisect_left
from itertools import islice

from fixtrail.qa.evidence.claims.finding import Finding, Said, contradicted, supported, unverifiable
from fixtrail.qa.evidence.commands import names
from fixtrail.qa.evidence.entries import Edit, View
from fixtrail.qa.evidence.record import Record, back_from, last

_LOOK_BACK = 1_000
"""Edits; who has made more did not only change one file."""
_HIDDEN = "The trace has a gap or a pause: something may have been missed."
_NOT_WHOLLY = re.compile(
    r"\b(?:yet|so far|here|in this step|this time|now|much|a lot|further|again|otherwise|since|before|for this)\b"
)
"""Words with which "not touched" is no plain no."""


def read_file(said: Said) -> Finding:
    """Decide "I read parser.py". That nothing is recorded proves nothing: one can read elsewhere."""
    named = said.match["path"]
    entry = _looked_at(said.record, named, said.before)
    if entry is not None:
        return supported("The file was looked at before this step.", entry)
    run = said.record.shown_by(named, said.before)
    if run is not None:
        return supported("A command showed the file before this step.", run)
    consent = said.record.timeline.consent
    if consent is not None and not consent.file_views:
        return unverifiable("What was looked at is not recorded: there was no consent to file views.")
    return unverifiable("No look at such a file is recorded before this step.")


def _looked_at(record: Record, named: str, before: int) -> View | Edit | None:
    for path in record.paths_named(named):
        views = record.views.get(path)
        if views and views[0].place < before:
            return views[0]
        edits = record.edits_by_path.get(path)
        if edits and edits[0].place < before and edits[0].by_developer:
            return edits[0]
    return None


def changed_file(said: Said) -> Finding:
    """Decide "I changed rates.py"."""
    named = said.match["path"]
    paths = said.record.paths_named(named)
    edits = [edit for path in paths for edit in said.record.edits_by_path.get(path, ())]
    before = [edit for edit in edits if edit.place < said.before]
    own = [edit for edit in before if edit.by_developer]
    if own:
        return supported("The file was edited before this step.", own[-1])
    if edits or not paths or said.record.hides(-1, said.record.end) or not _is_object(said):
        return unverifiable("No edit of such a file by the developer is recorded before this step.", before[:1])
    if any(move.files_changed > len(move.files) or named_in(move.files, named) for move in said.record.timeline.moves):
        return unverifiable("Many files changed at once; it may have been among them.")
    return contradicted("The file is in the trace, and was never changed.", *said.record.views.get(paths[0], [])[:1])


def _is_object(said: Said) -> bool:
    """Whether the file itself is what was changed: "the bug in parser.py" may have been fixed elsewhere."""
    between = said.match["filler"].strip()
    return not between or (said.match["verb"] not in ("fixed", "patched") and between.split()[-1] == "in")


def named_in(paths: tuple[str, ...], named: str) -> bool:
    """Whether ``named`` names one of ``paths``."""
    return any(names(named, path.lower()) for path in paths)


def added_test(said: Said) -> Finding:
    """Decide "I added a regression test"."""
    record = said.record
    added = last(record.added_tests, said.before)
    if added is not None:
        return supported("An edit before this step adds a test.", added)
    if record.may_add_tests:
        return unverifiable("No edit before this step is seen to add a test.")
    if record.hides(-1, record.end) or record.timeline.moves:
        return unverifiable(_HIDDEN)
    return contradicted("No test file was ever changed, and no edit adds a test.", *record.edits[:1])


def reverted(said: Said) -> Finding:
    """Decide "I reverted that change"."""
    turns = said.record.turns
    at = bisect_left(turns, said.before, key=lambda turn: turn.place)
    if at:
        turn = turns[at - 1]
        return supported("An edit was taken back before this step.", turn.edits[-1], turn.undone_by)
    move = last(said.record.timeline.moves, said.before)
    return unverifiable("No edit is seen to have been taken back before this step.", [move] if move else [])


def untouched(said: Said) -> Finding:
    """Decide "I haven't touched rates.py", "without changing the tests"."""
    record = said.record
    what = said.match["what"]
    tests = re.search(r"\btests?$", what) is not None
    edits = record.test_edits if tests else _edits_of(record, what)
    edits = edits[: bisect_left(edits, said.before, key=lambda edit: edit.place)]
    standing = [edit for edit in edits if edit.place not in record.undone]
    if standing:
        changed = [edit for edit in standing if not edit.creates_file and edit.removed > 0]
        if tests and not changed:
            return unverifiable("Tests were added to; whether that is meant is not told.", standing[:3])
        if edits != standing or _NOT_WHOLLY.search(said.clause.plain):
            return unverifiable("It was edited; whether this moment is meant is not told.", standing[:3])
        return contradicted("It was edited before this step.", *(changed or standing)[:3])
    if edits:
        return unverifiable("It was edited, and the edit was taken back.", edits[:3])
    if record.hides(-1, said.before) or last(record.timeline.moves, said.before) is not None:
        return unverifiable(_HIDDEN)
    if not tests and not record.paths_named(what):
        return unverifiable("No such file is in the trace.")
    return supported("No edit of it is recorded before this step.")


def _edits_of(record: Record, named: str) -> list[Edit]:
    edits = (edit for path in record.paths_named(named) for edit in record.edits_by_path.get(path, ()))
    return sorted((edit for edit in edits if edit.by_developer), key=lambda edit: edit.place)


def only_changed(said: Said) -> Finding:
    """Decide "I only changed rates.py"."""
    record = said.record
    paths = set(record.paths_named(said.match["path"]))
    before = islice(back_from(record.code_edits, said.before), _LOOK_BACK)
    edits = [edit for edit in before if edit.place not in record.undone]
    own = [edit for edit in edits if edit.path in paths]
    if own and len(own) == len(edits) < _LOOK_BACK and not record.hides(-1, said.before):
        return supported("No other code was edited before this step.", own[0])
    return unverifiable("Other code was edited too, or nothing is recorded; a part may be meant.", edits[:3])


def nothing_else(said: Said) -> Finding:
    """Decide "Nothing else uses it". A search may be recorded, but not that it was enough."""
    search = last(said.record.searches, said.before)
    if search is not None:
        return unverifiable("That there is nothing else cannot be told from a trace; a search is recorded.", [search])
    return unverifiable("That there is nothing else cannot be told from a trace; no search is recorded.")
