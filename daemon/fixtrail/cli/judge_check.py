"""``judge check``: does an endpoint answer, what does it know, and what would a trace cost there."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from fixtrail_protocol.process import Process

from fixtrail.cli.output import console
from fixtrail.privacy.gate import Gate
from fixtrail.qa.judge.check import Estimate, Support, estimate_cost
from fixtrail.settings import Settings
from fixtrail.store.layout import DataDirectory
from fixtrail.store.reader import TraceReader

if TYPE_CHECKING:
    from rich.table import Table


async def estimate(trace_id: str | None, settings: Settings) -> tuple[str, Estimate] | None:
    """Return the trace that is meant (the newest, unless one is named) and what judging it would take; None: no trace.

    Raises
    ------
    FixtrailError
        There is no such trace, it cannot be read, or the rubric cannot be used.
    """
    from fixtrail.qa.evidence.reading import assess_timeline, read_timeline
    from fixtrail.qa.testfiles import patterns_of_tests

    data = DataDirectory(settings.home)
    path = data.existing_trace(trace_id) if trace_id is not None else next(data.trace_files(), None)
    if path is None:
        return None
    async with TraceReader(path) as reader:
        stored = await reader.trace()
    gate = Gate.for_workspace(data.redaction_key(path.stem), settings.redaction, stored.workspace)
    tests = patterns_of_tests(settings.sandbox.test_files)
    timeline = await read_timeline(path, gate, is_test_file=tests, consent=stored.header.consent)
    process: Process = await assess_timeline(timeline)
    return path.stem, estimate_cost(timeline, process, settings.judge)


def as_document(origin: str | None, supports: list[Support], cost: tuple[str, Estimate] | None) -> dict[str, object]:
    """Return what ``--json`` prints."""
    found = None
    if cost is not None:
        found = {"trace_id": cost[0], **asdict(cost[1]), "usage": cost[1].usage.model_dump()}
    return {"endpoint": origin, "models": [asdict(support) for support in supports], "estimate": found}


def show(origin: str | None, supports: list[Support], cost: tuple[str, Estimate] | None) -> None:
    """Print it for a person."""
    if origin is not None:
        console().print(f"Endpoint {origin}", markup=False)
    console().print(_table(supports))
    for support in supports:
        if support.reason is not None:
            console().print(f"{support.model}: {support.reason}", markup=False, soft_wrap=True)
    if cost is None:
        console().print("There is no trace on this machine to estimate the cost of.")
        return
    trace_id, found = cost
    dollars = f"${found.cost:.4f}" if found.cost is not None else "unknown; set judge.prices"
    left = f", {found.events_left_out:,} left out" if found.events_left_out else ""
    console().print(
        f"Trace {trace_id}: {found.requests} requests, at most about {found.usage.prompt:,} tokens in, "
        f"{found.usage.completion:,} out; {found.events:,} events{left}. Cost: {dollars}.",
        markup=False,
        soft_wrap=True,
    )


def _table(supports: list[Support]) -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("model", "answers", "as", "json_schema", "json_object", "fingerprint", "ms"):
        table.add_column(heading)
    for each in supports:
        table.add_row(
            escape(each.model),
            "[green]yes[/]" if each.status == "scored" else f"[red]{each.status}[/]",
            escape(each.answered_as or "-"),
            _yes(each.json_schema),
            _yes(each.json_object),
            escape(each.fingerprint or "-"),
            "-" if each.latency_ms is None else str(each.latency_ms),
        )
    return table


def _yes(value: bool) -> str:
    return "[green]yes[/]" if value else "[yellow]no[/]"
