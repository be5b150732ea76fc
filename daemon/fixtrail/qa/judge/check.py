"""Tries an endpoint with a question about nothing, and says beforehand what a trace would cost there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fixtrail_protocol.process import Process
from fixtrail_protocol.qa import ReasoningStatus, TokenUsage
from pydantic import BaseModel, ConfigDict

from fixtrail.qa.evidence.timeline import Timeline
from fixtrail.qa.judge.cost import price_of
from fixtrail.qa.judge.endpoint import ready_endpoint
from fixtrail.qa.judge.exchange import Exchange, ResponseFormat
from fixtrail.qa.judge.facts import find_facts
from fixtrail.qa.judge.failure import NotJudged, timed_out
from fixtrail.qa.judge.grounded_prompt import draft_prompt
from fixtrail.qa.judge.question import Question
from fixtrail.qa.judge.rubric import load_rubric
from fixtrail.qa.judge.sampling import open_client, unforeseen
from fixtrail.settings import JudgeSettings

TYPICAL_ANSWER_TOKENS = 600
"""What an answer takes; models that think first take more, up to ``judge.answer_tokens``."""

_SYSTEM = 'Answer with one JSON object and nothing else: {"ready": true}.'
_USER = "Are you ready? Answer with the JSON object only."
_FORMATS: tuple[ResponseFormat, ...] = ("json_schema", "json_object")


class Ready(BaseModel):
    """The answer to the question about nothing."""

    model_config = ConfigDict(strict=True)

    ready: bool


@dataclass(frozen=True)
class Support:
    """What an endpoint does with one model."""

    model: str
    status: ReasoningStatus
    """``scored``: the model answered, so it can judge."""
    reason: str | None
    answered_as: str | None = None
    fingerprint: str | None = None
    json_schema: bool = False
    json_object: bool = False
    latency_ms: int | None = None
    """Of the first answer."""


@dataclass(frozen=True)
class Estimate:
    """What judging a trace would take: tokens, rather too many than too few, and dollars by the price table."""

    requests: int
    usage: TokenUsage
    events: int
    events_left_out: int
    cost: float | None


async def check_endpoint(settings: JudgeSettings) -> tuple[str | None, list[Support]]:
    """Ask each model, in each format, whether it is ready. Nothing of a trace is sent.

    Returns
    -------
    origin, supports
        Scheme, host and port of the endpoint, None where there is none; and what was found of each model.
    """
    try:
        endpoint = ready_endpoint(settings, consent=True, reasoning=True)
        client = await asyncio.to_thread(open_client, settings, endpoint)
    except NotJudged as why:
        return None, [Support(model, why.status, why.reason) for model in settings.asked]
    async with client:

        async def ask(model: str, way: ResponseFormat) -> tuple[Exchange, NotJudged | None]:
            exchange = Exchange()
            question = Question(
                model, _SYSTEM, _USER, settings.answer_tokens, wants="the JSON object that was asked for"
            )
            try:
                async with asyncio.timeout(settings.timeout_seconds):
                    await client.ask_one_way(question, Ready, exchange, way)
            except TimeoutError:
                return exchange, timed_out(endpoint.origin, settings.timeout_seconds)
            except NotJudged as why:
                return exchange, why
            except Exception as error:  # noqa: BLE001 - the kind of error is kept
                return exchange, unforeseen(error)
            return exchange, None

        found = [_support(model, [await ask(model, way) for way in _FORMATS]) for model in settings.asked]
    return endpoint.origin, found


def _support(model: str, answers: Sequence[tuple[Exchange, NotJudged | None]]) -> Support:
    good = [exchange for exchange, why in answers if why is None]
    first = good[0] if good else answers[0][0]
    failure = None if good else answers[0][1]
    schema, plain = (why is None for _, why in answers)
    return Support(
        model=model,
        status=failure.status if failure is not None else "scored",
        reason=failure.reason if failure is not None else None,
        answered_as=first.model,
        fingerprint=first.fingerprint,
        json_schema=schema,
        json_object=plain,
        latency_ms=first.latency_ms,
    )


def estimate_cost(timeline: Timeline, process: Process, settings: JudgeSettings) -> Estimate:
    """Say what judging a trace in grounded mode would take. Nothing is sent.

    Raises
    ------
    UsageError
        ``judge/rubric-invalid``.
    """
    draft = draft_prompt(timeline, find_facts(timeline, process), load_rubric(settings.rubric), settings.prompt_tokens)
    once = TokenUsage(prompt=draft.tokens, completion=TYPICAL_ANSWER_TOKENS)
    prices = [settings.prices.get(model) for model in settings.asked]
    known = [price_of(once, price) for price in prices if price is not None]
    requests = len(settings.asked) * settings.samples
    return Estimate(
        requests=requests,
        usage=TokenUsage(prompt=once.prompt * requests, completion=once.completion * requests),
        events=len(draft.transcript.shown),
        events_left_out=draft.transcript.left_out,
        cost=round(sum(known) * settings.samples, 6) if len(known) == len(prices) else None,
    )
