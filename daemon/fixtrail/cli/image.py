"""``fixtrail image``: the images that projects' dependencies are installed in."""

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.cli.progress import Bar
from fixtrail.errors import UsageError
from fixtrail.settings import load_settings

if TYPE_CHECKING:
    from fixtrail.qa.sandbox.environment.catalogue import EnvironmentImage

_SHOWN_OF_KEY = 12


@click.group()
def image() -> None:
    """Keep the images that projects' dependencies are installed in."""


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


@image.command("list")
@json_option
@command_body
async def list_all(as_json: bool) -> int:
    """List them, the last used first."""
    from fixtrail.qa.sandbox.environment import list_environments

    images = await list_environments()
    if as_json:
        print_json({"images": [_document(each) for each in images]})
        return 0
    if not images:
        console().print("No image was made yet.")
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("key", "recipe", "size", "made", "last used", "traces", ""):
        table.add_column(name, justify="right" if name in ("size", "traces") else "left")
    for each in images:
        table.add_row(
            each.key[:_SHOWN_OF_KEY],
            each.recipe,
            f"{each.size / 1e6:.0f} MB",
            each.created[:16].replace("T", " "),
            (_moment(each.uses.last) or "-")[:16].replace("T", " "),
            str(len(each.uses.traces)),
            "[yellow]its base image has changed[/]" if each.stale else "",
        )
    console().print(table)
    return 0


def _document(each: "EnvironmentImage") -> dict[str, object]:
    return {
        "key": each.key,
        "recipe": each.recipe,
        "sources": list(each.sources),
        "baseImage": each.base,
        "imageId": each.image_id,
        "bytes": each.size,
        "made": each.created,
        "lastUsed": _moment(each.uses.last),
        "traces": list(each.uses.traces),
        "stale": each.stale,
    }


@image.command()
@click.option("--older-than", "days", type=click.FloatRange(min=0), metavar="DAYS", help="Not used for so long.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@json_option
@command_body
async def prune(days: float | None, everything: bool, as_json: bool) -> int:
    """Remove images: by default those not used for 30 days, and those whose base image has changed.

    Exit code 1 when a container uses one of them and it was left.
    """
    from fixtrail.qa.sandbox.environment import prune_environments

    if everything and days is not None:
        raise UsageError("prune/both-named", "--all and --older-than contradict each other.", "Give one of them.")
    done = await prune_environments(days, everything=everything)
    if as_json:
        print_json({"removed": done.removed, "held": done.held})
    else:
        console().print(f"Removed {len(done.removed)} images.")
        for key in done.held:
            console().print(f"  [yellow]left:[/] {key[:_SHOWN_OF_KEY]} is used by a container.")
    return 1 if done.held else 0


@image.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@json_option
@command_body
async def build(folder: Path, as_json: bool) -> int:
    """Install a folder's dependencies now, whatever sandbox.network_builds says: you have asked for it.

    Exit code 1 when that fails, 3 when there is no engine or no base image.
    """
    import asyncio

    from fixtrail.qa.sandbox.environment import prepare_environment
    from fixtrail.store.tree import open_tree_store

    settings = load_settings(folder.resolve())
    sandbox = settings.sandbox.model_copy(update={"network_builds": "allow"})

    def write(target: Path) -> None:
        with (
            open_tree_store(folder.resolve(), None, settings.capture.exclude) as store,
            target.open("wb") as file,
        ):
            store.write_tar(store.write(), file)

    argv = (settings.test_command or "").split()
    with tempfile.TemporaryDirectory(prefix="fixtrail-") as place, Bar("Environment", hidden=as_json) as bar:
        tar = Path(place) / "tree.tar"
        await asyncio.to_thread(write, tar)
        began = time.monotonic()
        made = await prepare_environment(
            tar,
            "command-line",
            sandbox,
            argv=argv,
            progress=lambda message: bar.update({"kind": "report", "message": message}),
        )
        seconds = time.monotonic() - began
    if as_json:
        print_json(made.model_dump(mode="json", exclude_none=True))
    elif made.status == "failed":
        click.echo(f"{made.log}\n" if made.log else "", err=True, nl=False)
        click.echo(click.style("fixtrail: ", fg="red") + f"{made.reason}", err=True)
    elif made.status == "base":
        console().print(f"Nothing to install: the tests run in {made.image}.")
    else:
        console().print(f"{made.status.capitalize()} in {seconds:.1f} s: {made.image}")
    if made.status != "failed":
        return 0
    return 3 if (made.reason or "").startswith("docker/") else 1
