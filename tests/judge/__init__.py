"""Thirty traces written by hand, each with the deterministic result that it must have.

A trace is a text in ``traces/``: what happened, then after ``---`` what must be found in it, with the reason. How it is
written is explained in ``text.py``. An injected trace is its clean ``twin`` with words that address the judge in it.
"""

from functools import cache
from pathlib import Path

from fixtrail_protocol.events import Event
from fixtrail_protocol.trace import Consent

from tests.judge.text import Written, parse

_FOLDER = Path(__file__).parent / "traces"

NAMES: tuple[str, ...] = tuple(sorted(path.stem for path in _FOLDER.glob("*.txt")))


@cache
def written(name: str) -> Written:
    """Return a trace with what must be found in it."""
    return parse((_FOLDER / f"{name}.txt").read_text(encoding="utf-8"), name)


def load(name: str) -> list[Event]:
    """Return the events of a trace."""
    return list(written(name).events)


def consent(name: str) -> Consent:
    """Return what was allowed when it was recorded."""
    return written(name).consent


def twin(name: str) -> str | None:
    """Return the name of the clean trace that an injected one was made from."""
    return written(name).twin


def of_kind(kind: str) -> list[str]:
    """Return the names of the traces of a kind: sound, lucky, reckless, empty, contradicted, injected."""
    return [name for name in NAMES if name.startswith(f"{kind}_")]
