"""Which reasoning steps are hypotheses, and which of them were given up later."""

import re
from collections.abc import Sequence

from fixtrail.qa.evidence.entries import Step

READ_CHARACTERS = 4_000
"""Of a step."""

_HYPOTHESIS = re.compile(
    r"\b(?:i (?:now )?(?:suspect|think|guess|believe|bet|assume)|my (?:guess|theory|hypothesis|suspicion|bet)"
    r"|hypothes[ie]s|suspect(?:s|ed|ing)?|probably|presumably|most likely|likely (?:the|that|because|a|an|cause)"
    r"|(?:might|may|could|must) (?:well )?(?:be|have|come|stem|not)|maybe|perhaps"
    r"|(?:it )?(?:looks|seems) (?:like|as if|as though)|(?:root )?cause (?:is|was|may|might|could|must))\b",
    re.IGNORECASE,
)
"""How people write down that they suppose something."""

_GIVEN_UP = re.compile(
    r"\b(?:that|this|it) (?:was|is|were)(?:n['\u2019]t| not) (?:it|the (?:cause|problem|reason|bug|culprit|issue))\b"
    r"|\b(?:i was|my (?:guess|theory|hypothesis|assumption|suspicion) was|that was|so (?:that|this) (?:was|is)) wrong\b"
    r"|\b(?:dead end|wrong (?:track|turn|path|lead)|ruled? (?:it |that |this )?out|rules? (?:it |that |this )?out)\b"
    r"|\bnot the (?:cause|culprit|root cause)\b|\bdisprove[sdn]?\b|\bso much for (?:that|this)\b"
    r"|\b(?:theory|hypothesis|guess|suspicion|assumption) (?:does not|doesn['\u2019]t|did not|didn['\u2019]t) hold\b",
    re.IGNORECASE,
)
"""How people write down that something does not hold."""


def is_hypothesis(step: Step) -> bool:
    """Whether a step supposes something: it says so by its kind, or, where it has none, by its words."""
    if step.kind is not None:
        return step.kind == "hypothesis" and bool(step.content.strip())
    return bool(_HYPOTHESIS.search(step.content[:READ_CHARACTERS]))


def gives_up(step: Step) -> bool:
    """Whether a step says that something that was supposed does not hold."""
    return bool(_GIVEN_UP.search(step.content[:READ_CHARACTERS]))


def given_up(steps: Sequence[Step]) -> list[tuple[Step, Step]]:
    """Return each hypothesis that was given up in words, with the step that says so.

    That step speaks of the hypotheses it refers to, or else of the last one before it.
    """
    hypotheses = {step.event_id: step for step in steps if is_hypothesis(step)}
    found: dict[int, tuple[Step, Step]] = {}
    latest: Step | None = None
    for step in steps:
        if gives_up(step):
            named = [hypotheses[ref] for ref in step.refs if ref and ref in hypotheses]
            for one in [each for each in named if each.place < step.place] or ([latest] if latest else []):
                found.setdefault(one.place, (one, step))
        if is_hypothesis(step):
            latest = step
    return [found[place] for place in sorted(found)]
