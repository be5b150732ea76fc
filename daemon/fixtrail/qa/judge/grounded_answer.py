"""What a model has to answer in grounded mode: for each dimension evidence, quotes and a mark, then feedback."""

from fixtrail_protocol.qa import DIMENSIONS
from pydantic import BaseModel, ConfigDict

from fixtrail.qa.judge.answer import Mark

_STRICT = ConfigDict(strict=True)


class CitedWords(BaseModel):
    """Words of an event, as the model copied them."""

    model_config = _STRICT

    event: str
    text: str


class CitedMark(BaseModel):
    """One dimension. Evidence comes before the mark, so that the mark follows from it."""

    model_config = _STRICT

    evidence: list[str]
    quotes: list[CitedWords]
    mark: Mark


class GroundedAnswer(BaseModel):
    """Strict as :class:`fixtrail.qa.judge.answer.Answer`; nothing in it is believed before it was checked.

    ``can_assess`` false is an abstention: the marks do not matter then.
    """

    model_config = _STRICT

    can_assess: bool
    hypothesis_formation: CitedMark
    evidence_gathering: CitedMark
    logical_coherence: CitedMark
    validation: CitedMark
    depth: CitedMark
    feedback: str

    def cited(self) -> dict[str, CitedMark]:
        """Return what was said of each of :data:`fixtrail_protocol.qa.DIMENSIONS`, in that order."""
        return {name: getattr(self, name) for name in DIMENSIONS}
