"""What the model has to answer, how strictly it is read, and the score that code makes of it."""

import re
from typing import Annotated, TypeVar

from fixtrail_protocol.qa import DIMENSIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

MARKS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""What the schema offers. A server that enforces no schema may send any number in between, and is heard."""

FEEDBACK_CHARS = 800
FEEDBACK_SENTENCES = 3

_FENCED = re.compile(r"```(?:json)?[ \t]*\r?\n(.*?)\r?\n?[ \t]*```", re.DOTALL | re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]+")
_SENTENCE_END = re.compile(r"[.!?](?=\s)")
_NEXT_SENTENCE = re.compile(r"[.!?][\"')\]]*(?=\s+[\"'(\[]?[^\W\d_a-z])")
"""An end before a capital letter: what stands behind "e.g." begins with none."""


def _in_range(mark: float) -> float:
    if not 0 <= mark <= 1:  # NaN is caught here as well
        raise ValueError("a mark is a number from 0 to 1")
    return mark


# The range is checked in code and not written into the schema: minimum and maximum are refused by some servers and
# ignored by others, while every grammar can enforce an enumeration.
Mark = Annotated[float, AfterValidator(_in_range), Field(json_schema_extra={"enum": list(MARKS)})]


class Answer(BaseModel):
    """Feedback and five marks. Strict: ``"0.5"``, ``true`` and NaN are no marks; further keys are ignored."""

    model_config = ConfigDict(strict=True)

    feedback: str
    hypothesis_formation: Mark
    evidence_gathering: Mark
    logical_coherence: Mark
    validation: Mark
    depth: Mark

    def marks(self) -> dict[str, float]:
        """Return the mark of each of :data:`fixtrail_protocol.qa.DIMENSIONS`, in that order."""
        return {name: getattr(self, name) for name in DIMENSIONS}


Kind = TypeVar("Kind", bound=BaseModel)


def read_answer(content: str, kind: type[Kind]) -> Kind | None:
    """Return the answer that ``content`` holds: a JSON object, alone or as the one Markdown code block.

    Some servers wrap JSON in a code block whatever they are asked; that says nothing about the marks. JSON amid other
    text is refused: which part of it is the answer would be a guess. None if it is no answer.
    """
    text = content.strip()
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    try:
        return kind.model_validate_json(text)
    except ValidationError:
        return None


def total_score(marks: dict[str, float]) -> float:
    """Return the sum of the marks, at least 1.0, to two decimals (with five marks at most 5.0)."""
    return max(1.0, round(sum(marks.values()), 2))


def one_line(text: str) -> str:
    """Return ``text`` on one line without control characters: it is shown in terminals and reports."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def tidy_feedback(text: str, *, sentences: int | None = None) -> str | None:
    """Return ``text`` on one line, at most :data:`FEEDBACK_CHARS` and so many ``sentences`` long; None if blank."""
    line = one_line(text)
    ends = [match.end() for match in _NEXT_SENTENCE.finditer(line)]
    if sentences is not None and len(ends) >= sentences:
        line = line[: ends[sentences - 1]]
    if len(line) > FEEDBACK_CHARS:
        head = line[: FEEDBACK_CHARS - 1]
        ends = [match.end() for match in _SENTENCE_END.finditer(head)]
        line = head[: ends[-1]] if ends else head.rsplit(" ", 1)[0] + "…"
    return line or None
