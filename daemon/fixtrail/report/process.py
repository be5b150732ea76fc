"""The part of the reports on the process: label, measures, claims; what was decided is said, and why."""

from fixtrail_protocol.process import Claim, Measure, Process
from fixtrail_protocol.qa import QaResults

from fixtrail.report.markup import chip, fold, tag, text
from fixtrail.report.timeline import event_link
from fixtrail.report.words import Tone, clip, duration, label, plural

CLAIMS = 60
"""Claims shown; contradicted ones first, where there are more."""
_LINKS = 6
_TONES: dict[str, Tone] = {"sound_fix": "good", "lucky_fix": "bad", "weak_attempt": "bad"}
_NAMES = {
    "reproduced_before_edit": "Reproduced before the edit",
    "files_viewed_before_edit": "Files viewed before they were edited",
    "hypothesis_before_edit": "Hypothesis before the edit",
    "edits_between_runs": "Most edits without a run",
    "rerun_after_last_edit": "Run again after the last edit",
    "final_run_passed": "The last run passed",
    "regression_test_added": "Test added",
    "wrong_turns_undone": "Wrong turns taken back",
    "time_to_first_hypothesis": "Time to the first hypothesis",
    "exploration_breadth": "Files looked at",
    "dead_ends": "Dead ends",
}


def measure_name(name: str) -> str:
    """Return what a measure is called in a report."""
    return _NAMES.get(name) or label(name)


def measure_words(measure: Measure) -> str:
    """``yes``, ``3``, ``80 %``, ``2 min 5 s``; ``not known`` where there is no value."""
    value = measure.value
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if measure.unit == "milliseconds":
        return duration(value / 1000)
    return f"{value:.0%}" if measure.unit == "ratio" else f"{value:,}"


def label_words(results: QaResults) -> tuple[Tone, str]:
    """Return the label as a tone and words."""
    name = results.label or "unlabelled"
    return _TONES.get(name, "none"), label(name)


def chosen_claims(process: Process, limit: int) -> list[Claim]:
    """Return the claims to show, contradicted ones first and then supported ones."""
    order = {"contradicted": 0, "supported": 1, "unverifiable": 2}
    return sorted(process.claims, key=lambda claim: order[claim.status])[:limit]


def linked(process: Process | None) -> set[str]:
    """Return the ids of the events that :func:`section` links to."""
    if process is None:
        return set()
    measures = (measure.events[:_LINKS] for measure in process.measures.values())
    claims = ([claim.step, *claim.events[:_LINKS]] for claim in chosen_claims(process, CLAIMS))
    return {event_id for events in (*measures, *claims) for event_id in events}


def section(results: QaResults, numbers: dict[str, int]) -> str:
    """Return the section *Process* as HTML; empty where the process was never assessed.

    Parameters
    ----------
    numbers
        The number of each event that can be linked to.
    """
    process = results.process
    if process is None:
        return ""
    tone, words = label_words(results)
    head = f'<p class="badge {tone}">{text(words)}</p><p>{text(clip(results.label_reason or "", 600))}</p>'
    if "addresses_judge" in process.flags:
        head += f"<p>{chip('text in the reasoning addresses its judge', 'unknown')}</p>"
    rows = "".join(_row(name, measure, numbers) for name, measure in process.measures.items())
    table = f'<table class="measures"><tbody>{rows}</tbody></table>'
    return tag("section", f"<h2>Process</h2>{head}{table}{_claims(process, numbers)}", "process") + "\n"


def _row(name: str, measure: Measure, numbers: dict[str, int]) -> str:
    links = _links(measure.events, numbers)
    why = f'<span class="quiet">{text(clip(measure.reason, 300))}</span>' if measure.reason else ""
    words = text(measure_words(measure))
    return f'<tr><th scope="row">{text(measure_name(name))}</th><td>{words}</td><td>{why}{links}</td></tr>'


def _claims(process: Process, numbers: dict[str, int]) -> str:
    if not process.claims:
        return ""
    counted = dict.fromkeys(("contradicted", "supported", "unverifiable"), 0)
    for claim in process.claims:
        counted[claim.status] += 1
    shown = chosen_claims(process, CLAIMS)
    items = "".join(_claim(claim, numbers) for claim in shown)
    hidden = len(process.claims) - len(shown) + process.claims_left_out
    more = f"<li>… and {plural(hidden, 'more claim')}</li>" if hidden else ""
    summary = ", ".join(f"{count:,} {status}" for status, count in counted.items() if count)
    title = f'Claims in the reasoning <span class="quiet">{text(summary)}</span>'
    return fold(title, f'<ul class="claims">{items}{more}</ul>', opened=True)


def _claim(claim: Claim, numbers: dict[str, int]) -> str:
    tones = {"contradicted": "bad", "supported": "good", "unverifiable": ""}
    step = _links([claim.step], numbers)
    reason = f'<span class="quiet">{text(clip(claim.reason or "", 300))}</span>'
    quote = f"<q>{text(clip(claim.quote, 300))}</q>"
    return f"<li>{chip(claim.status, tones[claim.status])} {quote} {step} {reason} {_links(claim.events, numbers)}</li>"


def _links(events: list[str], numbers: dict[str, int]) -> str:
    return " ".join(link for event in events[:_LINKS] if (link := event_link(event, numbers)))
