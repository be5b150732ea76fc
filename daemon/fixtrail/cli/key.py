"""``fixtrail key``: the judge's key and the collector's token, in the keyring of the system."""

import sys

import click

from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.errors import UsageError
from fixtrail.keys import KEY_NAMES, KeyName, remove_key, store_key, stored_key

_name = click.argument("name", type=click.Choice(KEY_NAMES))


@click.group()
def key() -> None:
    """Keep the judge's key and the collector's token in the system's keyring."""


@key.command("set")
@_name
@command_body
async def set_key(name: KeyName) -> int:
    """Read a key (from the terminal unseen, or from standard input) and put it into the keyring."""
    text = click.prompt("Key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    if not (text := text.strip()):
        raise UsageError("keys/empty", "There is nothing in the key.", "Give it on standard input.")
    store_key(name, text)
    console().print(f"The key [bold]{name}[/] is in the keyring.")
    return 0


@key.command("remove")
@_name
@command_body
async def remove(name: KeyName) -> int:
    """Take a key out of the keyring. Exit code 1 when there was none."""
    if not remove_key(name):
        console().print(f"The keyring has no key [bold]{name}[/].")
        return 1
    console().print(f"The key [bold]{name}[/] is gone from the keyring.")
    return 0


@key.command("list")
@json_option
@command_body
async def list_keys(as_json: bool) -> int:
    """Say which keys the keyring has; never the keys themselves."""
    found = {name: stored_key(name) is not None for name in KEY_NAMES}
    if as_json:
        print_json({"keys": found})
        return 0
    for name, there in found.items():
        console().print(f"{name}: {'in the keyring' if there else 'not there'}")
    return 0
