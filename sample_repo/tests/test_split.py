import pytest

from ledger import split_by_weight, split_evenly


def test_even_split_adds_up() -> None:
    assert split_evenly(1000, 3) == [334, 333, 333]


def test_nobody_to_split_among() -> None:
    with pytest.raises(ValueError, match="at least one"):
        split_evenly(100, 0)


def test_weights_in_proportion() -> None:
    assert split_by_weight(900, [2, 1]) == [600, 300]


def test_weighted_shares_add_up() -> None:
    shares = split_by_weight(1000, [1, 1, 1])
    assert sum(shares) == 1000
