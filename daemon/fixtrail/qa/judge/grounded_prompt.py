"""The prompt of grounded mode: rubric, rules, and the record behind a fence that is new for each question."""

import hashlib
import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from fixtrail.qa.evidence.addressing import addresses_judge
from fixtrail.qa.evidence.timeline import Timeline
from fixtrail.qa.judge.canary import canary_line, new_word
from fixtrail.qa.judge.facts import Facts
from fixtrail.qa.judge.rubric import Rubric
from fixtrail.qa.judge.tokens import estimate_tokens
from fixtrail.qa.judge.transcript import Transcript, write_transcript

VERSION = "v2"
"""Of the rules and the frame; a change of their text is a new version, beside the old one."""

_HANDLE = re.compile(r'\{"event": "(E\d+)"')
_NONCE_LETTERS = 16
_SPARE = 64
"""Tokens for what a server puts around two messages."""


@dataclass(frozen=True)
class Prompt:
    """What is sent once, with the word of its canary."""

    system: str
    user: str
    word: str


@dataclass(frozen=True)
class Draft:
    """A prompt but for what is new each time: the code of the fence, and the canary."""

    transcript: Transcript
    rubric: Rubric
    hash: str
    """SHA-256 of rubric and prompt text, in hexadecimal; the trace has no part in it."""
    withheld: frozenset[str]
    """Ids of events whose texts are not shown because they address the judge."""

    def prompt(self, *, nonce: str | None = None, word: str | None = None) -> Prompt:
        """Return a prompt with a new fence and a new canary, or with those given."""
        nonce = nonce or "".join(secrets.choice(string.ascii_lowercase) for _ in range(_NONCE_LETTERS))
        word = word or new_word()
        middle = len(self.transcript.lines) // 2
        lines = [*self.transcript.lines[:middle], canary_line(word), *self.transcript.lines[middle:]]
        return _fill(self.rubric, lines, nonce, word)

    @property
    def tokens(self) -> int:
        """Estimate of a whole prompt."""
        return _size(self.prompt())

    @property
    def content_hash(self) -> str:
        """SHA-256 of all that is sent but the nonce and the canary."""
        fixed = self.prompt(nonce="n" * _NONCE_LETTERS, word="W")
        return hashlib.sha256(f"{fixed.system}\0{fixed.user}".encode("utf-8", "replace")).hexdigest()


def draft_prompt(timeline: Timeline, facts: Facts, rubric: Rubric, budget: int) -> Draft:
    """Write the timeline down for a model, in no more than ``budget`` tokens with rubric and rules.

    Where it has to be cut, the last change of the code and the last run after it go before everything else: without
    them nobody could mark the validation.
    """
    system, user = _texts()
    frame = _size(_fill(rubric, [canary_line(new_word())], "n" * _NONCE_LETTERS, ""))
    first = [entry for entry in (facts.last_change, *facts.validating[-1:]) if entry is not None]
    withheld = facts.addressing
    while True:
        transcript = write_transcript(timeline, max(0, budget - frame), first=first, withheld=withheld)
        # Outputs and diffs are looked at as far as they are shown. What takes the place of one may speak as well.
        found = {_of(line) for line in transcript.lines if addresses_judge(line.replace("\\n", "\n"))}
        more = {entry.event_id for handle, entry in transcript.shown.items() if handle in found} - withheld
        if not more:
            break
        withheld |= more
    digest = hashlib.sha256("\0".join((rubric.text, system, user)).encode()).hexdigest()
    return Draft(transcript, rubric, digest, withheld)


def _of(line: str) -> str | None:
    """Return the handle that a line begins with."""
    found = _HANDLE.match(line)
    return found[1] if found else None


def _fill(rubric: Rubric, lines: Sequence[str], nonce: str, word: str) -> Prompt:
    system, user = map(Template, _texts())
    return Prompt(
        system=system.substitute(rubric=rubric.text, nonce=nonce),
        user=user.substitute(record="\n".join(lines), nonce=nonce),
        word=word,
    )


def _size(prompt: Prompt) -> int:
    return estimate_tokens(prompt.system) + estimate_tokens(prompt.user) + _SPARE


@cache
def _texts() -> tuple[str, str]:
    names = (f"system_{VERSION}.md", f"user_{VERSION}.md")
    system, user = (files(__package__).joinpath(name).read_text(encoding="utf-8").strip() for name in names)
    return system, user
