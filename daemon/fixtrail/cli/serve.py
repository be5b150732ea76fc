"""``fixtrail serve``."""

import sys

import click

from fixtrail.server.run import serve


@click.command("serve", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--stdio", is_flag=True, help="Speak over stdin and stdout (the default; editors like to say it).")
@click.option("--tcp", metavar="[HOST:]PORT", help="Listen on a TCP port instead.")
@click.option("--clientProcessId", "client_process_id", type=int, hidden=True, help="Passed by some LSP clients.")
def serve_command(stdio: bool, tcp: str | None, client_process_id: int | None) -> None:
    """Run the daemon for an editor, over stdio."""
    if tcp is not None and not tcp.rpartition(":")[2].isdigit():
        raise click.BadParameter("give it as PORT or HOST:PORT", param_hint="--tcp")
    sys.exit(serve(tcp=tcp))
