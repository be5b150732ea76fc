"""The timeline as the judge sees it: JSON lines within a budget of tokens, cut in a way that can be told."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from fixtrail.qa.evidence.timeline import Entry, Step, Timeline
from fixtrail.qa.judge.lines import What, gap_line, handle, line_of, what
from fixtrail.qa.judge.tokens import estimate_tokens

LIMITS = (4_000, 2_000, 1_000, 500, 240)
"""Characters that a text keeps; the first at which everything fits is taken."""

SHARES: dict[What, float] = {
    "reasoning": 0.4,
    "test_run": 0.25,
    "edit": 0.18,
    "command": 0.08,
    "files_changed": 0.02,
    "debug": 0.02,
    "view": 0.04,
    "gap": 0.01,
}
"""Of the budget where not everything fits. What one kind leaves over goes to the next, and at the end to the first."""

_LINE_END = 1
_GAP_TOKENS = estimate_tokens(gap_line(dict.fromkeys(SHARES, 999_999))) + _LINE_END
_LEAST_TOKENS = 15
"""No line takes fewer."""


@dataclass(frozen=True)
class Transcript:
    """What of a timeline went into a prompt."""

    lines: Sequence[str]
    shown: dict[str, Entry]
    """By their handles."""
    left_out: int
    """Entries that are not there at all; the lines say where."""
    tokens: int
    """Estimate of all lines."""

    @property
    def steps(self) -> int:
        """Reasoning steps that are there."""
        return sum(isinstance(entry, Step) for entry in self.shown.values())


def write_transcript(
    timeline: Timeline, budget: int, *, first: Iterable[Entry] = (), withheld: frozenset[str] = frozenset()
) -> Transcript:
    """Write a timeline as JSON lines of no more than ``budget`` tokens by :func:`estimate_tokens`.

    As much as fits, in this order: every entry, with as large a limit of :data:`LIMITS` on its texts as fits; or, at
    the smallest limit, some of each kind by :data:`SHARES`, of each kind the last and the first before those between.
    Where entries are missing a line says how many of which kinds. The same timeline gives the same lines. The time it
    takes grows with the number of entries, not faster.

    Parameters
    ----------
    budget
        Tokens; at least some hundreds.
    first
        Entries that go before all others when not everything fits.
    withheld
        Ids of events whose texts are not shown.
    """
    entries = timeline.entries
    if len(entries) * _LEAST_TOKENS <= budget:
        for limit in LIMITS:
            if _fits(_write(entries, limit, withheld), budget):
                return _transcript(entries, list(_write(entries, limit, withheld)), set(range(len(entries))))
    lines = list(_write(entries, LIMITS[-1], withheld))
    return _transcript(entries, lines, _choose(entries, lines, budget, first))


def _write(entries: Iterable[Entry], limit: int, withheld: frozenset[str]) -> Iterator[str]:
    return (line_of(entry, limit, withheld=entry.event_id in withheld) for entry in entries)


def _fits(lines: Iterable[str], budget: int) -> bool:
    """Say whether ``lines`` take no more than ``budget``; looks at no more of them than it has to."""
    return all(total <= budget for total in accumulate(map(_cost, lines)))


def _choose(entries: Sequence[Entry], lines: Sequence[str], budget: int, first: Iterable[Entry]) -> set[int]:
    """Return the places of the entries that are shown."""
    # Beside an entry that is shown there may be one line more that says what is not.
    costs = [_cost(line) + _GAP_TOKENS for line in lines]
    waiting: dict[What, list[int]] = {kind: [] for kind in SHARES}
    for place, entry in enumerate(entries):
        waiting[what(entry)].append(place)
    queues = {kind: _from_both_ends(places) for kind, places in waiting.items()}
    chosen: set[int] = set()
    left = budget - _GAP_TOKENS
    for entry in first:
        if costs[entry.place] <= left and entry.place not in chosen:
            chosen.add(entry.place)
            left -= costs[entry.place]
    carried = 0.0
    whole = left
    for kind, share in SHARES.items():
        carried = _take(queues[kind], costs, chosen, whole * share + carried)
    while True:
        # Most of what was set aside for gaps was not needed; it is given out again until nothing more fits.
        left = budget - _tokens(entries, lines, chosen) - _GAP_TOKENS
        before = len(chosen)
        for kind in SHARES:
            left = int(_take(queues[kind], costs, chosen, left))
        if len(chosen) == before:
            return chosen


def _take(queue: list[int], costs: Sequence[int], chosen: set[int], budget: float) -> float:
    """Move places from the end of ``queue`` into ``chosen`` as long as they fit; return what is left."""
    while queue:
        place = queue[-1]
        if place not in chosen:
            if costs[place] > budget:
                return budget
            chosen.add(place)
            budget -= costs[place]
        queue.pop()
    return budget


def _from_both_ends(places: Sequence[int]) -> list[int]:
    """Return ``places`` so that popping gives the last, the first, the last but one, and so on."""
    order = []
    low, high = 0, len(places) - 1
    while low <= high:
        order.append(places[high])
        if low < high:
            order.append(places[low])
        low, high = low + 1, high - 1
    return order[::-1]


def _with_gaps(entries: Sequence[Entry], lines: Sequence[str], chosen: set[int]) -> Iterator[str]:
    gap: dict[What, int] = {}
    for place, entry in enumerate(entries):
        if place not in chosen:
            kind = what(entry)
            gap[kind] = gap.get(kind, 0) + 1
            continue
        if gap:
            yield gap_line(gap)
            gap = {}
        yield lines[place]
    if gap:
        yield gap_line(gap)


def _tokens(entries: Sequence[Entry], lines: Sequence[str], chosen: set[int]) -> int:
    return sum(map(_cost, _with_gaps(entries, lines, chosen)))


def _cost(line: str) -> int:
    return estimate_tokens(line) + _LINE_END


def _transcript(entries: Sequence[Entry], lines: Sequence[str], chosen: set[int]) -> Transcript:
    shown = list(_with_gaps(entries, lines, chosen))
    return Transcript(
        lines=shown,
        shown={handle(entries[place]): entries[place] for place in sorted(chosen)},
        left_out=len(entries) - len(chosen),
        tokens=sum(map(_cost, shown)),
    )
