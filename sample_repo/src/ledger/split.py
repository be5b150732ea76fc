"""Divide an amount among people. The shares always add up to the amount."""

from collections.abc import Sequence


def split_evenly(total: int, people: int) -> list[int]:
    """Divide ``total`` cents among ``people``; the first ones take the cents that are left over."""
    if people < 1:
        raise ValueError("there must be at least one person")
    share, rest = divmod(total, people)
    return [share + 1 if index < rest else share for index in range(people)]


def split_by_weight(total: int, weights: Sequence[int]) -> list[int]:
    """Divide ``total`` cents in proportion to ``weights``; left-over cents go to the largest fractions."""
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative, and one must be positive")
    shares = [round(total * weight / whole) for weight in weights]
    return shares
