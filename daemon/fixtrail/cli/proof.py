"""``verify replay``: does a trace rebuild its code, do its tests end as they did, what was it at a given event."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import click
from fixtrail_protocol.qa import TestRun

from fixtrail.cli.client import connect, data_directory
from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.cli.traces import wanted_trace
from fixtrail.errors import FixtrailError, UnavailableError, UsageError
from fixtrail.privacy.gate import Gate
from fixtrail.replay.machine import NotPossibleError, ReplayError
from fixtrail.replay.verify import build, verify_trace
from fixtrail.settings import Settings, load_settings
from fixtrail.store.reader import TraceReader
from fixtrail.store.tree import TreeStore


@dataclass(frozen=True)
class _Opened:
    """A trace's file, where its objects are, the settings of its workspace, and what redacts (None: no key)."""

    path: Path
    store: TreeStore
    settings: Settings
    gate: Gate | None


async def _opened(trace: str | None) -> _Opened:
    """Open a trace, named by id or path."""
    path = Path(trace) if trace is not None and trace.endswith(".db") else None
    if path is not None and not path.is_file():
        raise UsageError("trace/unknown", f"There is no file {path}.", "See 'fixtrail list'.")
    if path is None:
        async with connect(open_trace=False) as call:
            path = data_directory().existing_trace(await wanted_trace(call, trace))
    path = path.resolve()
    try:
        async with TraceReader(path) as reader:
            workspace = (await reader.trace()).workspace
    except (FixtrailError, ValueError):
        workspace = path.parent  # verify says what is wrong with the file
    folder = path.with_suffix(".git")
    folder.mkdir(mode=0o700, exist_ok=True)
    settings = load_settings(workspace if workspace.is_dir() else None)
    try:
        gate = Gate.for_workspace(path.with_suffix(".key").read_bytes(), settings.redaction, workspace)
    except OSError:
        gate = None  # a trace of before there was one, or one that was copied without its key
    store = TreeStore(workspace, folder, settings.capture.exclude, guard=gate.content if gate is not None else None)
    return _Opened(path, store, settings, gate)


@click.command()
@click.argument("trace", required=False)
@click.option("--rerun", is_flag=True, help="Make its test runs again from their receipts, and compare the results.")
@json_option
@command_body
async def verify(trace: str | None, rerun: bool, as_json: bool) -> int:
    """Replay TRACE and compare it with what was on the disk. Exit code 1 when it does not rebuild its code.

    With --rerun its tests are run again instead, on the same trees, in the same image: exit code 1 when verdict or
    results are others, 3 when the engine, the image or a tree is not there any more.

    TRACE is an id or a .db file; by default the one of this folder, else the newest.
    """
    opened = await _opened(trace)
    if rerun:
        return await _rerun(opened, as_json)
    path, store = opened.path, opened.store
    if as_json:
        result = await verify_trace(path, store)
        print_json({"trace_id": path.stem, **result.model_dump(mode="json")})
    else:
        with console(stderr=True).status("Replaying …") as status:
            result = await verify_trace(path, store, progress=lambda seq: status.update(f"Replaying … {seq:,} events"))
        from rich.markup import escape

        counts = f"{result.edits} changes replayed, {result.checkpoints} trees compared"
        if result.verified:
            console().print(f"[green]✓ The trace rebuilds its code.[/] {counts}; tree {result.replayed}.")
            for name in result.unsaved:
                console().print(f"  [yellow]not saved:[/] {escape(name)}")
        elif result.verified is None:
            console().print(f"[yellow]No proof:[/] {escape(result.reason or '')}.")
        else:
            found = result.mismatch
            console().print("[red]✗ The trace does not rebuild its code.[/]")
            if found is not None:
                place = f"event {found.seq} {found.event_id}: " if found.seq is not None else ""
                name = f" File: {found.file_path}." if found.file_path else ""
                console().print(escape(f"  {place}{found.detail}.{name} [{found.code}]"))
            console().print(f"  {counts}.")
    return 1 if result.verified is False else 0


async def _rerun(opened: _Opened, as_json: bool) -> int:
    """Repeat the runs of a trace; returns the exit code."""
    from rich.markup import escape

    from fixtrail.qa.verdict import repeat_run

    async with TraceReader(opened.path) as reader:
        header = (await reader.trace()).header
    results, comparison = header.qa_results, header.qa_results.comparison
    if results.tests is None:
        raise UnavailableError("verify/nothing-to-rerun", "The trace holds no test run.", "Finalize it first.")
    receipts = {"the fixed code": results.tests}
    if comparison is not None and comparison.before is not None:
        receipts["the code before the fix"] = comparison.before
    if comparison is not None and comparison.original is not None:
        receipts["the tests as they were before the fix"] = comparison.original
    flaky = [test.name for test in comparison.flaky] if comparison is not None else []
    gate = opened.gate

    def hide(run: TestRun) -> TestRun:
        return run if gate is None else TestRun.model_validate(gate.data(run.model_dump(mode="json"))[0])

    found = {}
    with console(stderr=True).status("Running the tests again …") as status:
        for name, receipt in receipts.items():
            place = f"Running again, {name}"
            found[name] = await repeat_run(
                opened.store,
                receipt,
                opened.settings.sandbox,
                header.trace_id,
                flaky=flaky,
                hide=hide,
                progress=lambda words, place=place: status.update(f"{place}: {words.lower()}"),  # type: ignore[misc]
            )
    same = all(repeated.same for repeated in found.values())
    if as_json:
        runs = {
            name: {"verdict": each.run.verdict, "was": receipts[name].verdict, "differences": each.differences}
            for name, each in found.items()
        }
        print_json({"trace_id": header.trace_id, "same": same, "runs": runs})
        return 0 if same else 1
    for name, each in found.items():
        mark = "[green]✓ The same[/]" if each.same else "[red]✗ Not the same[/]"
        console().print(f"{mark} on {name}: {each.run.verdict}.")
        for difference in each.differences:
            console().print(escape(f"  {difference}"))
    return 0 if same else 1


@click.command()
@click.argument("trace", required=False)
@click.option("--at", metavar="EVENT", help="Id or number of the event; by default the last.")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="A folder that is empty or new.")
@json_option
@command_body
async def replay(trace: str | None, at: str | None, target: Path, as_json: bool) -> int:
    """Build the files as they were on the disk after EVENT of TRACE in the folder --to."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError("replay/not-empty", f"{target} is not an empty folder.", "Name another.")
    opened = await _opened(trace)
    path, store = opened.path, opened.store
    try:
        with console(stderr=True).status("Replaying …"):
            built, seq = await build(path, store, at)
            tree = built.state.disk.write(built.state.contents)
            for blob in {entry.blob for _, entry in built.state.disk.files() if entry.mode != "160000"}:
                built.state.contents.keep(blob)
            await asyncio.to_thread(store.check_out, tree, target)
    except ReplayError as error:
        console(stderr=True).print(f"[red]✗[/] The code can't be rebuilt: {error}.", markup=True)
        return 1
    except NotPossibleError as error:
        raise UnavailableError("replay/not-possible", f"The code can't be rebuilt: {error}.") from None
    if as_json:
        print_json({"trace_id": path.stem, "seq": seq, "tree": tree, "path": str(target.resolve())})
    else:
        console().print(f"[green]✓[/] The code after event {seq} is in {target} (tree {tree}).")
    return 0
