"""A label for each reasoning step: what its claims came to, where in the work it stands, and what is odd about it."""

from collections.abc import Collection, Mapping, Sequence

from fixtrail_protocol.process import Place, StepLabel, Support

from fixtrail.qa.evidence.record import Record


def label_steps(
    record: Record, statuses: Mapping[int, Sequence[Support]], spoken_to: Collection[int]
) -> list[StepLabel]:
    """Return the labels of all steps that have an id; those of schema 1.0 have none.

    Parameters
    ----------
    statuses
        Of the claims of each step, by its place.
    spoken_to
        Places of steps in which something addresses the judge.
    """
    return [
        StepLabel(
            step=step.event_id,
            number=step.number,
            status=status_of(statuses.get(step.place, ())),
            place=place_of(record, step.place),
            flags=["addresses_judge"] if step.place in spoken_to else [],
        )
        for step in record.timeline.steps
        if step.event_id
    ]


def status_of(claims: Sequence[Support]) -> Support:
    """Contradicted if one claim is, else supported if one is; without claims there is nothing to verify."""
    if "contradicted" in claims:
        return "contradicted"
    return "supported" if "supported" in claims else "unverifiable"


def place_of(record: Record, place: int) -> Place:
    """Return where in the work something stands."""
    edits, failing = record.code_edits, record.failing_runs
    if edits and place > edits[-1].place:
        return "after_last_edit"
    if edits and place > edits[0].place:
        return "between_edits"
    return "before_edit" if failing and failing[0].place < place else "before_reproduction"
