"""From a timeline to what it says of the process: measures, claims, and a label for each reasoning step."""

from fixtrail_protocol.process import Process

from fixtrail.qa.evidence.measures import measure
from fixtrail.qa.evidence.record import Record
from fixtrail.qa.evidence.steps import label_steps
from fixtrail.qa.evidence.timeline import Timeline


def assess(timeline: Timeline) -> Process:
    """Say what the events of a trace tell of the way the work was done. No model is asked, and nothing is sent.

    The same timeline always gives the same result. Where the trace does not tell, a measure is null with a reason,
    and a claim unverifiable. ``docs/measures.md`` defines each.
    """
    record = Record(timeline)
    steps = label_steps(record, {})
    flags: list[str] = sorted({flag for step in steps for flag in step.flags})
    return Process(measures=measure(record), steps=steps, flags=flags)
