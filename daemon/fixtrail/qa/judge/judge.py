"""From a timeline to a grounded score, or to the reason why there is none."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fixtrail_protocol.process import Process
from fixtrail_protocol.qa import ModelShare, Reasoning

from fixtrail.errors import FixtrailError
from fixtrail.qa.evidence.timeline import Timeline
from fixtrail.qa.judge.aggregate import Vote, combine, most_common, share_of, usable
from fixtrail.qa.judge.cache import JudgeCache, content_key
from fixtrail.qa.judge.canary import obeyed
from fixtrail.qa.judge.compat import judge_reasoning
from fixtrail.qa.judge.cost import cost_of, total_usage
from fixtrail.qa.judge.endpoint import Endpoint, ready_endpoint
from fixtrail.qa.judge.facts import Facts, find_facts
from fixtrail.qa.judge.failure import NotJudged
from fixtrail.qa.judge.grounded_answer import GroundedAnswer
from fixtrail.qa.judge.grounded_prompt import Draft, draft_prompt
from fixtrail.qa.judge.grounding import CHECKS, CheckedAnswer, check_answer
from fixtrail.qa.judge.prompt import prompt_hash
from fixtrail.qa.judge.question import Question
from fixtrail.qa.judge.rubric import load_rubric
from fixtrail.qa.judge.sampling import Sample, take_samples, unforeseen
from fixtrail.qa.judge.steps import ReasoningStep
from fixtrail.settings import JudgeSettings

Say = Callable[[str], None]


def _quiet(_: str) -> None:
    """Take a line of progress and do nothing with it."""


async def judge_trace(
    timeline: Timeline,
    process: Process,
    settings: JudgeSettings,
    *,
    consent: bool,
    cache: JudgeCache | None = None,
    progress: Say = _quiet,
) -> Reasoning:
    """Have language models score a trace, and check what they say against it.

    Never raises, except :class:`asyncio.CancelledError` when it is cancelled: whatever goes wrong is a status with a
    sentence on what to do. It ends by ``settings.timeout_seconds``. Without an endpoint, consent or reasoning nothing
    is sent. What is sent, checked and counted is in ``docs/judge.md``.

    Parameters
    ----------
    timeline
        Of a trace whose events are redacted already.
    process
        What the events say of it: contradicted claims lower marks, and steps that address the judge are no evidence.
    settings
        Which models, where, how often, and how long it may take. ``mode`` compat: :func:`judge_reasoning` is asked.
    consent
        Whether the developer allowed the trace to be sent to a model.
    cache
        Where the last judgement of this trace is kept. A judgement of the same content by the same judge is taken from
        there, and nothing is sent.
    progress
        Called with a line on what is going on.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    # What is written for the judge is no reasoning: without any other there is nothing to judge.
    spoken = {label.step for label in process.steps if "addresses_judge" in label.flags}
    reasoning = any(step.content.strip() and step.event_id not in spoken for step in timeline.steps)
    try:
        endpoint = ready_endpoint(settings, consent, reasoning=reasoning)
    except NotJudged as why:
        flags = ["addresses_judge"] if spoken else []
        return Reasoning(status=why.status, reason=why.reason, mode=settings.mode, flags=flags)
    try:
        if settings.mode == "compat":
            return await _compat(timeline, settings, endpoint, cache, progress)
        if not all(entry.event_id for entry in timeline.entries):
            raise NotJudged(
                "abstained", "The events have no ids (schema 1.0), so none can be cited; set judge.mode to compat."
            )
        task = await asyncio.to_thread(_prepare, timeline, process, settings, endpoint)
        if cache is not None and (kept := await asyncio.to_thread(cache.load, task.key)) is not None:
            return kept
        result = await _judge(task, settings, endpoint, started + settings.timeout_seconds, progress)
        result.latency_ms = round((loop.time() - started) * 1000)
        if cache is not None and result.status == "scored":
            await asyncio.to_thread(cache.save, task.key, result)
        return result
    except NotJudged as why:
        return Reasoning(status=why.status, reason=why.reason, mode=settings.mode, endpoint=endpoint.origin)
    except FixtrailError as error:
        return Reasoning(status="abstained", reason=str(error), mode=settings.mode, endpoint=endpoint.origin)
    except Exception as error:  # noqa: BLE001 - a finalize must not fail for its judge; the kind of error is kept
        failure = unforeseen(error)
        return Reasoning(status=failure.status, reason=failure.reason, mode=settings.mode, endpoint=endpoint.origin)


@dataclass(frozen=True)
class _Task:
    facts: Facts
    draft: Draft
    key: str


def _prepare(timeline: Timeline, process: Process, settings: JudgeSettings, endpoint: Endpoint) -> _Task:
    """Write the prompt. Takes as long as the trace is long, so not on the event loop."""
    facts = find_facts(timeline, process)
    draft = draft_prompt(timeline, facts, load_rubric(settings.rubric), settings.prompt_tokens)
    facts = replace(facts, addressing=draft.withheld, addressed=facts.addressed or bool(draft.withheld))
    key = content_key(
        ["grounded", CHECKS, endpoint.origin, settings.asked, settings.samples, settings.temperature],
        [draft.content_hash, [entry.event_id for entry in draft.transcript.shown.values()], settings.review_spread],
        [facts.contradicted, sorted(facts.addressing), [run.event_id for run in facts.validating]],
    )
    return _Task(facts, draft, key)


