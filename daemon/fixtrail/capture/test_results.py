"""Make a ``test_result`` out of a terminal command that ran tests.

From the JUnit file the run wrote, where there is one; else from what the runner printed at its end.
"""

import os
import re
import shlex
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fixtrail.capture.junit import MAX_REPORT_BYTES, Report, ReportError, read_report
from fixtrail.capture.summaries import read_summary, runner_of

_PYTEST = re.compile(r"(?:^|[\s/\\])(?:py\.?test(?:-3)?)(?:\.exe)?(?=\s|$)|-m\s+pytest(?=\s|$)")
_SUMMARY = re.compile(
    r"^(?:=+ )?((?:\d+ (?:failed|passed|skipped|errors?|xfailed|xpassed|deselected|warnings?|rerun)(?:, )?)+"
    r"|no tests ran)(?: in ([\d.]+)s)?.*$",
    re.MULTILINE,
)
_COUNT = re.compile(r"(\d+) (failed|passed|skipped|errors?|xfailed|xpassed)")
_USUAL_PLACES = (
    "test-results/*.xml",
    "test-reports/*.xml",
    "reports/*.xml",
    "target/surefire-reports/*.xml",
    "build/test-results/*/*.xml",
)
_SLACK_SECONDS = 2.0
"""File systems round times; a report this much older than the command's start still counts as its own."""


@dataclass(frozen=True)
class FinishedCommand:
    """A terminal command that ended."""

    command: str
    cwd: str | None
    output: str | None
    exit_code: int | None
    started: datetime
    duration_ms: int | None


def _folder(root: Path, cwd: str | None) -> Path | None:
    """Return the command's folder if it lies in the workspace: reports of elsewhere are not read."""
    if cwd in (None, "", "."):
        return root
    folder = (root / cwd).resolve()
    return folder if folder.is_relative_to(root) else None


def _named_reports(command: str, folder: Path) -> list[Path]:
    if ".xml" not in command:
        return []
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    names = [word.rpartition("=")[2] for word in words if word.endswith(".xml")]
    return [folder / name for name in names]


def _usual_reports(folder: Path) -> list[Path]:
    """Return the reports in the usual places. One listing says which of them are worth a look: most are not there."""
    try:
        names = set(os.listdir(folder))  # noqa: PTH208 - names alone are wanted, for every command that ends
    except OSError:
        return []
    found = [folder / name for name in names if name.startswith("junit") and name.endswith(".xml")]
    for place in _USUAL_PLACES:
        if place.partition("/")[0] in names:
            found += folder.glob(place)
    return found


def _report(root: Path, finished: FinishedCommand) -> Report | None:
    """Return the newest JUnit report that the command wrote: not older than its start."""
    folder = _folder(root, finished.cwd)
    if folder is None:
        return None
    candidates = _named_reports(finished.command, folder)
    candidates += _usual_reports(folder)
    newest: tuple[float, Path] | None = None
    for path in candidates:
        try:
            if not path.resolve().is_relative_to(root):
                continue
            stat = path.stat()
        except OSError:
            continue
        fresh = stat.st_mtime >= finished.started.timestamp() - _SLACK_SECONDS
        if fresh and stat.st_size <= MAX_REPORT_BYTES and (newest is None or stat.st_mtime > newest[0]):
            newest = (stat.st_mtime, path)
    if newest is None:
        return None
    try:
        return read_report(newest[1].read_bytes())
    except (OSError, ReportError):
        return None


def _from_summary(output: str) -> dict[str, Any] | None:
    matches = list(_SUMMARY.finditer(output))
    if not matches:
        return None
    last = matches[-1]
    counts = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}
    for number, word in _COUNT.findall(last[1]):
        key = {"error": "errors", "xfailed": "skipped", "xpassed": "passed"}.get(word, word)
        counts[key] += int(number)
    data: dict[str, Any] = {"summary": last[0].strip("= \r"), **counts}
    if last[2]:
        data["duration_ms"] = round(float(last[2]) * 1000)
    return data


def derive_test_result(root: Path, finished: FinishedCommand) -> dict[str, Any] | None:
    """Return the ``data`` of a ``test_result``, or None when the command ran no tests that can be seen.

    Parameters
    ----------
    root
        The workspace, resolved.
    """
    is_pytest = bool(_PYTEST.search(finished.command))
    runner = "pytest" if is_pytest else runner_of(finished.command)
    data: dict[str, Any] = {"runner": runner, "exit_code": finished.exit_code}
    if report := _report(root, finished):
        total = report.executed + report.skipped
        data |= {
            "summary": f"{report.passed} of {total} passed, {report.failed} failed, {report.errors} errors",
            "passed": report.passed,
            "failed": report.failed,
            "errors": report.errors,
            "skipped": report.skipped,
            "duration_ms": finished.duration_ms,
            "source": "junit",
            "cases": [case.model_dump(exclude_none=True) for case in report.cases],
        }
        return data
    if is_pytest and finished.output and (seen := _from_summary(finished.output)):
        return data | seen | {"source": "terminal"}
    if runner is not None and not is_pytest and finished.output and (told := read_summary(runner, finished.output)):
        return data | told | {"source": "terminal"}
    return None
