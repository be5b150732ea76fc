"""The statistics: values from the literature, laws that hold for any raters, and raters whose agreement is known."""

from collections.abc import Sequence
from itertools import product
from random import Random

import pytest
from fixtrail.qa.calibration.agreement import (
    ANCHORS,
    TOTALS,
    Weights,
    bias,
    confusion,
    mean_absolute_error,
    ranks,
    spearman,
    weighted_kappa,
)
from fixtrail.qa.calibration.intervals import bootstrap, wilson
from hypothesis import assume, given
from hypothesis import strategies as st

SKIN_CONDITION = ((10, 4, 1, 0), (5, 10, 12, 2), (2, 4, 12, 5), (0, 2, 6, 13))
"""Two dermatologists, 88 patients: SAS/STAT user's guide, PROC FREQ, "Agreement Study", with its results."""

SPATIAL = (48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41)
"""Spatial test data, A of 26 children: Efron and Tibshirani (1993), table 14.1."""


def raters_of(table: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """Return the marks of two raters who fill ``table``."""
    cases = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    return [i for i, _ in cases], [j for _, j in cases]


@pytest.mark.parametrize(
    ("table", "weights", "expected"),
    [
        pytest.param(SKIN_CONDITION, "linear", 0.5082, id="SAS/STAT user's guide, PROC FREQ, skin condition"),
        # scikit-learn's test_cohen_kappa: 100 cases in three categories, checked there against R's irr.
        pytest.param(((46, 0, 0), (4, 40, 0), (0, 0, 10)), "linear", 0.9412, id="scikit-learn, linear"),
        pytest.param(((46, 0, 0), (4, 40, 0), (0, 0, 10)), "quadratic", 0.9541, id="scikit-learn, quadratic"),
        # With two categories every weighting is Cohen's unweighted kappa: Cohen (1960), as in many textbooks.
        pytest.param(((20, 5), (10, 15)), "quadratic", 0.4, id="two categories"),
    ],
)
def test_kappa_of_the_literature(table: Sequence[Sequence[int]], weights: Weights, expected: float) -> None:
    first, second = raters_of(table)

    assert weighted_kappa(first, second, len(table), weights).value == pytest.approx(expected, abs=5e-5)
    assert confusion(first, second, len(table)) == [list(row) for row in table]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(
            (106, 86, 100, 101, 99, 103, 97, 113, 112, 110),
            (7, 0, 27, 50, 28, 29, 20, 12, 6, 17),
            -29 / 165,
            id="intelligence and hours of television: Wikipedia, without ties",
        ),
        pytest.param((1, 2, 3, 4, 5), (5, 6, 7, 8, 7), 0.8207826816681233, id="SciPy's spearmanr, with a tie"),
    ],
)
def test_rho_of_the_literature(first: Sequence[float], second: Sequence[float], expected: float) -> None:
    assert spearman(first, second).value == pytest.approx(expected)


def test_the_corrected_interval_is_the_one_of_the_book() -> None:
    """Efron and Tibshirani (1993), table 14.2: the variance of the spatial data is 171.5, its 90 % BCa interval from
    115.8 to 259.6 and the percentile interval from 100.8 to 233.9. Ours is the 95 % one, so it is a little wider."""

    def variance(values: Sequence[float], _: Sequence[float]):  # type: ignore[no-untyped-def]
        middle = sum(values) / len(values)
        return mean_absolute_error([sum((value - middle) ** 2 for value in values) / len(values)], [0])

    found = bootstrap(SPATIAL, SPATIAL, variance, resamples=4_000)

    assert found.value == pytest.approx(171.5, abs=0.05)
    assert found.low == pytest.approx(107, abs=5)
    assert found.high == pytest.approx(276, abs=10)


def test_equal_values_share_their_rank() -> None:
    assert ranks([3, 1, 3, 2, 3]) == [4, 1, 4, 2, 4]


def test_error_and_bias_are_in_marks() -> None:
    assert mean_absolute_error([0, 0.5, 1], [0.25, 0.5, 0.5]).value == 0.25
    assert bias([0, 0.5, 1], [0.25, 0.5, 0.5]).value == pytest.approx(-1 / 12)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([], [], "fewer than two"),
        ([2], [2], "fewer than two"),
        ([1, 1, 1], [0, 1, 2], "the first rater"),
        ([0, 1, 2], [1, 1, 1], "the second rater"),
        ([3, 3, 3], [1, 1, 1], "each rater"),
    ],
)
def test_what_is_not_defined_is_none_with_a_reason(first: list[int], second: list[int], reason: str) -> None:
    for found in (
        weighted_kappa(first, second, 5),
        weighted_kappa(first, second, 5, "linear"),
        spearman(first, second),
    ):
        assert found.value is None
        assert found.reason is not None
        assert reason in found.reason
    assert bootstrap(first, second, spearman).value is None


def test_without_cases_there_is_no_error() -> None:
    assert mean_absolute_error([], []).reason == bias([], []).reason == "there is no case"


@pytest.mark.parametrize(
    ("mark", "category"),
    [(0, 0), (0.12, 0), (0.125, 1), (0.375, 1), (0.38, 2), (0.62, 2), (0.625, 3), (0.875, 3), (0.9, 4), (1, 4)],
)
def test_a_mark_goes_to_its_anchor_and_the_scale_is_the_same_upside_down(mark: float, category: int) -> None:
    assert ANCHORS.category(mark) == category
    assert ANCHORS.category(1 - mark) == 4 - category


