"""How well two raters agree: weighted kappa, rank correlation, mean error, and who gave what where.

Pure functions of two sequences of the same length. What is not defined is None with a reason, never NaN.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Weights = Literal["linear", "quadratic"]


@dataclass(frozen=True, slots=True)
class Value:
    """A statistic, or why there is none."""

    value: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Scale:
    """Ordered categories, ``step`` apart, that marks are put into.

    ``edges`` divide them, in ascending order; a mark on an edge belongs to the category above it.
    """

    labels: tuple[str, ...]
    edges: tuple[float, ...]

    def category(self, mark: float) -> int:
        """Return the number of the category that ``mark`` falls into, counted from 0."""
        return bisect_right(self.edges, mark)


_ROUNDING = 1e-9
"""A sum of marks may miss an edge by the last bit of a float."""

ANCHORS = Scale(("0", ".25", ".5", ".75", "1"), (0.125, 0.375 + _ROUNDING, 0.625, 0.875 + _ROUNDING))
"""The rubric's marks. Half way between two (the median of two raters may lie there) it is 0.25 or 0.75.

So the rule favours neither high nor low marks, and it reads a scale turned upside down the same way.
"""

TOTALS = Scale(
    ("1-1.8", "1.8-2.6", "2.6-3.4", "3.4-4.2", "4.2-5"),
    (1.8 - _ROUNDING, 2.6 - _ROUNDING, 3.4 - _ROUNDING, 4.2 - _ROUNDING),
)
"""Five bins of the same width from 1 to 5. Totals are sums of quarters, so that none lies on an edge."""


def confusion(first: Sequence[int], second: Sequence[int], categories: int) -> list[list[int]]:
    """Return how often ``first`` gave category i (row) where ``second`` gave category j (column)."""
    counts = [[0] * categories for _ in range(categories)]
    for mine, yours in zip(first, second, strict=True):
        counts[mine][yours] += 1
    return counts


def weighted_kappa(
    first: Sequence[int], second: Sequence[int], categories: int, weights: Weights = "quadratic"
) -> Value:
    """Return Cohen's weighted kappa: 1 is perfect agreement, 0 what chance gives, below 0 less than that.

    ``1 - sum(w*observed) / sum(w*expected)``, the disagreement ``w`` of categories i and j being their distance
    (linear) or its square (quadratic), and ``expected`` what raters with the same habits give who do not look.

    Parameters
    ----------
    first, second
        The category of each case, from 0 to ``categories - 1``.

    Notes
    -----
    J. Cohen (1968), "Weighted kappa", Psychological Bulletin 70(4), 213-220. Linear weights: D. Cicchetti and
    T. Allison (1971), American Journal of EEG Technology 11(3), 101-110. Quadratic weights: J. Fleiss and J. Cohen
    (1973), Educational and Psychological Measurement 33(3), 613-619.
    """
    if problem := _undefined(first, second):
        return Value(None, problem)
    power = 2 if weights == "quadratic" else 1
    mine, yours = [0] * categories, [0] * categories
    seen = 0
    for i, j in zip(first, second, strict=True):
        seen += abs(i - j) ** power
        mine[i] += 1
        yours[j] += 1
    expected = sum(
        rows * columns * abs(i - j) ** power for i, rows in enumerate(mine) for j, columns in enumerate(yours)
    )
    return Value(1 - seen * len(first) / expected)


def ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, from 1; equal values share the average of their ranks."""
    result = [0.0] * len(values)
    order = sorted(range(len(values)), key=values.__getitem__)
    before = 0
    for _, group in groupby(order, key=values.__getitem__):
        members = list(group)
        for index in members:
            result[index] = before + (len(members) + 1) / 2
        before += len(members)
    return result


def spearman(first: Sequence[float], second: Sequence[float]) -> Value:
    """Return Spearman's rho: whether both put the cases into the same order, from -1 to 1.

    The product-moment correlation of the ranks, ties with their average rank: C. Spearman (1904), American Journal of
    Psychology 15(1), 72-101; for ties M. Kendall (1948), "Rank Correlation Methods", chapter 3.
    """
    if problem := _undefined(first, second):
        return Value(None, problem)
    middle = (len(first) + 1) / 2
    mine = [rank - middle for rank in ranks(first)]
    yours = [rank - middle for rank in ranks(second)]
    together = sum(a * b for a, b in zip(mine, yours, strict=True))
    spread = sum(a * a for a in mine) * sum(b * b for b in yours)
    # The square root is rounded, which may carry a perfect correlation past 1.
    return Value(max(-1.0, min(1.0, together / spread**0.5)))


def mean_absolute_error(first: Sequence[float], second: Sequence[float]) -> Value:
    """Return by how much the two differ on average, in marks."""
    if not first:
        return Value(None, "there is no case")
    return Value(sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first))


def bias(first: Sequence[float], second: Sequence[float]) -> Value:
    """Return by how much ``second`` is higher than ``first`` on average, in marks."""
    if not first:
        return Value(None, "there is no case")
    return Value(sum(b - a for a, b in zip(first, second, strict=True)) / len(first))


def _undefined(first: Sequence[float], second: Sequence[float]) -> str | None:
    """Say why agreement beyond chance cannot be told, if so."""
    if len(first) < 2:
        return "fewer than two cases"
    constant = [which for which, marks in (("first", first), ("second", second)) if min(marks) == max(marks)]
    if len(constant) == 2:
        return "each rater gave the same mark to every case"
    return f"the {constant[0]} rater gave the same mark to every case" if constant else None
