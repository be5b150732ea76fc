"""The report in a terminal: readable, bounded, and deaf to what a trace tries to tell the terminal."""

import io

from fixtrail.report.terminal import print_report, summary_line
from fixtrail_protocol.trace import TraceHeader
from rich.console import Console

from tests.judge import assessed_document
from tests.support.traces import document, event, example, write_trace


async def printed(tmp_path, trace_document, *, terminal=False):
    trace = await write_trace(tmp_path, trace_document)
    console = Console(file=io.StringIO(), width=100, force_terminal=terminal)
    await print_report(trace, console)
    return console.file.getvalue()


def header(trace_document):
    fields = {name: value for name, value in trace_document.items() if name != "events"}
    return TraceHeader.model_validate(fields, strict=False)


async def test_verdict_score_timeline_and_gaps_are_printed(tmp_path):
    text = await printed(tmp_path, example())
    for words in (
        "Tests passed",
        "18 passed · exit code 0",
        "4.3 of 5",
        "Evidence gathering",
        "hypothesis",
        "$ python -m pytest -q  exit 1",
        "src/parcels/rates.py  +1 -1",
        "Beside these: 8 events",
        "Something may be missing",
        "01997d40-6d00-7a10-8c55-3f1de0a94b01.db",
    ):
        assert words in text, words


async def test_markup_and_escape_sequences_in_a_trace_are_only_text(tmp_path):
    events = [
        event(1, content="[bold red]not red[/] [link=file:///etc]x[/link] [/]"),
        event(2, "terminal_command", command="echo \x1b]0;owned\x07 \x1b[2J", exit_code=0),
        event(3, "capture_gap", reason="[/oops]", detail="\x9b31m"),
    ]
    text = await printed(tmp_path, document(events, bug_id="[/bad]"))
    assert "[bold red]not red[/] [link=file:///etc]x[/link] [/]" in text
    assert "[/bad] · parcels" in text
    assert "␛]0;owned␇" in text
    assert not set(text) & set("\x1b\x07\x9b")


async def test_a_long_trace_is_cut_in_the_middle(tmp_path):
    text = await printed(tmp_path, document([event(seq) for seq in range(1, 2001)]))
    assert "thought 8 " in text
    assert "thought 9 " not in text
    assert "… 1,970 events …" in text
    assert "thought 2000 " in text
    assert len(text.splitlines()) < 70


async def test_a_trace_with_nothing_in_it_is_still_a_report(tmp_path):
    text = await printed(tmp_path, document([], end_time=None))
    assert "No verdict" in text
    assert "The tests were not run." in text
    assert "No reasoning score: the reasoning was not judged." in text


def test_the_summary_is_one_line():
    assert summary_line(header(example())) == (
        "Tests passed · reasoning 4.3 of 5 · PARCEL-42 · parcels · 26 events · 8 min 52 s"
    )
    bare = document([], end_time=None, bug_id="two\nlines")
    assert summary_line(header(bare)) == "No verdict · no score · two lines · parcels · not finalized"


async def test_what_became_of_a_mark_and_how_sure_the_score_is(tmp_path):
    quote = {"event": event(1)["event_id"], "text": "thought \x1b[31m1"}
    reasoning = {
        "status": "scored",
        "score": 1.75,
        "samples": 3,
        "spread": 1.5,
        "needs_review": True,
        "cost": 0.0031,
        "dimensions": {
            "depth": {"score": 0.75, "status": "grounded", "quotes": [quote]},
            "validation": {"score": 0.0, "given": 1.0, "status": "capped", "reason": "Nothing was run."},
        },
    }
    results = {"reasoning_score": 1.75, "reasoning": reasoning}
    text = await printed(tmp_path, document([event(1)], qa_results=results))
    for words in ("capped: Nothing was run.", "“thought ␛[31m1”", "needs a person's review", "1.50 apart", "$0.0031"):
        assert words in text, words


async def test_the_process_is_printed_with_the_claims_that_the_record_contradicts(tmp_path):
    text = await printed(tmp_path, assessed_document("contradicted_green"))
    for words in (
        "Process  Weak attempt",
        "Hypothesis before the edit            yes",
        "contradicted  \u201cAll tests pass now, including test_negative.\u201d",
        "2 claims, 0 supported",
    ):
        assert words in text, words
