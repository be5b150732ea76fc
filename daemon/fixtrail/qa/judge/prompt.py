"""Rubric and prompt, versioned text files, put together with the steps behind a fence that they cannot forge."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from fixtrail.qa.judge.steps import Excerpt, ReasoningStep, make_excerpt

VERSION = "v1"
"""Of the rubric and the prompt; a change of their text is a new version, beside the old one."""

PROMPT_CHARS = 32_000
"""No prompt is longer, whatever the trace: some 8,000 tokens of English."""


@dataclass(frozen=True)
class Prompt:
    """What is sent, and what it was made from."""

    system: str
    user: str
    excerpt: Excerpt
    hash: str
    """SHA-256 of rubric and prompt text, in hexadecimal; the steps have no part in it."""
    rubric_hash: str


@dataclass(frozen=True)
class _Texts:
    rubric: str
    system: Template
    user: Template
    hash: str
    rubric_hash: str


@cache
def _texts() -> _Texts:
    names = (f"rubric_{VERSION}.md", f"system_{VERSION}.md", f"user_{VERSION}.md")
    rubric, system, user = (files(__package__).joinpath(name).read_text(encoding="utf-8").strip() for name in names)
    digest = hashlib.sha256("\0".join((rubric, system, user)).encode()).hexdigest()
    return _Texts(rubric, Template(system), Template(user), digest, hashlib.sha256(rubric.encode()).hexdigest())


def prompt_hash() -> str:
    """Return the SHA-256 of rubric and prompt text, in hexadecimal."""
    return _texts().hash


def build_prompt(steps: Sequence[ReasoningStep], *, nonce: str | None = None) -> Prompt:
    """Put the steps between the lines of the fence.

    Parameters
    ----------
    steps
        In the order in which they were written.
    nonce
        Marks the fence. Left out, it is random: no text that was written before can hold it.
    """
    nonce = nonce or secrets.token_hex(8)
    texts = _texts()
    system = texts.system.substitute(rubric=texts.rubric, nonce=nonce)
    frame = texts.user.substitute(steps="", nonce=nonce)
    excerpt = make_excerpt(steps, PROMPT_CHARS - len(system) - len(frame))
    user = texts.user.substitute(steps=excerpt.text, nonce=nonce)
    return Prompt(system=system, user=user, excerpt=excerpt, hash=texts.hash, rubric_hash=texts.rubric_hash)