async def _judge(task: _Task, settings: JudgeSettings, endpoint: Endpoint, ends: float, progress: Say) -> Reasoning:
    transcript = task.draft.transcript
    result = Reasoning(
        status="abstained",
        mode="grounded",
        steps=transcript.steps,
        events=len(transcript.shown),
        events_left_out=transcript.left_out,
        flags=["addresses_judge"] if task.facts.addressed else [],
        endpoint=endpoint.origin,
        rubric=task.draft.rubric.name,
        rubric_hash=task.draft.rubric.hash,
        prompt_hash=task.draft.hash,
        temperature=settings.temperature,
    )
    times = f" {settings.samples} times" if settings.samples > 1 else ""
    progress(f"Asking {', '.join(settings.asked)} at {endpoint.origin}{times} about {len(transcript.shown)} events")
    prompts = [(model, task.draft.prompt()) for model in settings.asked for _ in range(settings.samples)]
    questions = [
        Question(
            model,
            prompt.system,
            prompt.user,
            settings.answer_tokens,
            wants="evidence, quotes and a mark for each dimension",
        )
        for model, prompt in prompts
    ]
    samples = await take_samples(questions, GroundedAnswer, settings, endpoint, ends=ends)
    votes = [
        Vote(sample, _check(sample, prompt.word, task, result, endpoint))
        for sample, (_, prompt) in zip(samples, prompts, strict=True)
    ]
    by_model = [votes[at : at + settings.samples] for at in range(0, len(votes), settings.samples)]
    result.models = [share_of(model, each) for model, each in zip(settings.asked, by_model, strict=True)]
    result.usage, result.cost = total_usage(samples), cost_of(samples, settings.prices)
    _say_who(result)
    _conclude(result, by_model, settings)
    return result


def _check(
    sample: Sample[GroundedAnswer], word: str, task: _Task, result: Reasoning, endpoint: Endpoint
) -> CheckedAnswer | None:
    """Return what is left of an answer; where nothing is, the sample says why from now on."""
    if sample.answer is None:
        return None
    model = sample.question.model
    if obeyed(word, sample.answer.model_dump_json()):
        if "canary_failed" not in result.flags:
            result.flags.append("canary_failed")
        sample.why = NotJudged(
            "abstained",
            f"{model} at {endpoint.origin} followed an instruction that stood in the data; choose another model.",
        )
        return None
    if not sample.answer.can_assess:
        sample.why = NotJudged("abstained", f"{model} at {endpoint.origin} found that the record cannot be judged.")
        return None
    checked = check_answer(sample.answer, task.draft.transcript.shown, task.facts)
    if checked.invented:
        sample.why = NotJudged(
            "invalid_response",
            f"Nothing that {model} at {endpoint.origin} cites stands in the record; choose another model.",
        )
        return None
    return checked


def _say_who(result: Reasoning) -> None:
    """Name the first model that scored, else the first, where the document has room for one."""
    first = next((share for share in result.models if share.status == "scored"), result.models[0])
    result.model, result.fingerprint = first.model, first.fingerprint
    result.response_format = first.response_format


def _conclude(result: Reasoning, by_model: Sequence[Sequence[Vote]], settings: JudgeSettings) -> None:
    """Put the judgement of all models into ``result``, or why there is none."""
    answers = [found for votes in by_model if (found := usable(votes))]
    result.samples = sum(map(len, answers))
    if not answers:
        why = most_common(NotJudged(share.status, share.reason or "") for share in result.models)
        result.status, result.reason = why.status, why.reason
        return
    judgement = combine(answers)
    result.status = "scored"
    result.score, result.spread = judgement.score, judgement.spread
    result.dimensions, result.feedback = judgement.dimensions, judgement.feedback
    silent = len(answers) < len(by_model)
    apart = max(judgement.spread or 0.0, judgement.models_apart)
    result.needs_review = apart > settings.review_spread or silent
    result.reason = _remarks(result.models, result.events_left_out or 0)


def _remarks(models: Sequence[ModelShare], left_out: int) -> str | None:
    """Say what a reader of the score has to know: who did not answer, and what was not shown."""
    remarks = [
        f"{share.model}: {share.reason}" if len(models) > 1 else share.reason
        for share in models
        if share.reason is not None
    ]
    if left_out:
        remarks.append(f"{left_out:,} events were left out to keep the prompt within its budget.")
    return " ".join(remarks) or None


async def _compat(
    timeline: Timeline, settings: JudgeSettings, endpoint: Endpoint, cache: JudgeCache | None, progress: Say
) -> Reasoning:
    steps = [ReasoningStep(step.event_id, step.content, _moment(step.moment), step.kind) for step in timeline.steps]
    key = content_key(
        ["compat", prompt_hash(), endpoint.origin, settings.asked[0], settings.temperature],
        [[step.content, step.kind] for step in steps],
    )
    if cache is not None and (kept := await asyncio.to_thread(cache.load, key)) is not None:
        return kept
    result = await judge_reasoning(steps, settings, consent=True, progress=progress)
    if cache is not None and result.status == "scored":
        await asyncio.to_thread(cache.save, key, result)
    return result


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
