"""The report in a terminal, with rich. What comes from a trace is never read as markup, nor as an escape sequence."""

from collections import deque
from pathlib import Path
from typing import Any

from fixtrail_protocol.process import Process
from fixtrail_protocol.trace import TraceHeader
from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fixtrail.report import process as process_words
from fixtrail.report.judgement import marks, remarks
from fixtrail.report.words import (
    clock,
    consent_words,
    duration,
    label,
    no_score,
    one_line,
    plural,
    seconds_between,
    title,
    verdict,
)
from fixtrail.store.reader import StoredEvent, TraceReader

_FIRST = 8
_LAST = 22
_GAPS = 5
_CLAIMS = 5
_COLOURS = {"good": "green", "bad": "red", "none": "yellow"}
_TELLING = frozenset(
    {
        "reasoning_step",
        "code_edit",
        "terminal_command",
        "test_result",
        "file_create",
        "file_rename",
        "file_delete",
        "git_change",
        "tree_change",
        "session_mark",
    }
)


def summary_line(header: TraceHeader) -> str:
    """Return a trace in one line of plain text: verdict, score, what it is about, how much and how long.

    It is not rich markup: print it with ``markup=False``.
    """
    results = header.qa_results
    score = f"reasoning {results.reasoning_score:.1f} of 5" if results.reasoning_score is not None else "no score"
    parts = [verdict(results).words, score, title(header)]
    if header.capture is not None:
        parts.append(plural(header.capture.events, "event"))
    parts.append(duration(seconds_between(header.start_time, header.end_time)) or "not finalized")
    return " · ".join(parts)


async def print_report(trace_file: Path, console: Console) -> None:
    """Print the report of the trace in ``trace_file``: verdict, score, facts, the telling events, gaps."""
    first: list[StoredEvent] = []
    last: deque[StoredEvent] = deque(maxlen=_LAST)
    gaps: list[StoredEvent] = []
    telling = total = 0
    async with TraceReader(trace_file) as reader:
        header = (await reader.trace()).header
        _, gap_count = await reader.counts()
        async for event in reader.events():
            total += 1
            if event.event_type == "capture_gap" and len(gaps) < _GAPS:
                gaps.append(event)
            if event.event_type in _TELLING:
                telling += 1
                if len(first) < _FIRST:
                    first.append(event)
                else:
                    last.append(event)
    console.print(_verdict(header))
    console.print(_score(header))
    if header.qa_results.process is not None:
        console.print(_process(header, header.qa_results.process))
    console.print(_facts(header, total))
    console.print(_timeline(header, first, last, telling, total))
    if gaps:
        console.print(_gaps(gaps, gap_count))
    console.print(Text(f"Trace file: {trace_file}"), soft_wrap=True)  # unbroken, so that it can be copied


def _verdict(header: TraceHeader) -> Panel:
    found = verdict(header.qa_results)
    colour = _COLOURS[found.tone]
    body = Text()
    body.append(found.words, style=f"bold {colour}")
    if found.detail:
        body.append(f"\n{one_line(found.detail, 400)}")
    run = header.qa_results.tests
    if run is not None and run.command:
        body.append(f"\n$ {one_line(' '.join(run.command), 200)}", style="dim")
    return Panel(body, title=Text(title(header)), title_align="left", border_style=colour, box=box.ROUNDED)


def _score(header: TraceHeader) -> Group | Padding:
    results = header.qa_results
    if results.reasoning_score is None:
        return Padding(Text(f"No reasoning score: {no_score(results)}.", style="dim"), (0, 1))
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_row(Text("Reasoning", style="bold"), "", Text(f"{results.reasoning_score:.1f} of 5", style="bold"))
    for mark in marks(results):
        filled = round(min(max(mark.score, 0.0), 1.0) * 20)
        bar = Text("━" * filled, style="cyan").append("━" * (20 - filled), style="bright_black")
        quote = mark.found.quotes[0].text if mark.found.quotes else ""
        said = Text(f"{mark.status}: {one_line(mark.reason, 200)}" if mark.status else "", style="yellow")
        if quote and not mark.status:
            said.append(f"“{one_line(quote, 60)}”", style="dim")
        table.add_row(Text(mark.name), bar, Text(f"{mark.score:.2f}"), said)
    notes = Text()
    for words, tone in remarks(results.reasoning):
        notes.append(" · " if notes else "").append(words, style=_COLOURS[tone] if tone != "none" else "dim")
    return Group(table, Padding(notes, (0, 1)), Padding(Text(one_line(results.reasoning_feedback or "", 1000)), (0, 1)))


