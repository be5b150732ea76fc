"""The judge against people: every measure for each dimension and for the total."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

from fixtrail_protocol.qa import DIMENSIONS

from fixtrail.qa.calibration.agreement import (
    ANCHORS,
    TOTALS,
    Scale,
    Value,
    Weights,
    bias,
    confusion,
    mean_absolute_error,
    spearman,
    weighted_kappa,
)
from fixtrail.qa.calibration.intervals import LEVEL, RESAMPLES, SEED, Estimate, Statistic, bootstrap
from fixtrail.qa.calibration.labels import Marks, consensus

TOTAL = "total"
TARGETS = (*DIMENSIONS, TOTAL)
"""What is compared."""

Pair = tuple[float, float]
"""The mark of people and that of the judge, for one trace."""


@dataclass(frozen=True)
class Coverage:
    """How many traces could be compared, and what became of the others."""

    labelled: int
    """Traces that people marked."""
    scored: int
    """Of these, those that the judge marked as well."""
    abstained: int
    """Of these, those where the judge gave no marks. They count nowhere else, and never as 0."""
    missing: int
    """Of these, those that are not among the judge's at all."""
    unlabelled: int
    """Traces of the judge that nobody marked."""


@dataclass(frozen=True)
class Ceiling:
    """How well people agree with each other: the mean quadratic kappa of two of them.

    The mean of all pairs of raters: R. Light (1971), Psychological Bulletin 76(5), 365-377.
    """

    kappa: float | None
    rater_pairs: int
    """Pairs of raters it is the mean of."""
    reason: str | None = None


@dataclass(frozen=True)
class Agreement:
    """All measures of one dimension, or of the total."""

    n: int
    kappa: Estimate
    """With quadratic weights."""
    kappa_linear: Estimate
    rho: Estimate
    mae: Estimate
    bias: Estimate
    """Positive: the judge gives more than people do."""
    ceiling: Ceiling
    categories: tuple[str, ...]
    confusion: list[list[int]]
    """Rows: what people gave; columns: what the judge gave."""


@dataclass(frozen=True)
class Calibration:
    """The judge against people."""

    coverage: Coverage
    raters: list[str]
    agreement: dict[str, Agreement]
    """One for each of :data:`TARGETS`."""
    level: float
    resamples: int
    seed: int


def scale_of(target: str) -> Scale:
    """Return the categories that marks of ``target`` are put into."""
    return TOTALS if target == TOTAL else ANCHORS


def mark_of(marks: Marks, target: str) -> float | None:
    """Return the mark for ``target``, if one was given."""
    return marks.total if target == TOTAL else (marks.dimensions or {}).get(target)


def pairs_of(people: Mapping[str, Marks], judge: Mapping[str, Marks], target: str) -> list[Pair]:
    """Return both marks for ``target`` of every trace that has both, in the order of the trace ids."""
    result: list[Pair] = []
    for trace_id in sorted(people.keys() & judge.keys()):
        theirs, its = mark_of(people[trace_id], target), mark_of(judge[trace_id], target)
        if theirs is not None and its is not None:
            result.append((theirs, its))
    return result


def calibrate(
    people: Sequence[Marks], judge: Iterable[Marks], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Calibration:
    """Compare the judge's marks with people's.

    Parameters
    ----------
    people
        Marks by one or more raters; of several on one trace the median is compared.
    judge
        Marks of the judge; of several on one trace the median is compared.
    resamples, seed
        Of the bootstrap, see :func:`fixtrail.qa.calibration.intervals.bootstrap`.
    """
    theirs, its = consensus(people), consensus(judge)
    common = theirs.keys() & its.keys()
    abstained = sum(its[trace_id].dimensions is None for trace_id in common)
    coverage = Coverage(
        labelled=len(theirs),
        scored=len(common) - abstained,
        abstained=abstained,
        missing=len(theirs.keys() - its.keys()),
        unlabelled=len(its.keys() - theirs.keys()),
    )
    agreement = {
        target: replace(
            agree(pairs_of(theirs, its, target), scale_of(target), resamples=resamples, seed=seed),
            ceiling=_ceiling(people, target),
        )
        for target in TARGETS
    }
    raters = sorted({marks.rater for marks in people})
    return Calibration(coverage, raters, agreement, LEVEL, resamples, seed)


def agree(pairs: Sequence[Pair], scale: Scale, *, resamples: int = RESAMPLES, seed: int = SEED) -> Agreement:
    """Measure the agreement of ``pairs``, with 95 % intervals; without a ceiling, which pairs cannot tell."""
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    rows, columns = [scale.category(mark) for mark in first], [scale.category(mark) for mark in second]
    draw = partial(bootstrap, resamples=resamples, seed=seed)
    return Agreement(
        n=len(pairs),
        kappa=_named(draw(rows, columns, _kappa(scale, "quadratic"))),
        kappa_linear=_named(draw(rows, columns, _kappa(scale, "linear"))),
        rho=_named(draw(first, second, spearman)),
        mae=_named(draw(first, second, mean_absolute_error)),
        bias=_named(draw(first, second, bias)),
        ceiling=Ceiling(None, 0, "there is one rater only"),
        categories=scale.labels,
        confusion=confusion(rows, columns, len(scale.labels)),
    )


def _kappa(scale: Scale, weights: Weights) -> Statistic[int]:
    """Return weighted kappa as a statistic of categories of ``scale``."""

    def measure(first: Sequence[int], second: Sequence[int]) -> Value:
        return weighted_kappa(first, second, len(scale.labels), weights)

    return measure


def _ceiling(people: Iterable[Marks], target: str) -> Ceiling:
    """Return the mean kappa of every two raters who marked some of the same traces."""
    by_rater: dict[str, dict[str, Marks]] = {}
    for marks in people:
        by_rater.setdefault(marks.rater, {})[marks.trace_id] = marks
    scale = scale_of(target)
    values: list[float] = []
    together = 0
    for one, other in combinations(sorted(by_rater), 2):
        pairs = pairs_of(by_rater[one], by_rater[other], target)
        together += bool(pairs)
        rows, columns = ([scale.category(pair[side]) for pair in pairs] for side in (0, 1))
        value = weighted_kappa(rows, columns, len(scale.labels)).value
        if value is not None:
            values.append(value)
    if values:
        return Ceiling(sum(values) / len(values), len(values))
    if together:
        return Ceiling(None, 0, "no two raters differ enough on the traces they share")
    return Ceiling(None, 0, "no trace was marked by two people")


def _named(estimate: Estimate) -> Estimate:
    """Return ``estimate`` with a reason that says who the first and the second rater are."""
    if estimate.reason is None:
        return estimate
    reason = estimate.reason.replace("the first rater", "people").replace("the second rater", "the judge")
    return replace(estimate, reason=reason)
