"""The reasoning steps as data for a prompt: one JSON object a line, cut to a budget in a way that can be told."""

from collections.abc import Sequence
from dataclasses import dataclass

from fixtrail.qa.judge.jsonline import Value, json_line

MIN_TEXT = 240
"""Characters that every step keeps before whole steps are left out."""

_KINDS = frozenset({"hypothesis", "observation", "decision", "check"})


@dataclass(frozen=True)
class ReasoningStep:
    """A ``reasoning_step`` event, as the judge sees it."""

    event_id: str
    content: str
    timestamp: str
    kind: str | None = None


@dataclass(frozen=True)
class Excerpt:
    """What of the steps went into a prompt."""

    text: str
    """JSON lines, no longer than the budget."""
    shown: int
    """Steps that are there, whole or shortened."""
    shortened: int
    """Steps of which only head and tail are there."""
    left_out: int
    """Steps from the middle that are not there at all."""


def make_excerpt(steps: Sequence[ReasoningStep], budget: int) -> Excerpt:
    """Write ``steps`` as JSON lines within ``budget`` characters.

    As much as fits, in this order: every step whole; every step, the longest ones shortened to head and tail, with as
    large a limit on the text of each as fits; the first and the last steps, the middle left out. What was left out is
    said where it is missing (``characters_left_out``, ``steps_left_out``). The same steps give the same text.

    Parameters
    ----------
    steps
        In the order in which they were written.
    budget
        Characters, newlines included; at least four times :data:`MIN_TEXT`.
    """
    longest = max((len(step.content) for step in steps), default=0)
    best = _lines(steps, longest, budget)
    if best is None:
        best = _lines(steps, MIN_TEXT, budget)
        if best is None:
            return _ends(steps, budget)
        low, high = MIN_TEXT, min(longest, budget)
        while low + 1 < high:
            middle = (low + high) // 2
            lines = _lines(steps, middle, budget)
            if lines is None:
                high = middle
            else:
                low, best = middle, lines
        longest = low
    shortened = sum(len(step.content) > longest for step in steps)
    return Excerpt("\n".join(best), shown=len(steps), shortened=shortened, left_out=0)


def _lines(steps: Sequence[ReasoningStep], limit: int, budget: int) -> list[str] | None:
    """Return a line for each step, or None as soon as they are longer than ``budget``."""
    lines: list[str] = []
    for number, step in enumerate(steps, start=1):
        # A character takes at least one in JSON, so a text over budget needs no encoding to be refused.
        if min(len(step.content), limit) > budget:
            return None
        lines.append(_line(number, step, limit))
        budget -= len(lines[-1]) + 1
        if budget < -1:
            return None
    return lines


def _ends(steps: Sequence[ReasoningStep], budget: int) -> Excerpt:
    """Return first and last steps, taken in turn from both ends until the budget is used up."""
    head: list[str] = []
    tail: list[str] = []
    budget -= len(_gap(len(steps))) + 1
    for turn in range(len(steps)):
        end, index = (head, turn // 2) if turn % 2 == 0 else (tail, len(steps) - 1 - turn // 2)
        line = _line(index + 1, steps[index], MIN_TEXT)
        budget -= len(line) + 1
        if budget < 0:
            break
        end.append(line)
    shown = len(head) + len(tail)
    kept = [*steps[: len(head)], *steps[len(steps) - len(tail) :]]
    return Excerpt(
        "\n".join([*head, _gap(len(steps) - shown), *reversed(tail)]),
        shown=shown,
        shortened=sum(len(step.content) > MIN_TEXT for step in kept),
        left_out=len(steps) - shown,
    )


def _line(number: int, step: ReasoningStep, limit: int) -> str:
    entry: dict[str, Value] = {"step": number}
    if step.kind in _KINDS:
        entry["kind"] = step.kind
    if len(step.content) <= limit:
        entry["text"] = step.content
    else:
        tail = limit // 3
        entry["text"] = step.content[: limit - tail]
        entry["characters_left_out"] = len(step.content) - limit
        entry["text_goes_on"] = step.content[-tail:]
    return json_line(entry)


def _gap(count: int) -> str:
    return json_line({"steps_left_out": count})
