"""What the record itself says before any model is asked: what it allows no mark for, and what may not be cited."""

from dataclasses import dataclass

from fixtrail_protocol.process import Process

from fixtrail.qa.evidence.commands import runs_project
from fixtrail.qa.evidence.record import Change, Record
from fixtrail.qa.evidence.timeline import Run, Timeline

CONTRADICTED_CAP = 0.25
"""Most that coherence and validation can get where a claim contradicts the record; the rubric's anchor for it."""


@dataclass(frozen=True)
class Facts:
    """What the events decide by themselves."""

    last_change: Change | None
    """The last change of code or tests."""
    validating: tuple[Run, ...]
    """Runs on the code as it was at the end that could show whether it works."""
    contradicted: int
    """Claims in the reasoning that the events contradict."""
    addressing: frozenset[str]
    """Events that address the judge: they are no evidence for anything."""
    addressed: bool
    """Something in the trace addresses the judge."""

    @property
    def no_validation(self) -> str | None:
        """Why there can be no mark for validation; None: there can."""
        if self.last_change is None:
            return "No change of code or tests is recorded."
        return None if self.validating else "Nothing was run after the last change of code or tests."


def find_facts(timeline: Timeline, process: Process) -> Facts:
    """Return what the events of a trace decide by themselves.

    A run validates if it is a test run, or runs a program of the project, on the code as it was at the end. What a run
    of tests itself wrote is no change.
    """
    record = Record(timeline)
    last = record.changes[-1] if record.changes else None
    covering = {run.place for run in record.covering_runs}
    addressing = frozenset(label.step for label in process.steps if "addresses_judge" in label.flags)
    return Facts(
        last_change=last,
        validating=tuple(
            run
            for run in timeline.runs
            if run.place in covering
            or (last is not None and run.place > last.place and any(map(runs_project, run.calls)))
        ),
        contradicted=sum(claim.status == "contradicted" for claim in process.claims),
        addressing=addressing,
        addressed=bool(addressing) or "addresses_judge" in process.flags,
    )
