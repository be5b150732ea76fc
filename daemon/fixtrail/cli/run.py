"""``fixtrail run -- CMD``: a command of any terminal, recorded as the editor's terminal records one."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import click
from fixtrail_protocol.base import now

from fixtrail.capture.output import HeadAndTail
from fixtrail.capture.rows import new_id
from fixtrail.cli.client import connect, data_directory
from fixtrail.cli.output import command_body
from fixtrail.errors import StateError, UsageError

KEPT_BYTES = 64 * 1024
COMMAND_VARIABLE = "FIXTRAIL_COMMAND_ID"
"""Tells what runs in the command which event it is a part of."""


def _copy(source: int, target: IO[bytes], kept: HeadAndTail, lock: threading.Lock) -> None:
    while True:
        try:
            chunk = os.read(source, 65_536)
        except OSError:  # a pseudo-terminal ends with EIO
            return
        if not chunk:
            return
        with contextlib.suppress(OSError):
            target.write(chunk)
            target.flush()
        with lock:
            kept.feed(chunk)


def _spawn(argv: list[str], **streams: Any) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(argv, **streams)
    except FileNotFoundError:
        raise UsageError("run/not-found", f"There is no command {argv[0]!r}.", "Is it installed and on PATH?") from None
    except OSError as error:
        raise UsageError("run/cannot-start", f"{argv[0]} cannot be started: {error.strerror}.") from None


def _run_in_terminal(argv: list[str], kept: HeadAndTail, environment: dict[str, str]) -> int:
    """Give the command a terminal of its own, so that it shows colours and progress as it always does."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    with contextlib.suppress(termios.error, OSError):
        termios.tcsetwinsize(theirs, termios.tcgetwinsize(sys.stdout.fileno()))
    try:
        child = _spawn(argv, stdout=theirs, stderr=theirs, env=environment)
    finally:
        os.close(theirs)
    _copy(ours, sys.stdout.buffer, kept, threading.Lock())
    os.close(ours)
    return child.wait()


def _run_in_pipes(argv: list[str], kept: HeadAndTail, environment: dict[str, str]) -> int:
    """Keep the two streams apart for whoever reads them; the record holds both in the order they came."""
    lock = threading.Lock()
    with _spawn(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        errors = threading.Thread(target=_copy, args=(child.stderr.fileno(), sys.stderr.buffer, kept, lock))
        errors.start()
        _copy(child.stdout.fileno(), sys.stdout.buffer, kept, lock)
        errors.join()
        return child.wait()


def _relative(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@command_body
async def run(command: tuple[str, ...]) -> int:
    """Run COMMAND, let it have the terminal, and record it with its exit code, which is returned.

    Write it behind two dashes: fixtrail run -- pytest -q
    """
    argv = list(command)
    here = Path.cwd().resolve()
    if data_directory().open_trace_of(here) is None:
        raise StateError("trace/not-recording", f"Nothing is being recorded in {here}.", "Begin with 'fixtrail start'.")
    kept = HeadAndTail(KEPT_BYTES)
    event_id, started, clock = new_id(), now(), time.monotonic()
    async with connect(need_trace=True) as call:
        await call.close_burst()
        await call.command_started(event_id, started)
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command
    try:
        interactive = sys.stdout.isatty() and hasattr(os, "openpty")
        environment = os.environ | {COMMAND_VARIABLE: event_id}
        code = (_run_in_terminal if interactive else _run_in_pipes)(argv, kept, environment)
    finally:
        signal.signal(signal.SIGINT, previous)
    import shlex

    async with connect(need_trace=True) as call:
        status = await call("trace/status", {})
        if status["state"] == "paused":
            click.echo("fixtrail: recording is paused; the command was not recorded.", err=True)
            return code if code >= 0 else 128 - code
        data = {
            "command": shlex.join(argv),
            "cwd": _relative(here, Path(status["workspace"])),
            "exit_code": code,
            "output": kept.text(screens=False),
            "truncated": kept.dropped,
            "duration_ms": round((time.monotonic() - clock) * 1000),
            "confidence": "high",
            **({"full_screen": True} if kept.full_screen else {}),
        }
        # Said again: where no daemon runs, the process that takes the event is not the one that saw the start.
        await call.command_started(event_id, started)
        event = {"event_id": event_id, "event_type": "terminal_command", "timestamp": started, "data": data}
        await call.record([event])
    return code if code >= 0 else 128 - code
