"""What the judge says of the reasoning, or why it says nothing."""

from typing import Annotated, Literal

from pydantic import Field

from fixtrail_protocol.base import DocumentModel, Uuid
from fixtrail_protocol.events import Count

ReasoningStatus = Literal[
    "scored",
    "not_configured",
    "no_consent",
    "no_reasoning",
    "abstained",
    "unauthorized",
    "model_not_found",
    "rate_limited",
    "server_error",
    "unreachable",
    "timeout",
    "truncated",
    "refused",
    "filtered",
    "invalid_response",
    "cancelled",
]
"""Whether there is a score, and if not, why. A failure of ours is never a low score."""

DIMENSIONS = (
    "hypothesis_formation",
    "evidence_gathering",
    "logical_coherence",
    "validation",
    "depth",
)
"""The five dimensions of the rubric, 0 to 1 each."""


Score = Annotated[float, Field(ge=0, le=1)]


class Quote(DocumentModel):
    """Words of the trace that a mark rests on."""

    event: Uuid
    text: str


class DimensionScore(DocumentModel):
    """One dimension of the rubric."""

    score: Score = Field(description="What counts towards the total.")
    given: Score | None = Field(default=None, description="Median of what the model gave, before it was checked.")
    samples: list[Score] = Field(default_factory=list, description="What each sample gave.")
    status: Literal["grounded", "ungrounded", "capped"] | None = Field(
        default=None,
        description="ungrounded: the evidence does not hold, so the mark does not count; "
        "capped: what was recorded allows no more. Null: not checked (compat).",
    )
    reason: str | None = Field(default=None, description="Why it is ungrounded or capped, in one sentence.")
    evidence: list[Uuid] = Field(default_factory=list, description="Events the score rests on, checked.")
    quotes: list[Quote] = Field(default_factory=list, description="Words of these events, checked.")


class TokenUsage(DocumentModel):
    """What a judgement cost in tokens."""

    prompt: Count = 0
    completion: Count = 0


class ModelShare(DocumentModel):
    """What one model of an ensemble said, or why it said nothing."""

    status: ReasoningStatus
    reason: str | None = None
    model: str = Field(description="The model that answered, as it named itself, else as it was asked for.")
    fingerprint: str | None = Field(default=None, description="The server's system_fingerprint.")
    score: Annotated[float, Field(ge=1, le=5)] | None = None
    samples: Count = 0
    usage: TokenUsage | None = None
    latency_ms: Count | None = None
    response_format: Literal["json_schema", "json_object"] | None = None


class Reasoning(DocumentModel):
    """What the judge said of the reasoning, or why it said nothing."""

    status: ReasoningStatus
    reason: str | None = Field(default=None, description="What stood in the way, in one sentence.")
    score: Annotated[float, Field(ge=1, le=5)] | None = Field(
        default=None, description="Sum of the five dimensions, at least 1.0; computed by fixtrail, not by the model."
    )
    spread: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Largest minus smallest total of the samples, all models together."
    )
    needs_review: bool | None = Field(
        default=None, description="The samples or the models disagree too much, or one of the models gave no score."
    )
    dimensions: dict[str, DimensionScore] | None = None
    feedback: str | None = None
    mode: Literal["grounded", "compat"] | None = Field(
        default=None, description="compat: the 1.0 judge, one sample of the reasoning text alone."
    )
    samples: Count | None = Field(default=None, description="Answers that were used.")
    steps: Count | None = Field(default=None, description="Reasoning steps that were read.")
    events: Count | None = Field(default=None, description="Events of the trace that were in the prompt.")
    events_left_out: Count | None = Field(default=None, description="Events that did not fit; how is stated there.")
    flags: list[str] = Field(default_factory=list, description="For example addresses_judge, canary_failed.")
    models: list[ModelShare] = Field(default_factory=list, description="One for each model that was asked.")
    model: str | None = Field(default=None, description="The model that answered, as it named itself.")
    fingerprint: str | None = Field(default=None, description="The server's system_fingerprint.")
    endpoint: str | None = Field(default=None, description="Scheme and host of the endpoint, without credentials.")
    rubric: str | None = Field(default=None, description="Name and version of the rubric.")
    rubric_hash: str | None = Field(default=None, description="SHA-256 of the rubric's text.")
    prompt_hash: str | None = Field(default=None, description="SHA-256 of the rubric and prompt text.")
    response_format: Literal["json_schema", "json_object"] | None = None
    temperature: float | None = None
    usage: TokenUsage | None = None
    cost: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="In US dollars, by the price table in the settings; null: no price is known."
    )
    cached: bool = Field(default=False, description="Taken from an earlier judgement of the same content.")
    latency_ms: Count | None = None