def _process(header: TraceHeader, process: Process) -> Group:
    tone, words = process_words.label_words(header.qa_results)
    head = Text("Process  ", style="bold").append(words, style=_COLOURS[tone])
    if header.qa_results.label_reason:
        head.append(f"\n{one_line(header.qa_results.label_reason, 400)}", style="dim")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, measure in process.measures.items():
        value = Text(process_words.measure_words(measure))
        value.append(f"  {one_line(measure.reason, 200)}" if measure.reason else "", style="dim")
        table.add_row(one_line(process_words.measure_name(name), 60), value)
    bad = [claim for claim in process.claims if claim.status == "contradicted"][:_CLAIMS]
    claims = [
        Text("contradicted  ", style="red")
        .append(f"\u201c{one_line(claim.quote, 160)}\u201d ", style="default")
        .append(one_line(claim.reason or "", 200), style="dim")
        for claim in bad
    ]
    supported = sum(claim.status == "supported" for claim in process.claims)
    total = plural(len(process.claims) + process.claims_left_out, "claim")
    parts: list[Text | Table] = [head, table, *claims, Text(f"{total}, {supported:,} supported", style="dim")]
    return Group(*(Padding(part, (0, 1)) for part in parts))


def _facts(header: TraceHeader, total: int) -> Padding:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    given = [words for words, yes in consent_words(header.consent).items() if yes]
    commits = [part[:12] for part in (header.repo.commit_before, header.repo.commit_after) if part]
    rows = {
        "Branch": header.repo.branch,
        "Commits": " → ".join(commits),
        "Took": duration(seconds_between(header.start_time, header.end_time)),
        "Events": f"{total:,}",
        "Consent": ", ".join(given) or "none",
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, Text(one_line(value, 300)))
    return Padding(table, (1, 1))


def _timeline(
    header: TraceHeader, first: list[StoredEvent], last: deque[StoredEvent], telling: int, total: int
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title="Timeline", title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("Time", justify="right", style="dim", no_wrap=True)
    table.add_column("What", no_wrap=True)
    table.add_column("", overflow="fold", ratio=1)
    hidden = telling - len(first) - len(last)
    for event in first:
        _add(table, header, event)
    if hidden:
        table.add_row("", "", Text(f"… {plural(hidden, 'event')} …", style="dim italic"))
    for event in last:
        _add(table, header, event)
    if rest := total - telling:
        table.caption = f"Beside these: {plural(rest, 'event')} of looking at files and the like."
        table.caption_justify = "left"
    return table


def _add(table: Table, header: TraceHeader, event: StoredEvent) -> None:
    what, words = _words(event.event_type, event.document()["data"])
    table.add_row(clock(seconds_between(header.start_time, event.timestamp)), what, words)


def _words(kind: str, data: dict[str, Any]) -> tuple[Text, Text]:
    """Return what an event is, and the one thing to know of it."""
    path = one_line(str(data.get("file_path", "")), 160)
    if kind == "reasoning_step":
        return Text(data.get("kind") or "thought", style="bold cyan"), Text(one_line(data["content"], 400))
    if kind == "code_edit":
        words = Text(path)
        words.append(f"  +{data['added']}" if data.get("added") is not None else "", style="green")
        words.append(f" -{data['removed']}" if data.get("removed") is not None else "", style="red")
        return Text("edit"), words
    if kind == "terminal_command":
        code = data.get("exit_code")
        style = "yellow" if code is None else "green" if code == 0 else "red"
        words = Text(f"$ {one_line(data['command'], 200)}  ")
        return Text("command"), words.append("exit unknown" if code is None else f"exit {code}", style=style)
    if kind == "test_result":
        bad = bool(data.get("failed") or data.get("errors"))
        numbers = [f"{data[name]} {name}" for name in ("passed", "failed", "errors", "skipped") if data.get(name)]
        words = Text(", ".join(numbers) or one_line(data.get("summary") or "", 200), style="red" if bad else "green")
        return Text("tests"), words
    if kind == "file_rename":
        return Text("rename"), Text(f"{one_line(data['old_path'], 160)} → {path}")
    if kind == "git_change":
        moved = [one_line(data[name], 80) for name in ("from_ref", "to_ref") if data.get(name)]
        return Text(f"git {data['kind']}"), Text(" → ".join(moved))
    if kind == "tree_change":
        return Text("files"), Text(f"{data['files_changed']:,} changed at once")
    if kind == "session_mark":
        return Text("session", style="dim"), Text(label(data["mark"]), style="dim")
    return Text(kind.removeprefix("file_")), Text(path)


def _gaps(gaps: list[StoredEvent], count: int) -> Panel:
    lines = []
    for event in gaps:
        data = event.document()["data"]
        words = [label(data["reason"]), data.get("file_path") or "", data.get("detail") or ""]
        lines.append(Text(one_line(" · ".join(word for word in words if word), 300)))
    if count > len(gaps):
        lines.append(Text(f"… and {count - len(gaps):,} more", style="dim"))
    return Panel(
        Group(*lines), title="Something may be missing", title_align="left", border_style="yellow", box=box.ROUNDED
    )
