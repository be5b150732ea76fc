"""Split a bill so that the shares add up."""

from ledger.money import format_cents, parse_amount
from ledger.split import split_by_weight, split_evenly

__all__ = ["format_cents", "parse_amount", "split_by_weight", "split_evenly"]
