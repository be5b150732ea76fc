"""Count what the engine finds in the corpus, and what it takes for a secret that is none."""

from collections import Counter
from dataclasses import dataclass, field

from fixtrail.privacy.redaction import Redactor

from tests.redaction.corpus import lookalikes, planted

LEFT = 4
"""A secret counts as found when no more than so many of its characters in a row are left."""


@dataclass
class Measured:
    """Numbers of secrets and look-alikes, and those the engine got wrong, by kind."""

    secrets: int = 0
    kinds: int = 0
    lookalikes: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        return 1 - self.missed.total() / self.secrets

    @property
    def false_alarms(self) -> float:
        return self.alarms.total() / self.lookalikes


def is_left(secret: str, text: str) -> bool:
    """Whether a recognisable part of the secret is still in the text."""
    width = LEFT + 1
    pieces = {secret[start : start + width] for start in range(max(len(secret) - width + 1, 1))}
    # The fixed mark of a kind ("ghp_") is no secret, and may be part of a rule's name.
    return sum(piece in text for piece in pieces) > LEFT


def measure() -> Measured:
    """Run the engine over the corpus."""
    engine = Redactor(b"measured" * 4)
    found = Measured(kinds=len({each.kind for each in planted()}))
    for each in planted():
        found.secrets += 1
        text = (engine.redact_diff if each.place == "diff" else engine.redact_text)(each.text).text
        if is_left(each.secret, text):
            found.missed[f"{each.kind} in {each.place}"] += 1
    for each in lookalikes():
        found.lookalikes += 1
        if engine.redact_text(each.text).text != each.text:
            found.alarms[each.kind] += 1
    return found
