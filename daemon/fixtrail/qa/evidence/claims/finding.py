"""What a claim comes to, and what deciding one may look at."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fixtrail_protocol.process import Support

from fixtrail.qa.evidence.claims.clauses import Clause
from fixtrail.qa.evidence.entries import Entry, Step
from fixtrail.qa.evidence.record import Record


@dataclass(frozen=True)
class Finding:
    """What the record says of a claim, the entries that decide it, and why, in one sentence."""

    status: Support
    entries: tuple[Entry, ...]
    reason: str


@dataclass(frozen=True)
class Said:
    """A claim that is to be decided: who said what when, and what had been recorded by then."""

    record: Record
    step: Step
    clause: Clause
    match: re.Match[str]

    @property
    def before(self) -> int:
        """Only what has a smaller place had happened."""
        return self.step.place

    def has(self, group: str) -> bool:
        """Whether a group of the form's pattern stands in the clause."""
        return self.match.groupdict().get(group) is not None


Decide = Callable[[Said], Finding]


def supported(reason: str, *entries: Entry) -> Finding:
    """It was recorded."""
    return Finding("supported", entries, reason)


def contradicted(reason: str, *entries: Entry) -> Finding:
    """Something else was recorded, and nothing that could explain it."""
    return Finding("contradicted", entries, reason)


def unverifiable(reason: str, entries: Iterable[Entry] = ()) -> Finding:
    """The record does not tell."""
    return Finding("unverifiable", tuple(entries), reason)
