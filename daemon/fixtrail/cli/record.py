"""``start status pause resume reason finalize discard``: the life of the trace of this folder."""

from pathlib import Path
from typing import Any

import click

from fixtrail.cli.client import connect, finalize_token
from fixtrail.cli.output import command_body, console, json_option, print_json

_CONSENT = {
    "code": "code",
    "terminal-output": "terminalOutput",
    "file-views": "fileViews",
    "judge": "judge",
    "upload": "upload",
}


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--test-command", help="How the tests run, for example 'python -m pytest'.")
@click.option("--bug-id", help="What is being fixed, in your tracker's terms.")
@click.option(
    "--consent",
    multiple=True,
    type=click.Choice([*_CONSENT, "all"]),
    help="What may be recorded or sent; give it once for each. Left out: nothing of it.",
)
@json_option
@command_body
async def start(
    folder: Path, test_command: str | None, bug_id: str | None, consent: tuple[str, ...], as_json: bool
) -> None:
    """Begin to record FOLDER (by default this one)."""
    params: dict[str, Any] = {
        "workspaceUri": folder.resolve().as_uri(),
        "consent": {field: name in consent or "all" in consent for name, field in _CONSENT.items()},
    }
    params |= {"testCommand": test_command} if test_command else {}
    params |= {"bugId": bug_id} if bug_id else {}
    async with connect(folder, open_trace=False) as call:
        result = await call("trace/start", params)
    if as_json:
        print_json(result)
        return
    given = [name for name in _CONSENT if name in consent or "all" in consent]
    console().print(f"[green]Recording[/] {folder.resolve()} as [bold]{result['traceId']}[/].")
    console().print(f"Allowed: {', '.join(given) or 'nothing beyond commands, exit codes and your own words'}.")


@click.command()
@json_option
@command_body
async def status(as_json: bool) -> None:
    """Say what is being recorded in this folder."""
    async with connect() as call:
        result = await call("trace/status", {})
    if as_json:
        print_json(result)
        return
    if result["traceId"] is None:
        console().print("Nothing is being recorded here. Begin with [bold]fixtrail start[/].")
        return
    line = f"[bold]{result['traceId']}[/] is [green]{result['state']}[/]: {result['events']} events"
    gaps = f", [yellow]{result['gaps']} gaps[/]" if result["gaps"] else ""
    console().print(f"{line}{gaps}, in {result['workspace']} since {result['startTime']}.", soft_wrap=True)
    if result["problem"]:
        console().print(f"[red]{result['problem']}[/]")


@click.command()
@json_option
@command_body
async def pause(as_json: bool) -> None:
    """Stop recording this folder for a while."""
    async with connect(need_trace=True) as call:
        result = await call("trace/pause", {})
    print_json(result) if as_json else console().print("Paused. Go on with [bold]fixtrail resume[/].")


@click.command()
@click.argument("trace_id", required=False)
@json_option
@command_body
async def resume(trace_id: str | None, as_json: bool) -> None:
    """Go on recording this folder, or reopen the finalized TRACE_ID."""
    async with connect(need_trace=trace_id is None) as call:
        result = await call("trace/resume", {"traceId": trace_id} if trace_id else {})
    print_json(result) if as_json else console().print(f"Recording [bold]{result['traceId']}[/].")


@click.command()
@click.argument("text")
@click.option("--kind", type=click.Choice(["hypothesis", "observation", "decision", "check"]))
@json_option
@command_body
async def reason(text: str, kind: str | None, as_json: bool) -> None:
    """Write down what you think: TEXT becomes a reasoning step."""
    async with connect(need_trace=True) as call:
        result = await call("trace/reason", {"content": text, **({"kind": kind} if kind else {})})
    print_json(result) if as_json else console().print(f"Noted, as event {result['seq']}.")


@click.command()
@json_option
@command_body
async def finalize(as_json: bool) -> int:
    """Score the trace of this folder and end it.

    Exit code 0 when its tests passed, 1 when they failed, 3 when there is no verdict.
    """
    from pathlib import Path as LocalPath

    from fixtrail.cli.progress import Bar
    from fixtrail.report.terminal import print_report

    with Bar("Finalizing", hidden=as_json) as bar:
        async with connect(need_trace=True, on_progress=bar.update) as call:
            result = await call("trace/finalize", {"workDoneToken": finalize_token()})
    if as_json:
        print_json(result)
    else:
        from fixtrail.cli.client import data_directory

        await print_report(data_directory().existing_trace(result["traceId"]), console())
        console().print(f"Trace:  {LocalPath(result['tracePath'])}", soft_wrap=True)
        console().print(f"Report: {LocalPath(result['reportPath'])}", soft_wrap=True)
    return verdict_exit_code(result["qaResults"]["tests_passed"])


def verdict_exit_code(tests_passed: bool | None) -> int:
    """Return 0 for passed, 1 for failed, 3 where there is no verdict."""
    return 3 if tests_passed is None else 0 if tests_passed else 1


@click.command()
@click.argument("trace_id", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@command_body
async def discard(trace_id: str | None, yes: bool, as_json: bool) -> None:
    """Delete TRACE_ID (by default the trace of this folder) and everything made of it."""
    if not yes:
        click.confirm("Delete the trace for good?", abort=True, err=True)
    async with connect(need_trace=trace_id is None) as call:
        result = await call("trace/discard", {"traceId": trace_id} if trace_id else {})
    print_json(result) if as_json else console().print(f"Deleted {result['traceId']}.")
