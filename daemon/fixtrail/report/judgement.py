"""What a report says of a judgement beside the score: how sure it is, what became of each mark, what it cost."""

from dataclasses import dataclass

from fixtrail_protocol.qa import DIMENSIONS, DimensionScore, QaResults, Reasoning

from fixtrail.report.words import Tone, label, plural, visible

_FLAGS = {
    "addresses_judge": "something in the trace addresses the judge",
    "canary_failed": "an answer followed an instruction in the data, and was thrown away",
}


@dataclass(frozen=True)
class Mark:
    """One dimension, in words."""

    name: str
    score: float
    status: str
    """Empty where nothing was checked, or all holds."""
    reason: str
    found: DimensionScore


def marks(results: QaResults) -> list[Mark]:
    """Return the dimensions in the rubric's order; empty without a judgement."""
    found = (results.reasoning.dimensions if results.reasoning else None) or {}
    return [
        Mark(
            name=label(name),
            score=found[name].score,
            status=_status(found[name]),
            reason=visible(found[name].reason or ""),
            found=found[name],
        )
        for name in DIMENSIONS
        if name in found
    ]


def _status(found: DimensionScore) -> str:
    return found.status if found.status is not None and found.status != "grounded" else ""


def remarks(reasoning: Reasoning | None) -> list[tuple[str, Tone]]:
    """Return what to know of a score, in a few words each; ``bad`` is what a person should look at."""
    if reasoning is None:
        return []
    found: list[tuple[str, Tone]] = []
    if reasoning.needs_review:
        found.append(("needs a person's review", "bad"))
    found += [(_FLAGS.get(flag, visible(flag)), "bad") for flag in reasoning.flags]
    if reasoning.samples:
        spread = f", {reasoning.spread:.2f} apart" if reasoning.spread is not None else ""
        found.append((f"{plural(reasoning.samples, 'sample')}{spread}", "none"))
    if reasoning.mode == "compat" and reasoning.score is not None:
        found.append(("not checked against the events", "none"))
    if reasoning.cached:
        found.append(("from an earlier finalize", "none"))
    if (cost := cost_words(reasoning)) is not None:
        found.append((cost, "none"))
    return found


def cost_words(reasoning: Reasoning) -> str | None:
    """``$0.0031``; None: not known."""
    if reasoning.cost is None:
        return None
    return f"${reasoning.cost:.4f}" if reasoning.cost >= 0.0001 or reasoning.cost == 0 else "less than $0.0001"
