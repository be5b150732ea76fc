"""Puts several questions to an endpoint at the same time and has all their answers, or why there are none, in time."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic

from fixtrail.qa.judge.answer import Kind
from fixtrail.qa.judge.endpoint import Endpoint
from fixtrail.qa.judge.exchange import Exchange
from fixtrail.qa.judge.failure import NotJudged, timed_out
from fixtrail.qa.judge.question import Question
from fixtrail.settings import JudgeSettings

if TYPE_CHECKING:
    from fixtrail.qa.judge.ask import Client

CLOSE_SECONDS = 0.5
"""How long connections that were given up may take to close."""

_log = logging.getLogger(__name__)


@dataclass
class Sample(Generic[Kind]):
    """One answer of one model, or why there is none."""

    question: Question
    exchange: Exchange = field(default_factory=Exchange)
    answer: Kind | None = None
    why: NotJudged | None = None


async def take_samples(
    questions: Sequence[Question], kind: type[Kind], settings: JudgeSettings, endpoint: Endpoint, *, ends: float
) -> list[Sample[Kind]]:
    """Put each of ``questions``; return a sample for each, in the same order.

    Parameters
    ----------
    kind
        What an answer has to be.
    ends
        When it has to be over, by the clock of the event loop. The SDK's own timeout counts from one byte to the next:
        a slow drip never ends.
    """
    samples = [Sample[Kind](question) for question in questions]
    late = timed_out(endpoint.origin, settings.timeout_seconds)
    try:
        async with asyncio.timeout_at(ends):
            # Import and TLS set-up take half a second: not on the event loop.
            client = await asyncio.to_thread(open_client, settings, endpoint)
    except TimeoutError:
        client, why = None, late
    except NotJudged as refused:
        client, why = None, refused
    if client is None:
        for sample in samples:
            sample.why = why
        return samples
    tasks = [asyncio.create_task(_take(client, sample, kind)) for sample in samples]
    try:
        await asyncio.wait(tasks, timeout=max(0.0, ends - asyncio.get_running_loop().time()))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait([asyncio.create_task(_close(client, tasks))], timeout=CLOSE_SECONDS)
    for sample in samples:
        if sample.answer is None and sample.why is None:
            sample.why = late
    return samples


def open_client(settings: JudgeSettings, endpoint: Endpoint) -> "Client":
    """Return a client. Takes half a second the first time, so not on the event loop; raises NotJudged for a bad key."""
    from fixtrail.qa.judge.ask import Client

    return Client(settings, endpoint)


async def _take(client: "Client", sample: Sample[Kind], kind: type[Kind]) -> None:
    try:
        sample.answer = await client.ask(sample.question, kind, sample.exchange)
    except NotJudged as why:
        sample.why = why
    except Exception as error:  # noqa: BLE001 - a finalize must not fail for its judge; the kind of error is kept
        sample.why = unforeseen(error)


async def _close(client: "Client", tasks: Sequence["asyncio.Task[None]"]) -> None:
    async with client:
        await asyncio.gather(*tasks, return_exceptions=True)


def unforeseen(error: Exception) -> NotJudged:
    """Return what to say of an error that nobody thought of. Its text is not repeated: it may quote the trace."""
    name = type(error).__name__
    _log.warning("the judge failed with an unforeseen %s", name)
    return NotJudged("abstained", f"The judge failed with an unforeseen {name}; check its settings or report this.")
