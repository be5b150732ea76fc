"""Read JUnit XML, the one report format every test runner can write. The file is untrusted."""

from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree

from fixtrail_protocol.events import TestCase

MAX_BYTES = 32 * 1024 * 1024
MAX_CASES = 10_000
MAX_MESSAGE = 2_000

Outcome = Literal["passed", "failed", "error", "skipped"]
_MARKS: tuple[tuple[str, Outcome], ...] = (("error", "error"), ("failure", "failed"), ("skipped", "skipped"))


class JUnitError(ValueError):
    """The file is not JUnit XML, or is more than we read."""


@dataclass
class JUnitReport:
    """What a JUnit file says, counted from its cases and not from the totals it claims."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    duration_ms: float = 0.0
    cases: list[TestCase] = field(default_factory=list)
    cases_dropped: int = 0

    @property
    def executed(self) -> int:
        """Tests that ran to an outcome of their own."""
        return self.passed + self.failed + self.errors


def _outcome(case: ElementTree.Element) -> tuple[Outcome, str | None]:
    for tag, outcome in _MARKS:
        mark = case.find(tag)
        if mark is not None:
            message = mark.get("message") or (mark.text or "").strip() or None
            return outcome, message[:MAX_MESSAGE] if message else None
    return "passed", None


def _milliseconds(case: ElementTree.Element) -> float:
    try:
        return max(float(case.get("time") or 0) * 1000, 0.0)
    except ValueError:
        return 0.0


def parse_junit(content: bytes, *, max_cases: int = MAX_CASES) -> JUnitReport:
    """Read a JUnit file.

    Parameters
    ----------
    max_cases
        Cases beyond this are counted and not kept.

    Raises
    ------
    JUnitError
        It is too large, declares a document type or entities, or is not JUnit XML.
    """
    if len(content) > MAX_BYTES:
        raise JUnitError(f"the JUnit file has {len(content)} bytes; at most {MAX_BYTES} are read")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise JUnitError("the JUnit file declares a document type, which no test runner does")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - see above
    except ElementTree.ParseError as error:
        raise JUnitError(f"the JUnit file is not XML: {error}") from None
    if root.tag not in ("testsuites", "testsuite"):
        raise JUnitError(f"the file is XML, but not JUnit: its root is <{root.tag}>")
    report = JUnitReport()
    for element in root.iter("testcase"):
        outcome, message = _outcome(element)
        duration = _milliseconds(element)
        report.duration_ms += duration
        match outcome:
            case "passed":
                report.passed += 1
            case "failed":
                report.failed += 1
            case "error":
                report.errors += 1
            case "skipped":
                report.skipped += 1
        if len(report.cases) < max_cases:
            group = element.get("classname")
            name = element.get("name") or "?"
            report.cases.append(
                TestCase(
                    name=f"{group}::{name}" if group else name,
                    outcome=outcome,
                    duration_ms=round(duration, 3),
                    message=message,
                )
            )
        else:
            report.cases_dropped += 1
    return report
