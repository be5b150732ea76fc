"""What the output of a test runner says at its end: counts, time, and the tests it names.

Weaker than a JUnit file: anything may print such lines. A verdict never rests on it.
"""

import re
from collections.abc import Callable
from typing import Any

MAX_CASES = 2_000

_COMMANDS = {
    "unittest": re.compile(r"-m\s+unittest(?=\s|$)|(?:^|\s)(?:\./)?manage\.py\s+test(?=\s|$)"),
    "go": re.compile(r"(?:^|[\s/])go\s+test(?=\s|$)"),
    "cargo": re.compile(r"(?:^|[\s/])cargo\s+(?:\+\S+\s+)?(?:test|t)(?=\s|$)"),
    "vitest": re.compile(r"(?:^|[\s/])vitest(?=\s|$)"),
    "jest": re.compile(r"(?:^|[\s/])(?:jest|react-scripts\s+test)(?=\s|$)"),
    "maven": re.compile(r"(?:^|[\s/])mvnw?\s(?:.*\s)?(?:test|verify|install|package)(?=\s|$)"),
}
Counts = dict[str, Any]


def runner_of(command: str) -> str | None:
    """Return which runner a command line names: ``unittest go cargo jest vitest maven``; None for any other."""
    return next((name for name, pattern in _COMMANDS.items() if pattern.search(command)), None)


def _counts(passed: int = 0, failed: int = 0, errors: int = 0, skipped: int = 0) -> Counts:
    return {"passed": passed, "failed": failed, "errors": errors, "skipped": skipped}


def _milliseconds(value: str, unit: str = "s") -> int:
    return round(float(value) * (1 if unit == "ms" else 1000))


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def _unittest(output: str) -> Counts | None:
    ran = list(re.finditer(r"^Ran (\d+) tests? in ([\d.]+)s\s+^((?:OK|FAILED|NO TESTS RAN).*)$", output, re.MULTILINE))
    if not ran:
        return None
    total, seconds, line = int(ran[-1][1]), ran[-1][2], ran[-1][3].strip()
    failed = _number(r"(?<!expected )failures=(\d+)", line) + _number(r"unexpected successes=(\d+)", line)
    errors, skipped = _number(r"errors=(\d+)", line), _number(r"skipped=(\d+)", line)
    skipped += _number(r"expected failures=(\d+)", line)
    counts = _counts(max(total - failed - errors - skipped, 0), failed, errors, skipped)
    return counts | {"summary": f"{total} tests: {line}", "duration_ms": _milliseconds(seconds)}


def _go(output: str) -> Counts | None:
    words = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}
    cases = [
        {"name": name, "outcome": words[word], "duration_ms": float(seconds) * 1000}
        for word, name, seconds in re.findall(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)", output, re.MULTILINE)
    ]
    packages = re.findall(r"^(ok|FAIL)\s+(\S+)(?:\s+([\d.]+)s|\s+\(cached\)|\s+\[)", output, re.MULTILINE)
    if not cases and not packages:
        return None
    bad = sum(word == "FAIL" for word, _, _ in packages)
    outcomes = [case["outcome"] for case in cases]
    # Without -v go names only the tests that fail: how many passed is then not known.
    known = "--- PASS" in output or "=== RUN" in output
    return {
        "passed": outcomes.count("passed") if known else None,
        "failed": outcomes.count("failed"),
        "errors": max(bad - bool(outcomes.count("failed")), 0) if not outcomes.count("failed") else 0,
        "skipped": outcomes.count("skipped"),
        "summary": f"{len(packages) - bad} packages ok, {bad} failed",
        "duration_ms": round(sum(float(seconds or 0) for _, _, seconds in packages) * 1000),
        "cases": cases,
    }


def _cargo(output: str) -> Counts | None:
    pattern = r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;.*?(?:finished in ([\d.]+)s)?\s*$"
    found = re.findall(pattern, output, re.MULTILINE)
    if not found:
        return None
    passed, failed, skipped = (sum(int(each[place]) for each in found) for place in range(3))
    words = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}
    cases = [
        {"name": name, "outcome": words[word]}
        for name, word in re.findall(r"^test (\S+)(?: - .*?)? \.\.\. (ok|FAILED|ignored)", output, re.MULTILINE)
    ]
    seconds = sum(float(each[3] or 0) for each in found)
    summary = f"{passed} passed; {failed} failed; {skipped} ignored"
    return _counts(passed, failed, 0, skipped) | {
        "summary": summary,
        "duration_ms": round(seconds * 1000),
        "cases": cases,
    }


def _javascript(output: str) -> Counts | None:
    found = re.findall(r"^\s*Tests:?\s+((?:\d+ \w+(?:[,|]| \|)?\s*)+.*)$", output, re.MULTILINE)
    if not found:
        return None
    line = found[-1].strip()
    skipped = sum(_number(rf"(\d+) {word}", line) for word in ("skipped", "todo", "pending"))
    data = _counts(_number(r"(\d+) passed", line), _number(r"(\d+) failed", line), 0, skipped) | {"summary": line}
    times = re.findall(r"^\s*(?:Time:|Duration)\s+([\d.]+) ?(ms|s)\b", output, re.MULTILINE)
    return data | ({"duration_ms": _milliseconds(*times[-1])} if times else {})


def _maven(output: str) -> Counts | None:
    pattern = r"^(?:\[\w+\]\s+)?Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$"
    found = re.findall(pattern, output, re.MULTILINE)
    if not found:
        return None
    total, failed, errors, skipped = (int(part) for part in found[-1])
    counts = _counts(total - failed - errors - skipped, failed, errors, skipped)
    return counts | {"summary": f"Tests run: {total}, Failures: {failed}, Errors: {errors}, Skipped: {skipped}"}


_READERS: dict[str, Callable[[str], Counts | None]] = {
    "unittest": _unittest,
    "go": _go,
    "cargo": _cargo,
    "jest": _javascript,
    "vitest": _javascript,
    "maven": _maven,
}


def read_summary(runner: str, output: str) -> dict[str, Any] | None:
    """Return counts, ``summary``, ``duration_ms`` and ``cases`` as far as the output tells; None: it tells nothing."""
    data = _READERS[runner](output)
    if data is not None and "cases" in data:
        data["cases"] = data["cases"][:MAX_CASES]
        if not data["cases"]:
            del data["cases"]
    return data
