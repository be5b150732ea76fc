"""Confidence intervals: the bootstrap for statistics of paired marks, Wilson's for a share."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import NormalDist
from typing import TypeVar

from fixtrail.qa.calibration.agreement import Value

LEVEL = 0.95
RESAMPLES = 2_000
SEED = 20_251
"""Any number would do; a fixed one gives the same interval twice."""

MOST_UNDEFINED = 0.1
"""Share of resamples without a value beyond which an interval would speak of the others only."""

MarkT = TypeVar("MarkT", bound=float)

Statistic = Callable[[Sequence[MarkT], Sequence[MarkT]], Value]


@dataclass(frozen=True)
class Estimate:
    """A statistic with its 95 % interval; ``reason`` says why either is missing."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


def bootstrap(
    first: Sequence[MarkT],
    second: Sequence[MarkT],
    statistic: Statistic[MarkT],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """Return ``statistic`` of the pairs with its BCa bootstrap interval.

    Pairs are drawn with replacement, as the cases are what would be others another time. The percentiles are
    corrected for bias (from where the estimate lies among the resamples) and for skewness (from leaving out each pair
    in turn): B. Efron and R. Tibshirani (1993), "An Introduction to the Bootstrap", section 14.3. Where leaving out
    pairs tells nothing the skewness is taken as 0.

    With few cases it is somewhat too narrow: of 60 traces and a kappa of 0.8 made of few but great errors, 91 of 100
    intervals held the true value (plain percentiles: 88), of 120 traces 93.

    Parameters
    ----------
    first, second
        The marks of the two raters, case by case.
    resamples
        How many to draw: some 2,000 for the ends of an interval to be stable.
    seed
        The same seed gives the same interval.
    """
    whole = statistic(first, second)
    if whole.value is None:
        return Estimate(None, reason=whole.reason)
    count = len(first)
    random = Random(seed)  # noqa: S311 - drawn to be repeatable, not to be secret
    drawn: list[float] = []
    for _ in range(resamples):
        chosen = random.choices(range(count), k=count)
        again = statistic([first[index] for index in chosen], [second[index] for index in chosen]).value
        if again is not None:
            drawn.append(again)
    if len(drawn) < (1 - MOST_UNDEFINED) * resamples or not drawn:
        lost = resamples - len(drawn)
        return Estimate(whole.value, reason=f"no interval: not defined in {lost} of {resamples} resamples")
    drawn.sort()
    if drawn[0] == drawn[-1]:
        return Estimate(whole.value, reason="no interval: every resample gave the same value")
    low, high = _corrected_ends(drawn, whole.value, _acceleration(first, second, statistic))
    return Estimate(whole.value, low, high)


def _corrected_ends(drawn: Sequence[float], estimate: float, acceleration: float) -> tuple[float, float]:
    """Return the two percentiles of ``drawn`` (sorted) that BCa takes."""
    normal = NormalDist()
    # Statistics of few categories have many equal resamples: those equal to the estimate count half on either side.
    below = (bisect_left(drawn, estimate) + bisect_right(drawn, estimate)) / 2 / len(drawn)
    below = min(max(below, 0.5 / len(drawn)), 1 - 0.5 / len(drawn))
    bias = normal.inv_cdf(below)
    ends = []
    for tail in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        shifted = bias + normal.inv_cdf(tail)
        ends.append(_quantile(drawn, normal.cdf(bias + shifted / max(1 - acceleration * shifted, 1e-6))))
    return ends[0], ends[1]


def _acceleration(first: Sequence[MarkT], second: Sequence[MarkT], statistic: Statistic[MarkT]) -> float:
    """Return the skewness that leaving out each pair in turn shows; 0 where it shows none."""
    left_out: list[float] = []
    for index in range(len(first)):
        without = statistic([*first[:index], *first[index + 1 :]], [*second[:index], *second[index + 1 :]]).value
        if without is None:
            return 0.0
        left_out.append(without)
    middle = sum(left_out) / len(left_out)
    squares = sum((middle - each) ** 2 for each in left_out)
    if squares < 1e-18:
        return 0.0
    cubes = sum((middle - each) ** 3 for each in left_out)
    return cubes / (6.0 * squares * sqrt(squares))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of ``ordered`` lies, between two of them by a straight line."""
    place = share * (len(ordered) - 1)
    index = min(int(place), len(ordered) - 2)
    return ordered[index] + (place - index) * (ordered[index + 1] - ordered[index])


def wilson(hits: int, count: int) -> Estimate:
    """Return the share ``hits / count`` with its 95 % score interval.

    E. Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22, 209-212. It stays within 0 and 1, also with few cases and shares near the ends.
    """
    if count == 0:
        return Estimate(None, reason="there is no case")
    share = hits / count
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    scale = 1 + z * z / count
    middle = (share + z * z / (2 * count)) / scale
    reach = z / scale * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low = 0.0 if hits == 0 else middle - reach
    high = 1.0 if hits == count else middle + reach
    return Estimate(share, low, high)
