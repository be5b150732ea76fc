"""``purge``: remove traces, and everything made of them, from this machine."""

import click

from fixtrail.cli.client import data_directory
from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.errors import UsageError
from fixtrail.store.purge import Purged, older_than, purge_everything, purge_traces


@click.command()
@click.argument("trace_ids", nargs=-1, metavar="[TRACE]...")
@click.option("--older-than", "days", type=click.FloatRange(min=0), metavar="DAYS", help="Not written to for so long.")
@click.option("--everything", is_flag=True, help="All traces, documents, logs, and the id of this installation.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@command_body
async def purge(
    trace_ids: tuple[str, ...], days: float | None, everything: bool, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Remove traces for good: files, kept contents, documents, reports.

    Documents that you exported elsewhere, and what a collector holds, stay. Exit code 1 when a trace is being written
    and was left.
    """
    if (bool(trace_ids) + (days is not None) + everything) != 1:
        raise UsageError("purge/nothing-named", "Name traces, an age or everything.", "One of the three.")
    data = data_directory()
    if everything:
        wanted = list(data.trace_files())
    else:
        wanted = older_than(data, days) if days is not None else [data.existing_trace(each) for each in trace_ids]
    if dry_run:
        done = Purged(removed=[path.stem for path in wanted])
    else:
        if not yes:
            click.confirm(f"Remove {len(wanted)} traces for good?", abort=True, err=True)
        done = purge_everything(data) if everything else purge_traces(data, wanted)
    if as_json:
        print_json({"removed": done.removed, "held": done.held, "dryRun": dry_run})
    else:
        console().print(f"{'Would remove' if dry_run else 'Removed'} {len(done.removed)} traces.")
        for trace in done.held:
            console().print(f"  [yellow]left:[/] {trace} is being written; finalize or discard it first.")
    return 1 if done.held else 0
