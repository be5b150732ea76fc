"""From a timeline to what it says of the process: measures, claims, and a label for each reasoning step."""

from collections.abc import Iterable

from fixtrail_protocol.process import Claim, Process, Support

from fixtrail.qa.evidence.addressing import addresses_judge
from fixtrail.qa.evidence.claims import Checked, Proposal, check_claims, check_proposals
from fixtrail.qa.evidence.measures import measure
from fixtrail.qa.evidence.record import Record
from fixtrail.qa.evidence.steps import label_steps
from fixtrail.qa.evidence.timeline import Timeline

MAX_CLAIMS = 500
"""Claims that are listed; contradicted ones first, where there are more."""


def assess(timeline: Timeline, proposals: Iterable[Proposal] = ()) -> Process:
    """Say what the events of a trace tell of the way the work was done. No model is asked, and nothing is sent.

    The same timeline always gives the same result. Where the trace does not tell, a measure is null with a reason,
    and a claim unverifiable. ``docs/measures.md`` defines each.

    Parameters
    ----------
    proposals
        Claims that a model found. They are decided by the rules for all others, and left out where a rule has found
        the same.
    """
    record = Record(timeline)
    spoken_to = {step.place for step in timeline.steps if addresses_judge(step.content)}
    checked = [
        (found, False)
        for step in timeline.steps
        for found in check_claims(record, step, spoken_to=step.place in spoken_to)
    ]
    known = {(found.place, found.kind, found.quote) for found, _ in checked}
    for _, found in check_proposals(record, proposals):
        if (found.place, found.kind, found.quote) not in known:
            known.add((found.place, found.kind, found.quote))
            checked.append((found, True))
    statuses: dict[int, list[Support]] = {}
    for found, _ in checked:
        statuses.setdefault(found.place, []).append(found.finding.status)
    steps = label_steps(record, statuses, spoken_to)
    flags: list[str] = sorted({flag for step in steps for flag in step.flags})
    claims, left_out = _listed(timeline, checked)
    return Process(measures=measure(record), claims=claims, claims_left_out=left_out, steps=steps, flags=flags)


def _listed(timeline: Timeline, checked: list[tuple[Checked, bool]]) -> tuple[list[Claim], int]:
    """Return the claims as the document has them, in the order of their steps, and how many there are beside them."""
    ids = {step.place: step.event_id for step in timeline.steps if step.event_id}
    named = [(found, by_model) for found, by_model in checked if found.place in ids]
    chosen = sorted(range(len(named)), key=lambda at: named[at][0].finding.status != "contradicted")[:MAX_CLAIMS]
    ordered = sorted((named[at] for at in sorted(chosen)), key=lambda one: one[0].place)
    claims = [found.document(ids[found.place], by_model=by_model) for found, by_model in ordered]
    return claims, len(checked) - len(claims)
