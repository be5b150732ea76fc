"""What the events say of the way the work was done, with no model asked, and the label that outcome and way give.

Each measure, each form of claim and the rule of the label are defined in ``docs/measures.md``.
"""

from typing import Literal

from pydantic import Field

from fixtrail_protocol.base import DocumentModel, Uuid
from fixtrail_protocol.events import Count

Support = Literal["supported", "contradicted", "unverifiable"]
"""What the recorded events say of a statement."""

Place = Literal["before_reproduction", "before_edit", "between_edits", "after_last_edit"]
"""Where in the work a reasoning step stands; the first that fits, in this order."""

Label = Literal["sound_fix", "unproven_fix", "lucky_fix", "sound_attempt", "weak_attempt", "unlabelled"]
"""Outcome and process in one word, for choosing training data."""


class Measure(DocumentModel):
    """One measure of the process."""

    value: bool | int | float | None = Field(description="Null: it cannot be told from this trace.")
    unit: Literal["count", "milliseconds", "ratio"] | None = Field(
        default=None, description="Of a number; null for a yes or no."
    )
    events: list[Uuid] = Field(default_factory=list, description="Events that the value rests on.")
    events_left_out: Count = Field(default=0, description="Further such events that are not listed.")
    reason: str | None = Field(default=None, description="Why the value is null, in one sentence.")


class Claim(DocumentModel):
    """A statement in a reasoning step about what was run, seen or changed, and what the events say of it."""

    step: Uuid = Field(description="The reasoning step.")
    kind: str = Field(description="Form of the claim; docs/measures.md lists them.")
    quote: str = Field(description="The words, as they stand in the step.")
    status: Support
    events: list[Uuid] = Field(default_factory=list, description="Events that decide it.")
    reason: str | None = Field(default=None, description="Why it is decided so, in one sentence.")
    proposed_by: Literal["rule", "model"] = Field(
        default="rule", description="Who found the claim. Whether it holds is always decided by code."
    )


class StepLabel(DocumentModel):
    """A reasoning step's own label, for training on the process."""

    step: Uuid
    number: Count = Field(description="Its place among the reasoning steps, from 1.")
    status: Support = Field(description="Contradicted if one claim in it is, else supported if one is.")
    place: Place
    flags: list[Literal["addresses_judge"]] = Field(default_factory=list)


class Process(DocumentModel):
    """What the events say of the process; stored beside the judge's score and never mixed into it."""

    version: Literal["1"] = "1"
    measures: dict[str, Measure]
    claims: list[Claim] = Field(default_factory=list)
    claims_left_out: Count = Field(default=0, description="Claims over the limit, which are not listed.")
    steps: list[StepLabel] = Field(default_factory=list)
    flags: list[str] = Field(default_factory=list, description="For example ``addresses_judge``.")
