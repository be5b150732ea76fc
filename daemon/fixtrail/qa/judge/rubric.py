"""The rubric: a text file with an anchor for each mark of each dimension, the built-in one or one of the user's own."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from fixtrail_protocol.qa import DIMENSIONS

from fixtrail.errors import UsageError
from fixtrail.qa.judge.answer import MARKS

BUILT_IN = "rubric_v2"
"""A change of its text is a new version, beside the old one."""

MAX_CHARS = 20_000
"""A rubric goes into every prompt."""

_DIMENSION = re.compile(r"^##[ \t]+(\S+)[ \t]*$", re.MULTILINE)
_ANCHOR = re.compile(r"^-[ \t]+([0-9.]+):[ \t]*(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Rubric:
    """What the marks mean."""

    name: str
    """Of its file, without the ending."""
    text: str
    hash: str
    """SHA-256 of the text, in hexadecimal."""


def load_rubric(path: Path | None) -> Rubric:
    """Return the rubric in ``path``; None: the built-in one.

    A rubric is Markdown: a heading ``## name`` for each of :data:`fixtrail_protocol.qa.DIMENSIONS`, and under it one
    line ``- mark: text`` for each of 0, 0.25, 0.5, 0.75 and 1. Whatever else stands there is sent along.

    Raises
    ------
    UsageError
        ``judge/rubric-invalid``: it cannot be read, is too long, or lacks a dimension or an anchor.
    """
    return _built_in() if path is None else _read(path)


@cache
def _built_in() -> Rubric:
    text = files(__package__).joinpath(f"{BUILT_IN}.md").read_text(encoding="utf-8").strip()
    return _rubric(BUILT_IN, text)


def _read(path: Path) -> Rubric:
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARS + 1).strip()
    except OSError as error:
        raise _invalid(path.name, f"it cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise _invalid(path.name, "it is not UTF-8") from None
    if len(text) > MAX_CHARS:
        raise _invalid(path.name, f"it is longer than {MAX_CHARS:,} characters")
    if problem := find_problem(text):
        raise _invalid(path.name, problem)
    return _rubric(path.stem, text)


def _rubric(name: str, text: str) -> Rubric:
    return Rubric(name, text, hashlib.sha256(text.encode()).hexdigest())


def find_problem(text: str) -> str | None:
    """Say what keeps ``text`` from being a rubric; None: nothing does."""
    heads = list(_DIMENSION.finditer(text))
    names = [head[1] for head in heads]
    if unknown := [name for name in names if name not in DIMENSIONS]:
        return f"{unknown[0]} is no dimension; they are {', '.join(DIMENSIONS)}"
    for name in DIMENSIONS:
        if names.count(name) != 1:
            return f"it has {'no' if name not in names else 'more than one'} heading '## {name}'"
    for head, end in zip(heads, [*(each.start() for each in heads[1:]), len(text)], strict=True):
        anchors = [anchor[1] for anchor in _ANCHOR.finditer(text, head.end(), end)]
        if problem := _problem_of_anchors(anchors):
            return f"{head[1]} {problem}"
    return None


def _problem_of_anchors(anchors: Sequence[str]) -> str | None:
    wanted = [f"{mark:g}" for mark in MARKS]
    if missing := [mark for mark in wanted if mark not in anchors]:
        return f"has no text for {missing[0]}; write it as '- {missing[0]}: …'"
    if len(anchors) != len(wanted):
        return f"has a text for something else than {', '.join(wanted)}, or two for one of them"
    return None


def _invalid(name: str, problem: str) -> UsageError:
    return UsageError(
        "judge/rubric-invalid",
        f"The rubric {name} cannot be used: {problem}.",
        "Correct it, or leave out judge.rubric for the built-in one.",
    )
