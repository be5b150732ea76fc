"""What a report says, in words: verdict, score, durations; and hostile text made harmless to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fixtrail_protocol.qa import DIMENSIONS, QaResults, TestRun
from fixtrail_protocol.trace import Consent, TraceHeader

Tone = Literal["good", "bad", "none"]

_VERDICTS = {
    "timeout": "Tests timed out",
    "oom": "Tests ran out of memory",
    "infra_error": "Tests could not be run",
    "no_tests": "No tests were found",
    "flaky": "Tests are flaky",
}
_REASONING = {
    "not_configured": "no judge is configured",
    "no_consent": "no consent to ask a judge",
    "no_reasoning": "no reasoning was written down",
    "abstained": "the judge abstained",
    "unauthorized": "the judge refused the key",
    "model_not_found": "the judge has no such model",
    "rate_limited": "the judge was overloaded",
    "server_error": "the judge failed",
    "unreachable": "the judge could not be reached",
    "timeout": "the judge did not answer in time",
    "truncated": "the judge's answer was cut off",
    "refused": "the judge refused",
    "filtered": "the judge's answer was filtered",
    "invalid_response": "the judge's answer was not usable",
    "cancelled": "the judgement was cancelled",
}
_CONSENT = {
    "code": "code",
    "terminal_output": "terminal output",
    "file_views": "file views",
    "judge": "judge",
    "upload": "upload",
}
_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
_VISIBLE = (
    {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    | {0x7F: "\u2421"}
    | {code: f"\u27e8{code:X}\u27e9" for code in (*range(0x80, 0xA0), *_BIDI)}
)
"""Characters that act instead of showing: controls as their pictures, direction overrides by their number."""


def visible(text: str) -> str:
    """Return ``text`` with every control character and direction override made visible; tab and line feed stay."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def clip(text: str, limit: int) -> str:
    """Return at most ``limit`` characters of ``text``, the cut marked."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def one_line(text: str, limit: int) -> str:
    """Return ``text`` on one line, visible, at most ``limit`` characters."""
    return clip(visible(" ".join(text[: limit * 4].split())), limit)


def plural(count: int, noun: str) -> str:
    """``1 event``, ``2,000 events``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def moment(timestamp: str | None) -> datetime | None:
    """Parse a timestamp of a trace; None for one that no calendar has."""
    try:
        return datetime.fromisoformat(timestamp) if timestamp else None
    except ValueError:
        return None


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds from ``start`` to ``end``; None when either is not known."""
    begin, finish = moment(start), moment(end)
    return (finish - begin).total_seconds() if begin and finish else None


def duration(seconds: float | None) -> str:
    """``9 ms``, ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``; empty when not known."""
    if seconds is None:
        return ""
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def clock(seconds: float | None) -> str:
    """Time since the start as ``04:07`` or ``1:04:07``."""
    if seconds is None:
        return ""
    whole = max(int(seconds), 0)
    minutes = f"{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 3600}:{minutes}" if whole >= 3600 else minutes


@dataclass(frozen=True)
class Verdict:
    """How the tests ended: a tone for colour, words, and what to know beside them."""

    tone: Tone
    words: str
    detail: str


def verdict(results: QaResults) -> Verdict:
    """Say how the tests ended. Only a run that came to its end passed or failed."""
    run = results.tests
    if results.tests_passed is not None:
        words = "Tests passed" if results.tests_passed else "Tests failed"
        return Verdict("good" if results.tests_passed else "bad", words, counts(run, results.test_exit_code))
    if run is None:
        return Verdict("none", "No verdict", "The tests were not run.")
    return Verdict("none", _VERDICTS.get(run.verdict, "No verdict"), visible(run.reason or ""))


def counts(run: TestRun | None, exit_code: int | None) -> str:
    """``12 passed, 1 failed · exit code 1 · 3.2 s``, as far as known."""
    parts = []
    if run is not None:
        numbers = {"passed": run.passed, "failed": run.failed, "errors": run.errors, "skipped": run.skipped}
        parts.append(", ".join(f"{count:,} {name}" for name, count in numbers.items() if count))
    if exit_code is not None:
        parts.append(f"exit code {exit_code}")
    if run is not None and run.duration_ms is not None:
        parts.append(duration(run.duration_ms / 1000))
    return " · ".join(part for part in parts if part)


def limits_words(run: TestRun) -> str:
    """``fixtrail-base:bookworm · 2,048 MiB · 2 CPUs · no network``: what the tests ran in, as far as known."""
    found = run.limits_enforced or run.limits
    parts = [visible(run.image)] if run.image else []
    if found is not None:
        parts += [f"{found.memory_bytes / 1024**2:,.0f} MiB"] if found.memory_bytes else []
        parts += [f"{found.cpus:g} CPU{'' if found.cpus == 1 else 's'}"] if found.cpus else []
        parts += ["no network"] if found.network == "none" else []
    return " · ".join(parts)


def no_score(results: QaResults) -> str:
    """Say why there is no score."""
    if results.reasoning is None:
        return "the reasoning was not judged"
    return _REASONING.get(results.reasoning.status, "the reasoning was not judged")


def dimensions(results: QaResults) -> dict[str, float]:
    """Return the rubric's dimensions with their scores (0 to 1), in the rubric's order; empty without a judgement."""
    found = (results.reasoning.dimensions if results.reasoning else None) or {}
    return {label(name): found[name].score for name in DIMENSIONS if name in found}


def label(name: str) -> str:
    """``hypothesis_formation`` as ``Hypothesis formation``."""
    return name.replace("_", " ").capitalize()


def consent_words(consent: Consent | None) -> Mapping[str, bool]:
    """Return the classes of consent and whether each was given."""
    return {words: bool(consent and getattr(consent, name)) for name, words in _CONSENT.items()}


def title(header: TraceHeader) -> str:
    """Return what the trace is called: its bug and its repository."""
    name = one_line(header.repo.name, 120)
    return f"{one_line(header.bug_id, 80)} · {name}" if header.bug_id else name
