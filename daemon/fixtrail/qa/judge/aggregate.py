"""Several answers become one judgement: medians, spread, and what it rests on."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fixtrail_protocol.qa import DIMENSIONS, DimensionScore, ModelShare

from fixtrail.qa.judge.answer import FEEDBACK_SENTENCES, tidy_feedback, total_score
from fixtrail.qa.judge.cost import total_usage
from fixtrail.qa.judge.failure import NotJudged
from fixtrail.qa.judge.grounded_answer import GroundedAnswer
from fixtrail.qa.judge.grounding import Checked, CheckedAnswer
from fixtrail.qa.judge.sampling import Sample


@dataclass(frozen=True)
class Vote:
    """A sample, and what is left of its answer after the checks; None: nothing."""

    sample: Sample[GroundedAnswer]
    checked: CheckedAnswer | None


@dataclass(frozen=True)
class Judgement:
    """What all models together say."""

    dimensions: dict[str, DimensionScore]
    score: float
    spread: float | None
    feedback: str | None
    used: int
    models_apart: float
    """Largest minus smallest total of the models."""


def quorum(asked: int) -> int:
    """Return how many of a model's samples have to be usable: more than half."""
    return asked // 2 + 1


def usable(votes: Sequence[Vote]) -> list[CheckedAnswer]:
    """Return the answers of one model that count: all that could be used, or none if they are too few."""
    found = [vote.checked for vote in votes if vote.checked is not None]
    return found if len(found) >= quorum(len(votes)) else []


def combine(models: Sequence[Sequence[CheckedAnswer]]) -> Judgement:
    """Return the judgement of all models.

    For each dimension the median of a model's samples, then the median of the models, so that a model whose samples
    failed has no less to say. Of an even number it is the lower of the two in the middle: a mark stays one that
    somebody gave, and a doubt counts against it.

    Parameters
    ----------
    models
        The answers of each model that gave any, none of them empty.
    """
    answers = [answer for model in models for answer in model]
    chosen = {
        name: _median([_median([answer.marks[name] for answer in model]) for model in models]) for name in DIMENSIONS
    }
    score = total_score({name: mark.score for name, mark in chosen.items()})
    totals = [answer.total for answer in answers]
    nearest = min(answers, key=lambda answer: abs(answer.total - score))
    apart = [_total(model) for model in models]
    return Judgement(
        dimensions={name: _dimension(chosen[name], [answer.marks[name] for answer in answers]) for name in DIMENSIONS},
        score=score,
        spread=round(max(totals) - min(totals), 2) if len(totals) > 1 else None,
        feedback=tidy_feedback(nearest.feedback, sentences=FEEDBACK_SENTENCES),
        used=len(answers),
        models_apart=round(max(apart) - min(apart), 2),
    )


def share_of(model: str, votes: Sequence[Vote]) -> ModelShare:
    """Return what one model said, or why it said nothing."""
    answers = usable(votes)
    exchanges = [vote.sample.exchange for vote in votes]
    share = ModelShare(
        status="scored",
        model=next((each.model for each in exchanges if each.model), model),
        fingerprint=next((each.fingerprint for each in exchanges if each.fingerprint), None),
        usage=total_usage(vote.sample for vote in votes),
        latency_ms=max((each.latency_ms for each in exchanges if each.latency_ms is not None), default=None),
        response_format=next((each.response_format for each in exchanges if each.response_format), None),
        samples=len(answers),
    )
    failures = [vote.sample.why for vote in votes if vote.sample.why is not None]
    if answers:
        share.score = _total(answers)
        if failures:
            share.reason = f"{len(answers)} of {len(votes)} answers could be used. {failures[0].reason}"
    elif failures:
        why = most_common(failures)
        share.status, share.reason = why.status, why.reason
    return share


def most_common(failures: Iterable[NotJudged]) -> NotJudged:
    """Return the failure that was met most often; of several the first."""
    listed = list(failures)
    status = Counter(why.status for why in listed).most_common(1)[0][0]
    return next(why for why in listed if why.status == status)


def _total(answers: Sequence[CheckedAnswer]) -> float:
    return total_score({name: _median([answer.marks[name] for answer in answers]).score for name in DIMENSIONS})


def _median(marks: Sequence[Checked]) -> Checked:
    """Return the mark in the middle by what counts; of several alike the first, if possible one with evidence."""
    score = statistics.median_low([mark.score for mark in marks])
    return min((mark for mark in marks if mark.score == score), key=lambda mark: not mark.evidence)


def _dimension(chosen: Checked, marks: Sequence[Checked]) -> DimensionScore:
    return DimensionScore(
        score=chosen.score,
        given=statistics.median_low([mark.given for mark in marks]),
        samples=[mark.given for mark in marks],
        status=chosen.status,
        reason=chosen.reason,
        evidence=list(chosen.evidence),
        quotes=list(chosen.quotes),
    )
