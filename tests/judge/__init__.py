"""Thirty traces written by hand, each with the deterministic result that it must have.

A trace is a text in ``traces/``: what happened, then after ``---`` what must be found in it, with the reason. How it is
written is explained in ``text.py``. An injected trace is its clean ``twin`` with words that address the judge in it.
"""

from functools import cache
from pathlib import Path
from typing import Any

from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.evidence.label import label
from fixtrail.qa.evidence.timeline import build_timeline
from fixtrail_protocol.events import Event
from fixtrail_protocol.testing import TestRun
from fixtrail_protocol.trace import Consent

from tests.judge.text import Written, parse
from tests.support.traces import document

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


def assessed_document(name: str, **changes: Any) -> dict[str, Any]:
    """Return a trace as a document of which the tests failed, with its process and label."""
    process = assess(build_timeline(load(name), consent=consent(name)))
    tests = TestRun(verdict="failed", command=["pytest", "-q"], exit_code=1)
    found, why = label(tests, None, process)
    results = {"tests_passed": False, "test_exit_code": 1, "label": found, "label_reason": why}
    results |= {"tests": tests.model_dump(mode="json"), "process": process.model_dump(mode="json")}
    events = [event.model_dump(mode="json", exclude_none=True) for event in load(name)]
    allowed = consent(name).model_dump()
    return document(events, consent=allowed, qa_results=results, start_time=events[0]["timestamp"], **changes)
