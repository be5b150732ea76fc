"""What a judgement cost: tokens as the server counted them, and dollars by the user's own price table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fixtrail_protocol.qa import TokenUsage

from fixtrail.qa.judge.sampling import Sample
from fixtrail.settings import ModelPrice

_MAY_COST = frozenset({"timeout", "unreachable"})
"""Nobody knows whether the server went on working after the connection was gone."""


def total_usage(samples: Iterable[Sample[Any]]) -> TokenUsage | None:
    """Return the tokens of all samples, answered or not; None where no server counted any."""
    counted = [sample.exchange.usage for sample in samples if sample.exchange.usage is not None]
    if not counted:
        return None
    return TokenUsage(
        prompt=sum(usage.prompt for usage in counted), completion=sum(usage.completion for usage in counted)
    )


def cost_of(samples: Sequence[Sample[Any]], prices: Mapping[str, ModelPrice]) -> float | None:
    """Return US dollars; None where a price or a count of tokens is not known."""
    total = 0.0
    for sample in samples:
        usage = sample.exchange.usage
        if usage is None:
            if sample.why is None or sample.why.status in _MAY_COST:
                return None
            continue
        price = prices.get(sample.question.model) or prices.get(sample.exchange.model or "")
        if price is None:
            return None
        total += price_of(usage, price)
    return round(total, 8)


def price_of(usage: TokenUsage, price: ModelPrice) -> float:
    """Return US dollars for so many tokens."""
    return (usage.prompt * price.prompt + usage.completion * price.completion) / 1_000_000
