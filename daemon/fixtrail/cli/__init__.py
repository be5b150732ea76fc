"""The command line. Each command is imported when it is called, so that none pays for another."""

import importlib
from typing import Any

import click

from fixtrail._version import __version__

_COMMANDS: dict[str, tuple[str, str, str]] = {
    "serve": ("fixtrail.cli.serve", "serve_command", "Run the daemon for an editor."),
    "start": ("fixtrail.cli.record", "start", "Begin to record this folder."),
    "status": ("fixtrail.cli.record", "status", "Say what is being recorded."),
    "pause": ("fixtrail.cli.record", "pause", "Stop recording for a while."),
    "resume": ("fixtrail.cli.record", "resume", "Go on recording, or reopen a finalized trace."),
    "run": ("fixtrail.cli.run", "run", "Run a command and record it."),
    "reason": ("fixtrail.cli.record", "reason", "Write down a thought."),
    "finalize": ("fixtrail.cli.record", "finalize", "Score the trace and end it."),
    "discard": ("fixtrail.cli.record", "discard", "Delete a trace."),
    "purge": ("fixtrail.cli.purge", "purge", "Remove traces for good."),
    "list": ("fixtrail.cli.traces", "list_traces", "List the traces on this machine."),
    "show": ("fixtrail.cli.traces", "show", "Print a trace."),
    "verify": ("fixtrail.cli.proof", "verify", "Prove that a trace rebuilds its code."),
    "replay": ("fixtrail.cli.proof", "replay", "Build the code as it was at an event."),
    "report": ("fixtrail.cli.traces", "report", "Print a readable report; write it as HTML."),
    "export": ("fixtrail.cli.traces", "export", "Write a trace to a file."),
    "upload": ("fixtrail.cli.traces", "upload", "Send a finished trace to a collector."),
    "image": ("fixtrail.cli.image", "image", "Keep images with projects' dependencies."),
    "judge": ("fixtrail.cli.judge", "judge", "Measure the judge itself."),
    "key": ("fixtrail.cli.key", "key", "Keep keys in the system's keyring."),
    "collector": ("fixtrail.cli.collector", "collector", "Run a collector for a team."),
    "doctor": ("fixtrail.cli.doctor", "doctor", "Check that everything needed is there."),
    "demo": ("fixtrail.cli.demo", "demo", "Record and score a bug fix, start to end."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: Any = getattr(importlib.import_module(entry[0]), entry[1])
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fixtrail")
def cli() -> None:
    """Record how a bug was fixed, prove the record, score it, hand it on.

    Exit codes: 0 done; 1 the thing asked about is bad; 2 usage; 3 something needed is not there.
    """
