"""``judge probe``: does the judge react to what it should react to, on traces and on variants of them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fixtrail_protocol.trace import Trace
from pydantic import ValidationError

from fixtrail.errors import UsageError
from fixtrail.privacy.gate import Gate
from fixtrail.qa.calibration.labels import Problem
from fixtrail.qa.calibration.probe import Judge, Outcome, Scores, Summary
from fixtrail.qa.calibration.variants import Events
from fixtrail.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


@dataclass
class Traces:
    """What can be asked about, and what was left out."""

    usable: list[tuple[str, Events]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_folder(folder: Path, gate: Gate) -> Traces:
    """Read the trace documents (``*.json``) in ``folder`` and below that may be sent to a judge, once more redacted."""
    found = Traces()
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            document = Trace.model_validate_json(path.read_bytes())
        except OSError as error:
            found.problems.append(Problem(name, f"it cannot be read ({error.strerror})"))
            continue
        except ValidationError:
            found.problems.append(Problem(name, "not a trace document"))
            continue
        if document.consent is None or not document.consent.judge:
            found.problems.append(Problem(name, "there is no consent to send it to a judge"))
            continue
        plain = document.model_dump(mode="json")
        plain["events"] = [gate.document(event) for event in plain["events"]]
        found.usable.append((document.trace_id, Trace.model_validate(plain).events))
    return found


def real_judge(settings: Settings, failures: list[str]) -> Judge:
    """Return the judge of the settings, for :func:`fixtrail.qa.calibration.probe.probe`.

    Parameters
    ----------
    failures
        Why it gave no score is appended here, each reason once.
    """
    from fixtrail.qa.evidence.assess import assess
    from fixtrail.qa.evidence.timeline import build_timeline
    from fixtrail.qa.judge import judge_trace
    from fixtrail.qa.testfiles import patterns_of_tests

    tests = patterns_of_tests(settings.sandbox.test_files)

    async def judge(events: Events) -> Scores | None:
        timeline = build_timeline(events, tests)
        result = await judge_trace(timeline, assess(timeline), settings.judge, consent=True)
        if result.dimensions is None:
            said = f"{result.status}: {result.reason}"
            if said not in failures:
                failures.append(said)
            return None
        return {name: found.score for name, found in result.dimensions.items()}

    return judge


def as_document(
    outcomes: Iterable[Outcome], summaries: Mapping[str, Summary], traces: Traces, failures: list[str]
) -> dict[str, object]:
    """Return what ``--json`` prints."""
    return {
        "variants": {name: asdict(summary) for name, summary in summaries.items()},
        "pairs": [
            {"trace_id": each.trace_id, "variant": each.transformation, "right": each.right}
            | {"before": each.before, "after": each.after}
            for each in outcomes
        ],
        "failures": failures,
        "problems": [asdict(problem) for problem in traces.problems],
    }


def show(summaries: Mapping[str, Summary], traces: Traces, failures: list[str], console: "Console") -> None:
    """Print how often the order was right, then what stood in the way."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("variant", no_wrap=True)
    for heading in ("pairs", "right", "abstained", "no room"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, each in summaries.items():
        share = each.right
        right = "-" if share.value is None else f"{share.value:.0%}"
        if share.low is not None and share.high is not None:
            right += f" \\[{share.low:.0%}, {share.high:.0%}]"
        table.add_row(name, str(each.n), right, str(each.abstained), str(each.no_room))
    console.print(table if summaries else "No trace has anything to change.")
    for failure in failures:
        console.print(f"[yellow]no score:[/] {escape(failure)}", soft_wrap=True)
    for problem in traces.problems:
        console.print(f"[yellow]left out:[/] {escape(str(problem))}", soft_wrap=True)


def nothing_to_probe(folder: Path) -> UsageError:
    """Return the error for a folder without a trace that may be sent."""
    return UsageError(
        "judge/no-traces",
        f"{folder} holds no trace that may be sent to a judge.",
        "Export some that were recorded with the judge's consent, or name another folder with --traces.",
    )
