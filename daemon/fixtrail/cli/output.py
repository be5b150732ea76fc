"""How commands speak: tables for people, JSON for programs, one line for an error."""

import asyncio
import functools
import os
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec

import click
import orjson

from fixtrail.errors import FixtrailError

if TYPE_CHECKING:
    from rich.console import Console

P = ParamSpec("P")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def console(*, stderr: bool = False) -> "Console":
    """Return a terminal that knows colour and width."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def print_json(value: Any) -> None:
    """Print one JSON value."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def fail(error: FixtrailError) -> int:
    """Print an error in one line and return its exit code."""
    text = click.style("fixtrail: ", fg="red") + f"{error.message} {error.hint}".rstrip()
    click.echo(f"{text} [{error.code}]", err=True)
    return error.exit_code


def command_body(call: Callable[P, Coroutine[Any, Any, int | None]]) -> Callable[P, None]:
    """Run an asynchronous command; turn its result or its error into an exit code."""

    @functools.wraps(call)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = asyncio.run(call(*args, **kwargs))
        except FixtrailError as error:
            code = fail(error)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception as error:
            if os.environ.get("FIXTRAIL_DEBUG"):
                raise
            kind = type(error).__name__
            code = fail(FixtrailError("internal", f"Something went wrong ({kind}).", "FIXTRAIL_DEBUG=1 shows where."))
        except KeyboardInterrupt:
            click.echo("Interrupted; nothing was lost.", err=True)
            code = 130
        sys.exit(code or 0)

    return run
