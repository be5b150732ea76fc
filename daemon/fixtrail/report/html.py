"""The HTML report: one file that loads nothing, runs nothing, and stays small however long the trace is."""

from pathlib import Path

from fixtrail.report import page, process
from fixtrail.report.selection import Selection, select
from fixtrail.report.timeline import Timeline
from fixtrail.report.words import plural
from fixtrail.store.output import OutputFile
from fixtrail.store.reader import TraceReader

MAX_EVENTS = 1_500
"""Events shown; the most telling kinds first, and every one that the judge cited."""
MAX_BODY_BYTES = 8 * 1024 * 1024
"""Of diffs and outputs together; after that, events are shown by their line only."""


async def write_html_report(
    trace_file: Path, target: Path, *, max_events: int = MAX_EVENTS, max_body_bytes: int = MAX_BODY_BYTES
) -> Path:
    """Write the report of the trace in ``trace_file`` to ``target`` and return ``target``.

    Everything in a trace is treated as hostile: it is escaped, controls and direction overrides are made visible,
    and the page's policy allows no script, no network and no style but its own.

    Raises
    ------
    StoreError, UsageError
        ``export/cannot-write``, or ``store/...`` when the trace cannot be read.
    """
    async with TraceReader(trace_file) as reader, OutputFile(target) as out:
        header = (await reader.trace()).header
        selection = await select(reader, header.qa_results, max_events)
        results = header.qa_results
        head = [
            page.opening(header),
            "<main>",
            page.heading(header, selection.total),
            page.cards(results, selection.cited),
            process.section(results, selection.linked | selection.cited),
            page.facts(header),
            page.receipts(results),
            '<section><h2>Timeline</h2><ol class="timeline">\n',
        ]
        await out.write("".join(head).encode("utf-8", "replace"))
        timeline = Timeline(header.start_time, selection.cited)
        hidden = await _write_events(reader, out, timeline, selection, max_body_bytes)
        await out.write(
            f"{timeline.flush()}</ol>{_note(hidden, selection.total)}</section></main></body></html>\n".encode()
        )
    return target


async def _write_events(
    reader: TraceReader, out: OutputFile, timeline: Timeline, selection: Selection, max_body_bytes: int
) -> int:
    """Write the events that are shown; return how many are not."""
    hidden = 0
    begin = out.size
    remaining = selection.total
    async for event in reader.events():
        if remaining == 0:
            break
        remaining -= 1
        if selection.takes(event):
            item = timeline.item(event, bodies=out.size - begin < max_body_bytes)
            await out.write(item.encode("utf-8", "replace"))
        else:
            hidden += 1
            timeline.leave_out(event)
    return hidden


def _note(hidden: int, total: int) -> str:
    if not hidden:
        return ""
    words = (
        f"{plural(total - hidden, 'event')} of {total:,} shown, {hidden:,} left out. The exported trace has them all."
    )
    return f'<p class="note">{words}</p>'
