"""``list show report export upload``: any trace on this machine."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from fixtrail.cli.client import connect, data_directory
from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.cli.progress import Bar
from fixtrail.errors import UsageError

_SCHEMAS = {"1.1": "json", "1.0": "json-1.0"}


async def wanted_trace(call: Any, trace_id: str | None) -> str:
    """Return the trace that is meant: the one named, else the open one of this folder, else the newest."""
    if trace_id is not None:
        return trace_id
    status = await call("trace/status", {})
    if status["traceId"] is not None:
        return str(status["traceId"])
    traces = (await call("trace/list", {"limit": 1}))["traces"]
    if not traces:
        raise UsageError("trace/none", "There is no trace on this machine.", "Begin with 'fixtrail start'.")
    return str(traces[0]["traceId"])


def _age(moment: str) -> str:
    """Say in a few letters how long ago a moment was."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return "now"


@click.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@command_body
async def list_traces(limit: int, as_json: bool) -> None:
    """List the traces on this machine, newest first."""
    async with connect(open_trace=False) as call:
        result = await call("trace/list", {"limit": limit})
    if as_json:
        print_json(result)
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("trace", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("events", justify="right", no_wrap=True)
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("repository", no_wrap=True, overflow="ellipsis")
    words = {True: "[green]passed[/]", False: "[red]failed[/]", None: "[yellow]no verdict[/]"}
    for trace in result["traces"]:
        outcome = words[trace["testsPassed"]] if trace["state"] == "finalized" else f"[bold]{trace['state']}[/]"
        outcome += "" if trace["reasoningScore"] is None else f" {trace['reasoningScore']:.1f}"
        age = _age(trace["startTime"])
        table.add_row(trace["traceId"], outcome, str(trace["events"]), age, escape(trace["repo"]))
    console().print(table if result["traces"] else "There is no trace on this machine yet.")
    for name in result["unreadable"]:
        console(stderr=True).print(f"[yellow]{escape(name)} cannot be read; it was left as it is.[/]")


@click.command()
@click.argument("trace_id", required=False)
@click.option("--after", default=0, help="Begin after this event number.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1_000, show_default=True, help="Events with --json.")
@json_option
@command_body
async def show(trace_id: str | None, after: int, limit: int, as_json: bool) -> None:
    """Print TRACE_ID, by default the newest; with --json the header and a page of events."""
    from fixtrail.report.terminal import print_report

    async with connect(open_trace=False) as call:
        wanted = await wanted_trace(call, trace_id)
        page = await call("trace/get", {"traceId": wanted, "afterSeq": after, "limit": limit if as_json else 1})
    if as_json:
        print_json(page)
    else:
        await print_report(data_directory().existing_trace(wanted), console())


@click.command()
@click.argument("trace_id", required=False)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write it as one HTML file instead.")
@command_body
async def report(trace_id: str | None, html: Path | None) -> None:
    """Print a readable report of TRACE_ID, by default the newest."""
    from fixtrail.report.html import write_html_report
    from fixtrail.report.terminal import print_report

    async with connect(open_trace=False) as call:
        wanted = await wanted_trace(call, trace_id)
        await call("trace/get", {"traceId": wanted, "limit": 1})  # what is pending is stored first
    path = data_directory().existing_trace(wanted)
    if html is None:
        await print_report(path, console())
    else:
        console().print(f"Report: {await write_html_report(path, html.resolve())}", soft_wrap=True)


@click.command()
@click.argument("trace_id", required=False)
@click.option("--schema", type=click.Choice([*_SCHEMAS]), default="1.1", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to; else the data folder.")
@json_option
@command_body
async def export(trace_id: str | None, schema: str, output: Path | None, as_json: bool) -> None:
    """Write TRACE_ID, by default the newest, as a JSON document."""
    async with connect(open_trace=False) as call:
        params = {"traceId": await wanted_trace(call, trace_id), "format": _SCHEMAS[schema]}
        params |= {"path": str(output.resolve())} if output else {}
        result = await call("trace/export", params)
    if as_json:
        print_json(result)
    else:
        console().print(
            f"Wrote {result['path']} ({result['bytes']} bytes, sha256 {result['sha256'][:12]}…).", soft_wrap=True
        )


@click.command()
@click.argument("trace_id", required=False)
@click.option("--target", metavar="URL", help="The collector; else FIXTRAIL_UPLOAD_URL or your settings.")
@json_option
@command_body
async def upload(trace_id: str | None, target: str | None, as_json: bool) -> None:
    """Send the finalized TRACE_ID, by default the newest, to a collector. Needs the upload consent."""
    with Bar("Uploading", hidden=as_json) as bar:
        async with connect(open_trace=False, on_progress=bar.update) as call:
            params = {"traceId": await wanted_trace(call, trace_id)} | ({"target": target} if target else {})
            result = await call("trace/upload", params)
    if as_json:
        print_json(result)
    else:
        there = f", {result['duplicate']} were there already" if result["duplicate"] else ""
        console().print(f"The collector took {result['accepted']} events{there}. {result['url'] or ''}", soft_wrap=True)
