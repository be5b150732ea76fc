"""``fixtrail collector``: the server a team's traces go to."""

import os
import sys
from pathlib import Path

import click

from fixtrail.cli.output import fail
from fixtrail.errors import FixtrailError, UnavailableError


@click.command()
@click.option("--host", help="Address to listen on; else FIXTRAIL_COLLECTOR_HOST or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Else FIXTRAIL_COLLECTOR_PORT or 8000; 0: any free one.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of its database.")
def collector(host: str | None, port: int | None, data: Path | None) -> None:
    """Run a collector. Its token stands in FIXTRAIL_COLLECTOR_TOKEN."""
    environment = dict(os.environ)
    given = {"HOST": host, "PORT": port, "DATA": data}
    environment |= {f"FIXTRAIL_COLLECTOR_{name}": str(value) for name, value in given.items() if value is not None}
    try:
        try:
            from fixtrail.collector.config import CollectorConfig
            from fixtrail.collector.service import run
        except ModuleNotFoundError as error:
            raise UnavailableError(
                "collector/not-installed",
                f"The collector needs {error.name}.",
                "Run: pip install 'fixtrail[collector]'",
            ) from None
        run(CollectorConfig.from_environment(environment))
    except FixtrailError as error:
        sys.exit(fail(error))
