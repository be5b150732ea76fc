"""The parts of a text that state something: no questions, plans, conditions, hopes, words of others."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

READ_CHARACTERS = 20_000
"""Of a step."""
SENTENCE_CHARACTERS = 600
"""A longer sentence is pasted text, not a statement."""

_SKIP = re.compile(r"^[ \t]*(?:```.*?(?:^[ \t]*```|\Z)|>[^\n]*|\$ [^\n]*)", re.MULTILINE | re.DOTALL)
"""Blocks of code, quotations, command lines."""
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]\u201d]*\s+|\n\s*|;\s+|\s[\u2013\u2014]\s|\s--?\s")
"""White space is not looked for before the mark that ends a sentence: a long run of it would cost its square."""
_CLAUSE_END = re.compile(
    r",?\s+(?P<word>but|and|or|so|because|which|while|whereas|although|though|then|yet)\s+"
    r"|,\s+(?=(?:now|still|i'll|i will|we'll|i\u2019ll)\b)",
    re.IGNORECASE,
)
_CARRIES = frozenset({"and", "or", "then", "which", "because"})
"""Words over which a hope, a plan or a condition goes on."""

_QUOTED = re.compile(r"\"[^\"]{3,}\"|\u201c[^\u201d]{3,}\u201d")
_OF_OTHERS = re.compile(
    r"\b(?:ticket|issue|report(?:er)?|bug report|user|customer|docs?|documentation|docstring|readme|comment|author"
    r"|maintainer|manual|commit message|colleague|ci|changelog|pull request|pr|spec|description|title|they|he|she)\b"
    r"(?:[ ]\w+){0,3}[ ](?:says?|said|claims?|claimed|reports?|reported|states?|stated|mentions?|wrote|writes)\b"
    r"|\baccording to\b|\b(?:was|were|is) told\b|\bfor example\b|\be\.g\.",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|whether|suppos(?:e|ing)|assum(?:e|ing)|imagine|in case|provided that|had i)\b", re.IGNORECASE
)
_NO_CONDITION = re.compile(
    r"\bonly (?:fail|break|happen|occur|crash)\w* (?:if|when)\b|\b(?:as|even|what|see) if\b", re.IGNORECASE
)
_CHANGING = re.compile(
    r"\b(?:sometimes|at random|randomly|flak(?:y|ey|es)|intermittent(?:ly)?|occasionally|every other"
    r"|depend(?:s|ing) on)\b"
)
"""What is so at one time and not at another, cannot be held against a run."""
_UNSURE = re.compile(
    r"\b(?:should|would|could|might|may|will|won't|shall|must|ought|expect(?:s|ed|ing)?|hop(?:e|es|ed|ing)"
    r"|want(?:s|ed)?"
    r"|wish|needs?|plan(?:s|ning|ned)?|going to|gonna|let me|let's|tr(?:y|ied|ying) to|make sure|making sure|ensure"
    r"|verify|check (?:that|the|all|how|why)|confirm|so that|in order|until|till|once(?! more| again)"
    r"|as soon as|next|todo|supposed"
    r"|supposedly|probably|presumably|maybe|perhaps|apparently|seems?|seemed|appears?|looks? like|likely|pretend"
    r"|i (?:now )?(?:think|guess|believe|suspect|bet|doubt|wonder|assumed?|thought|believed|guessed)"
    r"|my (?:guess|theory)"
    r"|goal|aim|idea is|remember to|forget to|please|can (?:pass|fail|be)|to (?:pass|fail|be|make|get|see|have|run)"
    r"|never (?:mind|again)|hypothes[ie]s|in theory|ideally|almost|nearly|about to|yet to|waiting for|wait for"
    r"|would've|should've|tell me|prove that)\b|'ll\b|'d\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence that can hold a statement.

    Attributes
    ----------
    quote
        Its words, as they stand in the text.
    plain
        The same in lower case, with straight quotes, single spaces and no backticks.
    start, end
        Where it stands in the text.
    states
        Whether it states something; False: it is asked, hoped, planned, supposed, or said by others.
    """

    quote: str
    plain: str
    start: int
    end: int
    states: bool


def clauses_of(text: str) -> Iterator[Clause]:
    """Yield the clauses of a text in order."""
    text = text[:READ_CHARACTERS]
    skipped = [(found.start(), found.end()) for found in _SKIP.finditer(text)]
    for start, end in _outside(skipped, len(text)):
        for begin, stop in _parts(text, start, end):
            if 0 < stop - begin <= SENTENCE_CHARACTERS:
                yield from _of_sentence(text, begin, stop)


def plain(text: str) -> str:
    """Return a text as the forms read it."""
    straight = text.replace("\u2019", "'").replace("\u2018", "'").replace("`", "").replace("*", "")
    return " ".join(straight.lower().split())


def _outside(skipped: list[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in skipped:
        if start > at:
            yield at, start
        at = max(at, end)
    if at < length:
        yield at, length


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for found in _SENTENCE_END.finditer(text, start, end):
        yield at, found.start()
        at = found.end()
    yield at, end


def _of_sentence(text: str, start: int, end: int) -> Iterator[Clause]:
    sentence = text[start:end]
    told = plain(sentence)
    # What stands in quotation marks is somebody else's, or an example; the rest of the sentence counts.
    quoted = [(start + found.start(), start + found.end()) for found in _QUOTED.finditer(sentence)]
    refused = (
        told.endswith("?")
        or text[end : end + 1] == "?"
        or _CONDITION.search(_NO_CONDITION.sub("", told)) is not None
        or _OF_OTHERS.search(told) is not None
        or _CHANGING.search(told) is not None
    )
    unsure = False
    at = start
    joints = [*_CLAUSE_END.finditer(text, start, end), None]
    carries = False
    for joint in joints:
        stop = joint.start() if joint else end
        quote = text[at:stop].strip()
        clause = plain(quote)
        unsure = bool(_UNSURE.search(clause)) or (carries and unsure)
        inside = any(begin <= at < finish for begin, finish in quoted)
        if quote:
            yield Clause(quote, clause, at, stop, states=not (refused or unsure or inside))
        if joint:
            carries = (joint["word"] or "").lower() in _CARRIES
            at = joint.end()
