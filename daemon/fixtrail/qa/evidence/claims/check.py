"""Find the claims in reasoning steps and decide them. Whoever finds a claim, only this code says whether it holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fixtrail_protocol.process import Claim

from fixtrail.qa.evidence.addressing import addresses_judge
from fixtrail.qa.evidence.claims.clauses import Clause, clauses_of, plain
from fixtrail.qa.evidence.claims.finding import Finding, Said, unverifiable
from fixtrail.qa.evidence.claims.forms import FORMS, is_negated
from fixtrail.qa.evidence.entries import Step
from fixtrail.qa.evidence.measures import event_ids
from fixtrail.qa.evidence.record import Record

MAX_EVENTS = 10
"""Events that a claim names."""
OTHER = "other"
"""Kind of a proposed claim that no form fits."""


@dataclass(frozen=True)
class Checked:
    """A claim that was decided; ``place`` is that of its step."""

    place: int
    kind: str
    quote: str
    finding: Finding

    def document(self, step: str, *, by_model: bool = False) -> Claim:
        """Return it as the document has it; ``step`` is the id of its step."""
        events, _ = event_ids(self.finding.entries, MAX_EVENTS)
        return Claim(
            step=step,
            kind=self.kind,
            quote=self.quote,
            status=self.finding.status,
            events=events,
            reason=self.finding.reason,
            proposed_by="model" if by_model else "rule",
        )


@dataclass(frozen=True)
class Proposal:
    """A claim that somebody else found: the id of its step, and the words as they stand there."""

    step: str
    quote: str


def check_claims(record: Record, step: Step, *, spoken_to: bool) -> list[Checked]:
    """Return the claims in a step, in order, each decided by what was recorded before the step.

    With ``spoken_to``, something in the step addresses its judge: words that do are no claims.
    """
    return [
        checked
        for clause in clauses_of(step.content)
        if clause.states and not (spoken_to and addresses_judge(clause.quote))
        for checked in _check(record, step, clause)
    ]


def check_proposals(record: Record, proposals: Iterable[Proposal]) -> list[tuple[Proposal, Checked]]:
    """Decide claims that a model proposes, by the rules for all others.

    A quote that does not stand in its step is left out. What a quote says is read in its whole clause: a "not" or an
    "if" beside it counts. A quote that no form fits, or that states nothing, is ``other`` and unverifiable.
    """
    steps = {step.event_id: step for step in record.timeline.steps if step.event_id}
    found = []
    for proposal in proposals:
        step = steps.get(proposal.step)
        at = step.content.find(proposal.quote) if step is not None and proposal.quote.strip() else -1
        if step is None or at < 0:
            continue
        found += [(proposal, checked) for checked in _proposed(record, step, proposal.quote, at)]
    return found


def _proposed(record: Record, step: Step, quote: str, at: int) -> Sequence[Checked]:
    touched = [each for each in clauses_of(step.content) if each.start < at + len(quote) and each.end > at]
    stated = [clause for clause in touched if clause.states]
    found = [checked for clause in stated for checked in _check(record, step, clause)]
    if found:
        return found
    why = (
        "No form of claim that can be checked fits it."
        if stated
        else "It states nothing that was run, seen or changed."
    )
    return [Checked(step.place, OTHER, quote.strip(), unverifiable(why))]


def _check(record: Record, step: Step, clause: Clause) -> list[Checked]:
    taken: list[tuple[int, int]] = []
    found: list[tuple[int, Checked]] = []
    for form in FORMS:
        words = clause.quote if form.cased else clause.plain
        if not form.may_fit(words):
            continue
        # The words as they were written have other places: what is found in them overlaps with nothing.
        for match in form.pattern.finditer(words):
            if not form.negated and is_negated(plain(words[: match.end()])):
                continue
            if not form.cased:
                if any(match.start() < end and match.end() > start for start, end in taken):
                    continue
                taken.append(match.span())
            finding = form.decide(Said(record, step, clause, match))
            found.append((match.start(), Checked(step.place, form.kind, clause.quote, finding)))
    return [checked for _, checked in sorted(found, key=lambda one: one[0])]