@pytest.mark.parametrize("hundredths", range(100, 501, 25))
def test_the_bins_of_the_total_are_the_same_upside_down(hundredths: int) -> None:
    total = hundredths / 100

    assert TOTALS.category(total) == 4 - TOTALS.category(6 - total)


marks = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60)


@given(marks, st.sampled_from(["linear", "quadratic"]), st.randoms())
def test_kappa_obeys_its_laws(pairs: list[tuple[int, int]], weights: Weights, random: Random) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    value = weighted_kappa(first, second, 5, weights).value
    assume(value is not None)
    mixed = random.sample(pairs, len(pairs))

    assert value == weighted_kappa(second, first, 5, weights).value, "who is the first rater does not matter"
    assert value == weighted_kappa([i for i, _ in mixed], [j for _, j in mixed], 5, weights).value
    assert value == pytest.approx(weighted_kappa([4 - i for i in first], [4 - j for j in second], 5, weights).value)
    assert value <= 1
    assert (value == 1) == (first == second)
    assert value == pytest.approx(weighted_kappa(first * 3, second * 3, 5, weights).value)


@given(marks)
def test_a_rater_agrees_with_himself(pairs: list[tuple[int, int]]) -> None:
    first = [pair[0] for pair in pairs]
    assume(len(set(first)) > 1)

    assert weighted_kappa(first, first, 5).value == weighted_kappa(first, first, 5, "linear").value == 1
    assert spearman(first, first).value == pytest.approx(1)
    assert spearman(first, [-mark for mark in first]).value == pytest.approx(-1)


@given(marks)
def test_rho_obeys_its_laws(pairs: list[tuple[int, int]]) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    value = spearman(first, second).value
    assume(value is not None)

    assert value == pytest.approx(spearman(second, first).value)
    assert value == pytest.approx(spearman([mark**3 + 7 for mark in first], second).value), "only the order matters"
    assert -1 <= value <= 1


def joint(habits: Sequence[float], care: float) -> list[list[float]]:
    """Return how likely each pair of marks is where the second rater repeats the first with probability ``care``.

    Otherwise he gives a mark by ``habits``, as the first did, without a look at the case.
    """
    return [
        [mine * (care * (i == j) + (1 - care) * yours) for j, yours in enumerate(habits)]
        for i, mine in enumerate(habits)
    ]


def population_rho(table: Sequence[Sequence[float]]) -> float:
    """Return the rho of the whole population: the correlation of the middle ranks of its categories."""
    rows, columns = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]

    def middles(shares: Sequence[float]) -> list[float]:
        return [sum(shares[:index]) + share / 2 - 0.5 for index, share in enumerate(shares)]

    mine, yours = middles(rows), middles(columns)
    together = sum(table[i][j] * mine[i] * yours[j] for i, j in product(range(len(rows)), repeat=2))
    spread = [
        sum(p * m * m for p, m in zip(shares, ranks, strict=True)) for shares, ranks in ((rows, mine), (columns, yours))
    ]
    return float(together / (spread[0] * spread[1]) ** 0.5)


@pytest.mark.parametrize("care", [0.0, 0.4, 0.8])
def test_the_interval_holds_the_agreement_of_the_population(care: float) -> None:
    """With this model kappa is ``care`` for any weights, and so is rho; 95 of 100 intervals should hold it.

    In 1,000 repetitions of 120 traces it is 93 to 94 of 100, of 60 traces with few but great errors it is 91.
    """
    habits = (0.15, 0.2, 0.3, 0.2, 0.15)
    table = joint(habits, care)
    assert population_rho(table) == pytest.approx(care)
    random = Random(20_250)
    held = {"kappa": 0, "rho": 0}
    for _ in range(100):
        first = random.choices(range(5), habits, k=120)
        second = [mark if random.random() < care else random.choices(range(5), habits)[0] for mark in first]
        kappa = bootstrap(first, second, lambda a, b: weighted_kappa(a, b, 5), resamples=250)
        rho = bootstrap(first, second, spearman, resamples=250)
        for name, found in (("kappa", kappa), ("rho", rho)):
            assert found.low is not None
            assert found.high is not None
            held[name] += found.low <= care <= found.high

    assert held["kappa"] >= 90
    assert held["rho"] >= 90


def test_an_interval_is_the_same_for_the_same_seed_and_holds_the_value() -> None:
    first, second = raters_of(SKIN_CONDITION)

    one, again, other = (bootstrap(first, second, spearman, resamples=300, seed=seed) for seed in (1, 1, 2))

    assert one == again != other
    assert one.low is not None
    assert one.high is not None
    assert one.value is not None
    assert one.low < one.value < one.high


def test_perfect_agreement_has_no_interval_rather_than_one_without_width() -> None:
    found = bootstrap([0, 1, 2, 3] * 5, [0, 1, 2, 3] * 5, lambda a, b: weighted_kappa(a, b, 5), resamples=200)

    assert (found.value, found.low) == (1, None)
    assert found.reason == "no interval: every resample gave the same value"


def test_few_cases_whose_resamples_are_often_undefined_have_no_interval() -> None:
    found = bootstrap([0, 1, 2], [0, 1, 1], spearman, resamples=200)

    assert found.value is not None
    assert found.low is None
    assert "not defined in" in (found.reason or "")


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: the score method without continuity correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_of_the_literature(hits: int, count: int, low: float, high: float) -> None:
    found = wilson(hits, count)

    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert wilson(0, 0).value is None
