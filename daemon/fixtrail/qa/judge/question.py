"""What one model is asked, once."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question for a chat model."""

    model: str
    system: str
    user: str
    answer_tokens: int
    """The answer is cut off behind so many."""
    wants: str
    """What the answer has to be, in words."""
