"""Wrong turns: edits that were taken back again after something had been done with them."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fixtrail.qa.evidence.commands import names, restores
from fixtrail.qa.evidence.entries import Edit, Entry, Run, Step


@dataclass(frozen=True)
class Turn:
    """Edits of one file that were undone, and what undid them: an edit, or a command of git."""

    edits: tuple[Edit, ...]
    undone_by: Entry

    @property
    def place(self) -> int:
        """Where it was undone."""
        return self.undone_by.place


def wrong_turns(edits_by_path: Mapping[str, Sequence[Edit]], runs: Sequence[Run], steps: Sequence[Step]) -> list[Turn]:
    """Return the turns that the developer took and took back, in the order in which they were undone.

    A content that comes back later was no wrong turn (the fix was taken out to see the test fail), and neither was
    one after which nothing was run and nothing was thought (a slip of the fingers).
    """
    restored = _restoring_runs(runs)
    turns = [turn for path, edits in edits_by_path.items() for turn in _of_file(path, edits, restored)]
    pauses = sorted(entry.place for entry in (*runs, *steps))
    tried = [turn for turn in turns if _any_between(pauses, turn.edits[-1].place, turn.place)]
    return sorted(tried, key=lambda turn: turn.place)


def _of_file(path: str, edits: Sequence[Edit], restored: Sequence[Run]) -> Iterable[Turn]:
    if not any(edit.by_developer and not edit.is_prose for edit in edits):
        return []
    if all(edit.blob_before is not None or edit.blob_after is not None for edit in edits):
        found = _by_content(edits)
    else:
        found = _by_diff(edits)
    taken = {edit.place for turn in found for edit in (*turn.edits, turn.undone_by)}
    return [*found, *_by_git(path, [edit for edit in edits if edit.place not in taken], restored)]


def _by_content(edits: Sequence[Edit]) -> list[Turn]:
    """Find where a file's content became what it had been before, by the ids of its contents."""
    found: list[Turn] = []
    last_place = {edit.blob_after: edit.place for edit in edits}
    standing: list[Edit] = []
    first_with: dict[str | None, int] = {}
    """Where in ``standing`` the edit is that took the file away from a content."""

    def take_back(start: int, by: Edit) -> None:
        undone = standing[start:]
        if not any(last_place[edit.blob_after] > by.place for edit in undone):
            developers = tuple(edit for edit in undone if edit.by_developer)
            found.extend([Turn(developers, by)] if developers else [])
        for edit in undone:
            first_with.pop(edit.blob_before, None)
        del standing[start:]

    for edit in edits:
        if edit.blob_before in first_with:  # something else has put it back, and this edit begins from there
            take_back(first_with[edit.blob_before], edit)
        if edit.blob_after in first_with:
            take_back(first_with[edit.blob_after], edit)
        else:
            first_with.setdefault(edit.blob_before, len(standing))
            standing.append(edit)
    return found


def _by_diff(edits: Sequence[Edit]) -> list[Turn]:
    """Find edits whose lines a later edit takes back, where no ids are recorded."""
    found: list[Turn] = []
    open_edits: dict[_Lines, list[Edit]] = {}
    for edit in edits:
        lines = _lines(edit.diff)
        if lines is None:
            continue
        inverse = (lines[1], lines[0])
        if earlier := open_edits.get(inverse):
            undone = earlier.pop()
            if undone.by_developer:
                found.append(Turn((undone,), edit))
        else:
            open_edits.setdefault(lines, []).append(edit)
    applied = [(_lines(edit.diff), edit.place) for edit in edits]
    return [
        turn
        for turn in found
        if not any(lines == _lines(turn.edits[0].diff) and place > turn.place for lines, place in applied)
    ]


_Lines = tuple[tuple[str, ...], tuple[str, ...]]


def _lines(diff: str | None) -> _Lines | None:
    """Return the lines that a diff takes out and puts in."""
    body = (diff or "").partition("\n@@")[2].splitlines()[1:]
    taken = tuple(line[1:] for line in body if line.startswith("-"))
    put = tuple(line[1:] for line in body if line.startswith("+"))
    return (taken, put) if taken or put else None


def _by_git(path: str, edits: Sequence[Edit], restored: Sequence[Run]) -> list[Turn]:
    """Find edits that a command such as ``git checkout -- FILE`` undid, and that nobody made again."""
    if not edits or not restored:
        return []
    found = []
    start = 0
    for run in restored:
        if not any(word in (".", ":/") or names(word, path) for call in run.calls for word in restores(call)):
            continue
        end = start
        while end < len(edits) and edits[end].place < run.place:
            end += 1
        undone = tuple(edit for edit in edits[start:end] if edit.by_developer)
        if undone:
            found.append(Turn(undone, run))
        start = end
    return found


def _restoring_runs(runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.exit_code == 0 and any(restores(call) for call in run.calls)]


def _any_between(places: Sequence[int], after: int, before: int) -> bool:
    at = bisect_right(places, after)
    return at < len(places) and places[at] < before
