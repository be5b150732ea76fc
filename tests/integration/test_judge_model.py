"""The whole chain with a real, tiny language model. Its marks mean nothing: this proves the plumbing."""

import asyncio
import os
from collections.abc import Callable, Iterator

import pytest
from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.judge import ReasoningStep, judge_reasoning, judge_trace
from fixtrail.qa.judge.facts import find_facts
from fixtrail.qa.judge.grounded_prompt import draft_prompt
from fixtrail.qa.judge.rubric import load_rubric
from fixtrail.settings import JudgeSettings
from fixtrail_protocol.qa import DIMENSIONS, Reasoning

from tests.support.loopback import loopback_only
from tests.support.small_model import small_model, small_model_process
from tests.support.timelines import timeline_of

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


TIMELINE = timeline_of()
GROUNDED = {"model": "smollm2-135m", "prompt_tokens": 4_000, "answer_tokens": 500, "timeout_seconds": 300.0}


async def grounded(base_url: str, progress: Callable[[str], None] = print, **settings: object) -> Reasoning:
    chosen = JudgeSettings.model_validate({"base_url": base_url} | GROUNDED | settings)
    return await judge_trace(TIMELINE, assess(TIMELINE), chosen, consent=True, progress=progress)


async def test_the_whole_chain_with_three_samples_of_a_real_model(base_url: str) -> None:
    with loopback_only():
        result = await grounded(base_url)

    assert (result.score is not None) == (result.status == "scored")
    assert result.status in ("scored", "abstained", "invalid_response", "truncated", "timeout"), result.reason
    [share] = result.models
    assert share.status == result.status
    if result.status == "scored":
        assert result.dimensions is not None
        ids = {entry.event_id for entry in TIMELINE.entries}
        for dimension in result.dimensions.values():
            assert set(dimension.evidence) <= ids
            assert dimension.score == 0 or dimension.quotes
    if result.usage is not None:
        facts = find_facts(TIMELINE, assess(TIMELINE))
        estimate = draft_prompt(TIMELINE, facts, load_rubric(None), 4_000).tokens
        assert result.usage.prompt <= 3 * estimate, "the estimate is not too low for this tokenizer"


async def test_cancelling_in_the_middle_of_a_real_answer(base_url: str) -> None:
    asked = asyncio.Event()
    task = asyncio.create_task(grounded(base_url, lambda _: asked.set()))
    await asked.wait()
    await asyncio.sleep(1)  # so that the model is at work
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_server_that_is_killed_in_the_middle_gives_a_status_and_no_score() -> None:
    asked = asyncio.Event()
    with small_model_process() as (url, process):
        task = asyncio.create_task(grounded(url, lambda _: asked.set()))
        await asked.wait()
        await asyncio.sleep(1)
        process.kill()
        result = await task

    assert (result.status, result.score, result.dimensions) == ("unreachable", None, None)
    assert [share.status for share in result.models] == ["unreachable"]
