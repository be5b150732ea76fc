"""A judgement in the HTML report: remarks beside the score, and what each mark rests on."""

from fixtrail_protocol.qa import ModelShare, QaResults, Reasoning

from fixtrail.report.judgement import Mark, marks, remarks
from fixtrail.report.markup import chip, fold, tag, text
from fixtrail.report.timeline import event_link
from fixtrail.report.words import clip, label

_QUOTES = 6
_MODELS = 20


def remark_chips(reasoning: Reasoning | None) -> str:
    """Return the remarks as chips, in a paragraph; empty without any."""
    chips = "".join(chip(words, tone if tone != "none" else "") for words, tone in remarks(reasoning))
    return tag("p", chips) if chips else ""


def evidence(results: QaResults, cited: dict[str, int]) -> str:
    """Return what each mark rests on, folded; empty where nothing was checked.

    Parameters
    ----------
    cited
        Number of each event that is cited, by its id.
    """
    found = marks(results)
    if not any(mark.found.status for mark in found):
        return ""
    return fold("What each mark rests on", "".join(_mark(mark, cited) for mark in found))


def models(shares: list[ModelShare]) -> str:
    """Return what each model of an ensemble said; empty for one alone."""
    if len(shares) < 2:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{text(clip(share.model, 120))}</th>'
        f"<td>{text(label(share.status) if share.score is None else f'{share.score:.2f}')}</td>"
        f"<td>{text(clip(share.reason or '', 300))}</td></tr>"
        for share in shares[:_MODELS]
    )
    head = "<tr><th>Model</th><th>score</th><th></th></tr>"
    return f'<table class="limits"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def _mark(mark: Mark, cited: dict[str, int]) -> str:
    status = chip(mark.status, "unknown") if mark.status else ""
    given = mark.found.given
    was = f" of {given:.2f} given" if given is not None and given != mark.score else ""
    links = " ".join(link for event in mark.found.evidence if (link := event_link(event, cited)))
    reason = f" {text(clip(mark.reason, 300))}" if mark.reason else ""
    quotes = "".join(
        f'<li dir="auto">“{text(clip(quote.text, 400))}” {event_link(quote.event, cited)}</li>'
        for quote in mark.found.quotes[:_QUOTES]
    )
    line = f"<p><b>{text(mark.name)}</b> {mark.score:.2f}{text(was)} {status}{reason} {links}</p>"
    return line + (f"<ul>{quotes}</ul>" if quotes else "")
