"""From reasoning steps to a score, or to the reason why there is none."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fixtrail_protocol.qa import DimensionScore, Reasoning

from fixtrail.qa.judge.answer import Answer, tidy_feedback, total_score
from fixtrail.qa.judge.endpoint import Endpoint, find_endpoint
from fixtrail.qa.judge.exchange import Exchange
from fixtrail.qa.judge.failure import NotJudged, timed_out
from fixtrail.qa.judge.prompt import Prompt, build_prompt
from fixtrail.qa.judge.steps import ReasoningStep
from fixtrail.settings import JudgeSettings

if TYPE_CHECKING:
    from fixtrail.qa.judge.ask import Client

_log = logging.getLogger(__name__)


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
    try:
        endpoint = _check(steps, settings, consent)
    except NotJudged as why:
        return Reasoning(status=why.status, reason=why.reason)
    prompt = build_prompt([step for step in steps if step.content.strip()])
    exchange = Exchange()
    result = Reasoning(
        status="abstained",
        steps=prompt.excerpt.shown,
        endpoint=endpoint.origin,
        prompt_hash=prompt.hash,
        temperature=settings.temperature,
    )
    try:
        progress(f"Asking {settings.model} at {endpoint.origin} about {prompt.excerpt.shown} reasoning steps")
        answer = await _ask_in_time(prompt, settings, endpoint, exchange)
    except NotJudged as why:
        result.status, result.reason = why.status, why.reason
    except Exception as error:  # noqa: BLE001 - a finalize must not fail for its judge; the kind of error is kept
        # Its text is not logged: it may quote the trace.
        _log.warning("the judge failed with an unforeseen %s", type(error).__name__)
        result.reason = (
            f"The judge failed with an unforeseen {type(error).__name__}; check its settings or report this."
        )
    else:
        _score(result, answer, prompt)
    result.response_format, result.model = exchange.response_format, exchange.model
    result.usage, result.latency_ms = exchange.usage, exchange.latency_ms
    return result


def _check(steps: Sequence[ReasoningStep], settings: JudgeSettings, consent: bool) -> Endpoint:
    """Return the endpoint if there is everything that a judgement needs."""
    key = settings.api_key.get_secret_value().strip() if settings.api_key else ""
    if not key and not (settings.base_url or "").strip():
        raise NotJudged(
            "not_configured",
            "No judge is set up; set OPENAI_API_KEY, or FIXTRAIL_JUDGE_BASE_URL for a server of your own.",
        )
    if not consent:
        raise NotJudged(
            "no_consent", "Sending reasoning to a model was not allowed for this trace; allow it at the next start."
        )
    if not any(step.content.strip() for step in steps):
        raise NotJudged(
            "no_reasoning",
            "No reasoning was written down; add steps with 'Trace: Add Reasoning Step' or 'fixtrail reason'.",
        )
    return find_endpoint(settings)


async def _ask_in_time(prompt: Prompt, settings: JudgeSettings, endpoint: Endpoint, exchange: Exchange) -> Answer:
    """Ask within the deadline. The SDK's own timeout counts from one byte to the next: a slow drip never ends."""
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            # Import and TLS set-up take half a second: not on the event loop.
            client = await asyncio.to_thread(_open_client, settings, endpoint)
            async with client:
                return await client.ask(prompt, exchange)
    except TimeoutError:
        raise timed_out(endpoint.origin, settings.timeout_seconds) from None


def _open_client(settings: JudgeSettings, endpoint: Endpoint) -> "Client":
    from fixtrail.qa.judge.ask import Client

    return Client(settings, endpoint)


def _score(result: Reasoning, answer: Answer, prompt: Prompt) -> None:
    marks = answer.marks()
    result.status = "scored"
    result.score = total_score(marks)
    result.dimensions = {name: DimensionScore(score=mark) for name, mark in marks.items()}
    result.feedback = tidy_feedback(answer.feedback)
    if prompt.excerpt.left_out:
        result.reason = (
            f"{prompt.excerpt.left_out} steps from the middle were left out to keep the prompt within its budget."
        )
