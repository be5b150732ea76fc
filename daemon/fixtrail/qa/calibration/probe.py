"""Asks a judge about traces and about their variants, and counts how often it reacted as it should.

No labels are needed: how a trace compares with its own variant is known without knowing what either deserves. The
idea is metamorphic testing: T. Chen, S. Cheung and S. Yiu (1998), HKUST-CS98-01.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from fixtrail.qa.calibration.intervals import Estimate, wilson
from fixtrail.qa.calibration.variants import TRANSFORMATIONS, Events, Relation, Transformation

Scores = Mapping[str, float]
"""The mark of each dimension; one that is not there was not marked."""

Judge = Callable[[Events], Awaitable[Scores | None]]
"""Scores the events of a trace; None: it abstained."""

Say = Callable[[str], None]

_SAME = 1e-9


@dataclass(frozen=True)
class Outcome:
    """What a judge said of a trace and of one variant of it."""

    trace_id: str
    transformation: str
    relation: Relation
    before: Scores | None
    after: Scores | None
    right: bool | None
    """None: it cannot be told, see :func:`compare`."""


@dataclass(frozen=True)
class Summary:
    """How often a judge was right about one transformation."""

    n: int
    """Pairs that could be compared."""
    right: Estimate
    """Share of these, with Wilson's 95 % interval."""
    abstained: int
    """Pairs of which the judge did not score both."""
    no_room: int
    """Pairs whose original had 0 already where the variant should have dropped."""


def compare(before: Scores | None, after: Scores | None, relation: Relation, *, tolerance: float = 0.0) -> bool | None:
    """Say whether the scores of a variant keep ``relation`` to those of its original.

    None if the judge abstained from one of the two, or from a dimension that matters, or if every dimension that
    should drop was 0 before: nothing can be told then.

    Parameters
    ----------
    tolerance
        A change up to this counts as none, either way; for a judge that gives the same text different marks.
    """
    if before is None or after is None:
        return None
    wanted = relation.drops | relation.no_rise
    if not wanted <= before.keys() & after.keys() or (relation.drops and not _room(before, relation)):
        return None
    limit = tolerance + _SAME
    if any(after[name] - before[name] > limit for name in relation.no_rise):
        return False
    return not relation.drops or any(before[name] - after[name] > limit for name in relation.drops)


def _room(before: Scores, relation: Relation) -> bool:
    return any(before[name] > _SAME for name in relation.drops)


async def probe(
    traces: Iterable[tuple[str, Events]],
    judge: Judge,
    say: Say,
    *,
    transformations: Iterable[Transformation] = TRANSFORMATIONS,
    tolerance: float = 0.0,
) -> list[Outcome]:
    """Ask ``judge`` about each trace and each variant that can be made of it, one after the other.

    Where it abstains from the trace itself it is not asked about the variants, which count as abstained.

    Parameters
    ----------
    traces
        Id and events of each trace.
    judge
        What it raises is raised here.
    say
        Called with a line on what is going on.
    """
    makers = tuple(transformations)
    outcomes: list[Outcome] = []
    for trace_id, events in traces:
        made = [variant for make in makers if (variant := make(events)) is not None]
        if not made:
            say(f"{trace_id}: nothing to change")
            continue
        say(f"{trace_id}: as it is")
        before = await judge(events)
        for variant in made:
            after = None
            if before is not None:
                say(f"{trace_id}: {variant.name}")
                after = await judge(variant.events)
            right = compare(before, after, variant.relation, tolerance=tolerance)
            outcomes.append(Outcome(trace_id, variant.name, variant.relation, before, after, right))
    return outcomes


def summarise(outcomes: Iterable[Outcome]) -> dict[str, Summary]:
    """Return a :class:`Summary` for each transformation that was tried, in the order in which they come."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.transformation, []).append(outcome)
    return {name: _summary(group) for name, group in groups.items()}


def _summary(group: list[Outcome]) -> Summary:
    told = [outcome.right for outcome in group if outcome.right is not None]
    no_room = sum(_had_no_room(outcome) for outcome in group)
    abstained = len(group) - len(told) - no_room
    return Summary(n=len(told), right=wilson(sum(told), len(told)), abstained=abstained, no_room=no_room)


def _had_no_room(outcome: Outcome) -> bool:
    """Say whether all was scored and there was nothing to drop from."""
    before, after, relation = outcome.before, outcome.after, outcome.relation
    if outcome.right is not None or before is None or after is None:
        return False
    return relation.drops | relation.no_rise <= before.keys() & after.keys() and not _room(before, relation)
