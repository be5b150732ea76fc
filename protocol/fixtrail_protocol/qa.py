"""What quality assurance says of a trace: the five fields of 1.0, and behind them how each was come by."""

from typing import Annotated

from pydantic import Field

from fixtrail_protocol.base import DocumentModel
from fixtrail_protocol.process import Claim, Label, Measure, Place, Process, StepLabel, Support
from fixtrail_protocol.reasoning import (
    DIMENSIONS,
    DimensionScore,
    ModelShare,
    Quote,
    Reasoning,
    ReasoningStatus,
    Score,
    TokenUsage,
)
from fixtrail_protocol.testing import (
    Comparison,
    Environment,
    FlakyTest,
    Limits,
    TamperFlag,
    TestRun,
    Verdict,
)

__all__ = [
    "DIMENSIONS",
    "Claim",
    "Comparison",
    "DimensionScore",
    "Environment",
    "FlakyTest",
    "Label",
    "Limits",
    "Measure",
    "ModelShare",
    "Place",
    "Process",
    "QaResults",
    "Quote",
    "Reasoning",
    "ReasoningStatus",
    "Score",
    "StepLabel",
    "Support",
    "TamperFlag",
    "TestRun",
    "TokenUsage",
    "Verdict",
]


class QaResults(DocumentModel):
    """The five fields of schema 1.0, and in 1.1 what stands behind them."""

    tests_passed: bool | None = None
    test_exit_code: int | None = None
    test_output_snippet: str | None = None
    reasoning_score: Annotated[float, Field(ge=1, le=5)] | None = None
    reasoning_feedback: str | None = None
    tests: TestRun | None = Field(default=None, description="The final tests on the fixed code: the verdict.")
    environment: Environment | None = None
    comparison: Comparison | None = None
    reasoning: Reasoning | None = None
    process: Process | None = None
    label: Label | None = Field(
        default=None, description="Outcome and process in one word; ``unlabelled`` where an input is missing."
    )
    label_reason: str | None = Field(default=None, description="What the label rests on, in one sentence.")
