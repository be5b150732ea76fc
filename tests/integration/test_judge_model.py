"""The whole chain with a real, tiny language model. Its marks mean nothing: this proves the plumbing."""

import os
from collections.abc import Iterator

import pytest
from fixtrail.qa.judge import ReasoningStep, judge_reasoning
from fixtrail.settings import JudgeSettings
from fixtrail_protocol.qa import DIMENSIONS

from tests.support.loopback import loopback_only
from tests.support.small_model import small_model

pytestmark = [
    pytest.mark.model,
    pytest.mark.timeout(400),
    pytest.mark.skipif(os.environ.get("FIXTRAIL_TESTS_WITHOUT_MODEL") == "1", reason="FIXTRAIL_TESTS_WITHOUT_MODEL=1"),
]

STEPS = [
    ReasoningStep(
        "a", "parse_price drops the sign: -1.50 comes back as 1.50.", "2026-11-23T09:00:00.000Z", "hypothesis"
    ),
    ReasoningStep("b", "money.py matches digits and a dot only.", "2026-11-23T09:01:00.000Z", "observation"),
    ReasoningStep("c", "I let the pattern take an optional sign.", "2026-11-23T09:03:00.000Z", "decision"),
    ReasoningStep("d", "All 9 tests pass, also the new one for -0.", "2026-11-23T09:05:00.000Z", "check"),
]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with small_model() as url:
        yield url


async def test_a_real_model_scores_a_trace(base_url: str) -> None:
    settings = JudgeSettings(base_url=base_url, model="smollm2-135m", timeout_seconds=150)

    with loopback_only():
        result = await judge_reasoning(STEPS, settings, consent=True)

    assert result.status == "scored", result.reason
    assert result.response_format == "json_schema"
    assert result.dimensions is not None
    assert set(result.dimensions) == set(DIMENSIONS)
    assert all(0 <= entry.score <= 1 for entry in result.dimensions.values())
    assert result.score == max(1.0, round(sum(entry.score for entry in result.dimensions.values()), 2))
    assert result.model == "smollm2-135m"
    assert result.usage is not None
    assert result.usage.prompt > 400, "it read the rubric and the steps"
    assert result.usage.completion > 30


async def test_a_real_model_is_given_up_at_the_deadline(base_url: str) -> None:
    settings = JudgeSettings(base_url=base_url, model="smollm2-135m", timeout_seconds=0.5)

    result = await judge_reasoning(STEPS, settings, consent=True)

    assert (result.status, result.score) == ("timeout", None)
