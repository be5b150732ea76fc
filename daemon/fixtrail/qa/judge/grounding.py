"""Checks what a model cites against the record. A mark counts only where its evidence holds, and as far as it may."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from fixtrail_protocol.qa import Quote

from fixtrail.qa.evidence.timeline import Debug, Entry, Run, Step, View
from fixtrail.qa.judge.answer import one_line, total_score
from fixtrail.qa.judge.facts import CONTRADICTED_CAP, Facts
from fixtrail.qa.judge.grounded_answer import CitedMark, GroundedAnswer
from fixtrail.qa.judge.lines import words_of

CHECKS = "1"
"""Version of the rules below; a change of them makes judgements that were kept worthless."""

MOST_EVENTS = 12
MOST_QUOTES = 6
LEAST_QUOTE = 8
"""Characters; fewer stand anywhere. A whole command, path or first line may be shorter."""
MOST_QUOTE = 400

_ESCAPED = re.compile(r"\\([\"'/\\nt])")
_AROUND = " \t\n\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb\u2026"

Status = Literal["grounded", "ungrounded", "capped"]


@dataclass(frozen=True)
class Checked:
    """A mark after it was checked."""

    given: float
    score: float
    status: Status
    reason: str | None = None
    evidence: tuple[str, ...] = ()
    """Ids of events, those that hold."""
    quotes: tuple[Quote, ...] = ()
    invented: bool = False
    """Nothing of what it cites is in the record."""


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer after it was checked."""

    marks: Mapping[str, Checked]
    feedback: str

    @property
    def total(self) -> float:
        """Sum of what counts, from 1.0 to 5.0."""
        return total_score({name: mark.score for name, mark in self.marks.items()})

    @property
    def invented(self) -> bool:
        """Whether nothing it cites is in the record, in any dimension that it gives something for."""
        given = [mark for mark in self.marks.values() if mark.given > 0]
        return bool(given) and all(mark.invented for mark in given)


def check_answer(answer: GroundedAnswer, shown: Mapping[str, Entry], facts: Facts) -> CheckedAnswer:
    """Check each dimension of ``answer``.

    Parameters
    ----------
    shown
        The entries that were in the prompt, by their handles.
    """
    return CheckedAnswer(
        {name: _capped(name, _grounded(name, cited, shown, facts), facts) for name, cited in answer.cited().items()},
        answer.feedback,
    )


@dataclass(frozen=True)
class _Need:
    """What a dimension has to quote."""

    fits: Callable[[Entry, Facts], bool]
    words: str
    events: int = 1
    """So many different events have to be cited."""


_NEEDS = {
    "hypothesis_formation": _Need(lambda entry, _: isinstance(entry, Step), "a reasoning step"),
    "evidence_gathering": _Need(
        lambda entry, _: isinstance(entry, View | Run | Debug), "a view, a command, a test run or a debugger"
    ),
    "logical_coherence": _Need(lambda entry, _: isinstance(entry, Step), "a reasoning step", events=2),
    "validation": _Need(lambda entry, facts: entry in facts.validating, "a run after the last change of code or tests"),
    "depth": _Need(lambda entry, _: isinstance(entry, Step), "a reasoning step"),
}


def _grounded(name: str, cited: CitedMark, shown: Mapping[str, Entry], facts: Facts) -> Checked:
    """Strike out what does not hold, and see whether what is left is enough."""
    given = cited.mark
    if given == 0:
        return Checked(given, 0.0, "grounded")
    handles = [*cited.evidence[:MOST_EVENTS], *(quote.event for quote in cited.quotes[:MOST_QUOTES])]
    known = [entry for each in handles if (entry := shown.get(_handle(each))) is not None]
    found = list({entry.place: entry for entry in known if entry.event_id not in facts.addressing}.values())
    quotes = []
    quoted = []
    for quote in cited.quotes[:MOST_QUOTES]:
        entry = shown.get(_handle(quote.event))
        if entry is not None and entry in found and (text := find_quote(quote.text, words_of(entry))):
            quotes.append(Quote(event=entry.event_id, text=text))
            quoted.append(entry)
    need = _NEEDS[name]
    if not found:
        struck = "Each event it cites addresses the judge." if known else "No event that it cites is in the record."
        return Checked(given, 0.0, "ungrounded", struck, invented=not known)
    if not quotes:
        return Checked(given, 0.0, "ungrounded", "No quote stands in the event it names.", invented=True)
    if not any(need.fits(entry, facts) for entry in quoted):
        return Checked(given, 0.0, "ungrounded", f"It does not quote {need.words}.")
    if len(found) < need.events:
        return Checked(given, 0.0, "ungrounded", f"It rests on fewer than {need.events} events.")
    return Checked(given, given, "grounded", None, tuple(entry.event_id for entry in found), tuple(quotes))


def _capped(name: str, mark: Checked, facts: Facts) -> Checked:
    """Lower a mark to what was recorded. Where nothing was run after the last change, whatever is cited is not it."""
    if name == "validation" and facts.no_validation is not None and mark.given > 0:
        return Checked(mark.given, 0.0, "capped", facts.no_validation, invented=mark.invented)
    if name in ("logical_coherence", "validation") and facts.contradicted and mark.score > CONTRADICTED_CAP:
        reason = "A claim in the reasoning contradicts the record."
        return Checked(mark.given, CONTRADICTED_CAP, "capped", reason, mark.evidence, mark.quotes)
    return mark


def _handle(text: str) -> str:
    return text.strip(" []()\"'`").upper()


def find_quote(quote: str, text: str) -> str | None:
    """Return the words of ``quote`` on one line if they stand in ``text``, whatever the white space; None: they do not.

    Quotation marks and dots of omission around it do not count, nor does it matter if a quote of JSON was left escaped.
    """
    place, first = " ".join(text.split()), " ".join(text.split("\n", 1)[0].split())
    for each in (quote, _ESCAPED.sub(lambda found: " " if found[1] in "nt" else found[1], quote)):
        words = " ".join(each.strip(_AROUND).removesuffix("...").removeprefix("...").split())
        if words and words in place and (len(words) >= LEAST_QUOTE or words == first):
            return one_line(words)[:MOST_QUOTE]
    return None
