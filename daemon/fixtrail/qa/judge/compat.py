"""The 1.0 judge: from the text of the reasoning steps to a score, or to the reason why there is none."""

import asyncio
from collections.abc import Callable, Sequence

from fixtrail_protocol.qa import DimensionScore, Reasoning

from fixtrail.qa.judge.answer import Answer, tidy_feedback, total_score
from fixtrail.qa.judge.cost import cost_of
from fixtrail.qa.judge.endpoint import ready_endpoint
from fixtrail.qa.judge.failure import NotJudged
from fixtrail.qa.judge.prompt import VERSION, Prompt, build_prompt
from fixtrail.qa.judge.question import Question
from fixtrail.qa.judge.sampling import take_samples, unforeseen
from fixtrail.qa.judge.steps import ReasoningStep
from fixtrail.settings import JudgeSettings

MAX_ANSWER_TOKENS = 1_000
"""An answer takes about 150; the rest is room for models that think first."""


def _quiet(_: str) -> None:
    """Take a line of progress and do nothing with it."""


async def judge_reasoning(
    steps: Sequence[ReasoningStep],
    settings: JudgeSettings,
    *,
    consent: bool,
    progress: Callable[[str], None] = _quiet,
) -> Reasoning:
    """Have a language model score ``steps``.

    Never raises, except :class:`asyncio.CancelledError` when it is cancelled: whatever goes wrong is a status with a
    sentence on what to do, and there is a score only where a model gave five valid marks. It ends by
    ``settings.timeout_seconds``, whatever the server does. Without an endpoint, consent or reasoning nothing is sent.

    Parameters
    ----------
    steps
        The reasoning steps of a trace in the order in which they were written, already redacted.
    settings
        Which model, where, and how long it may take.
    consent
        Whether the developer allowed the reasoning to be sent to a model.
    progress
        Called with a line on what is going on.
    """
    ends = asyncio.get_running_loop().time() + settings.timeout_seconds
    try:
        endpoint = ready_endpoint(settings, consent, reasoning=any(step.content.strip() for step in steps))
    except NotJudged as why:
        return Reasoning(status=why.status, reason=why.reason, mode="compat")
    prompt = build_prompt([step for step in steps if step.content.strip()])
    result = Reasoning(
        status="abstained",
        mode="compat",
        rubric=f"rubric_{VERSION}",
        rubric_hash=prompt.rubric_hash,
        steps=prompt.excerpt.shown,
        endpoint=endpoint.origin,
        prompt_hash=prompt.hash,
        temperature=settings.temperature,
    )
    try:
        progress(f"Asking {settings.asked[0]} at {endpoint.origin} about {prompt.excerpt.shown} reasoning steps")
        [sample] = await take_samples([_question(prompt, settings)], Answer, settings, endpoint, ends=ends)
    except Exception as error:  # noqa: BLE001 - a finalize must not fail for its judge; the kind of error is kept
        failure = unforeseen(error)
        result.status, result.reason = failure.status, failure.reason
        return result
    if sample.answer is not None:
        _score(result, sample.answer, prompt)
    elif sample.why is not None:
        result.status, result.reason = sample.why.status, sample.why.reason
    exchange = sample.exchange
    result.response_format, result.model, result.fingerprint = (
        exchange.response_format,
        exchange.model,
        exchange.fingerprint,
    )
    result.usage, result.latency_ms = exchange.usage, exchange.latency_ms
    result.cost = cost_of([sample], settings.prices)
    return result


def _question(prompt: Prompt, settings: JudgeSettings) -> Question:
    return Question(
        model=settings.asked[0],
        system=prompt.system,
        user=prompt.user,
        answer_tokens=MAX_ANSWER_TOKENS,
        wants="five marks from 0 to 1 with feedback",
    )


def _score(result: Reasoning, answer: Answer, prompt: Prompt) -> None:
    marks = answer.marks()
    result.status = "scored"
    result.score = total_score(marks)
    result.samples = 1
    result.dimensions = {name: DimensionScore(score=mark) for name, mark in marks.items()}
    result.feedback = tidy_feedback(answer.feedback)
    if prompt.excerpt.left_out:
        result.reason = (
            f"{prompt.excerpt.left_out} steps from the middle were left out to keep the prompt within its budget."
        )
