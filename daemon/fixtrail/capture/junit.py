"""Reads JUnit XML reports that the tested code could have written itself.

The reader streams, so a report costs memory for the cases that are kept and no more, and it refuses a document
type: without one XML has no entities to expand, internal or external.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from xml.parsers import expat

from fixtrail_protocol.events import TestCase

MAX_REPORT_BYTES = 32 * 1024**2
MAX_CASES = 10_000
MAX_FAILURES_BEYOND = 1_000
"""Failures and errors kept after :data:`MAX_CASES`, so that a late failure of a large suite is still shown."""
MAX_NAME = 500
MAX_MESSAGE = 2_000
_MAX_DEPTH = 64

Outcome = Literal["passed", "failed", "error", "skipped"]
_OUTCOMES: dict[str, Outcome] = {"failure": "failed", "error": "error", "skipped": "skipped"}
_WEIGHT = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}


class ReportError(ValueError):
    """The report is there and cannot be used; the message completes "its JUnit report …"."""


@dataclass
class Report:
    """What a JUnit report says: how many of each outcome, and the cases (the first :data:`MAX_CASES`)."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    cases: list[TestCase] = field(default_factory=list)

    @property
    def executed(self) -> int:
        """Tests that ran, whatever came of them."""
        return self.passed + self.failed + self.errors

    @property
    def bad(self) -> int:
        """Failures and errors."""
        return self.failed + self.errors

    def add(self, name: str, outcome: Outcome, duration_ms: float | None = None, message: str | None = None) -> None:
        """Count a test, and keep it while there is room."""
        match outcome:
            case "passed":
                self.passed += 1
            case "failed":
                self.failed += 1
            case "error":
                self.errors += 1
            case "skipped":
                self.skipped += 1
        room = MAX_CASES + (MAX_FAILURES_BEYOND if outcome in ("failed", "error") else 0)
        if len(self.cases) < room:
            short = message[:MAX_MESSAGE] if message else None
            self.cases.append(
                TestCase(name=name[:MAX_NAME], outcome=outcome, duration_ms=duration_ms, message=short or None)
            )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.errors} errors, {self.skipped} skipped"


class _Reader:
    """Handlers for expat: one case at a time is open, the rest is counted."""

    def __init__(self) -> None:
        self.report = Report()
        self._depth = 0
        self._name: str | None = None
        self._outcome: Outcome = "passed"
        self._message: str | None = None
        self._seconds: str | None = None
        self._text: list[str] | None = None
        self._text_room = 0
        self.saw_suite = False

    def doctype(self, *_: object) -> None:
        raise ReportError("declares a document type, which no test runner writes")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ReportError("is nested deeper than any test runner writes")
        if tag in ("testsuite", "testsuites"):
            self.saw_suite = True
        elif tag == "testcase":
            parts = [attributes.get("classname", ""), attributes.get("name", "")]
            self._name = "::".join(part for part in parts if part)[:MAX_NAME] or "(unnamed)"
            self._outcome, self._message = "passed", None
            self._seconds = attributes.get("time")
        elif self._name is not None and tag in _OUTCOMES:
            outcome = _OUTCOMES[tag]
            if _WEIGHT[outcome] > _WEIGHT[self._outcome]:
                self._outcome = outcome
                self._message = attributes.get("message", "")[:MAX_MESSAGE] or None
                if self._message is None:
                    self._text, self._text_room = [], MAX_MESSAGE

    def text(self, text: str) -> None:
        if self._text is not None and self._text_room > 0:
            self._text.append(text[: self._text_room])
            self._text_room -= len(text)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if tag in _OUTCOMES and self._text is not None:
            self._message = "".join(self._text).strip() or None
            self._text = None
        elif tag == "testcase" and self._name is not None:
            self._count()
            self._name = None

    def _count(self) -> None:
        self.report.add(self._name or "", self._outcome, _milliseconds(self._seconds), self._message)


def _milliseconds(seconds: str | None) -> float | None:
    try:
        value = float(seconds or "") * 1000
    except ValueError:
        return None
    return round(value, 3) if math.isfinite(value) and value >= 0 else None


def read_report(xml: bytes) -> Report:
    """Read a JUnit XML report.

    Parameters
    ----------
    xml
        The file's bytes, at most :data:`MAX_REPORT_BYTES`.

    Raises
    ------
    ReportError
        It is too large, not well-formed, declares a document type, or is not a JUnit report.
    """
    return read_reports([xml])


def read_reports(documents: Iterable[bytes]) -> Report:
    """Read several reports as one, as :func:`read_report` does each; none at all is an empty report."""
    reader = _Reader()
    for xml in documents:
        if len(xml) > MAX_REPORT_BYTES:
            raise ReportError(f"is larger than {MAX_REPORT_BYTES // 1024**2} MB")
        reader.saw_suite = False
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = reader.doctype
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.text
        try:
            parser.Parse(xml, True)
        except expat.ExpatError as error:
            raise ReportError(f"is not well-formed XML ({error})") from None
        if not reader.saw_suite:
            raise ReportError("holds no test suite")
    return reader.report
