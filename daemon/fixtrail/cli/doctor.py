"""``fixtrail doctor``: is everything there, and if not, what to do."""

import contextlib
import json
import os
import platform
import shutil
import socket
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from fixtrail._version import __version__
from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.errors import FixtrailError
from fixtrail.privacy.redaction import ENGINE_VERSION
from fixtrail.settings import Settings, load_settings
from fixtrail.store.database import sqlite_state
from fixtrail.store.layout import DataDirectory
from fixtrail.store.lock import read_owner
from fixtrail.store.place import network_file_system

MIN_FREE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. Only ``bad`` makes the exit code 3."""

    name: str
    state: Literal["good", "note", "bad"]
    found: str
    hint: str = ""


def _versions() -> list[Check]:
    python = platform.python_version()
    good = sys.version_info >= (3, 11)
    version, flawed = sqlite_state()
    return [
        Check("fixtrail", "good", __version__),
        Check("Python", "good" if good else "bad", python, "" if good else "Use 3.11 or newer."),
        Check(
            "SQLite",
            "note" if flawed else "good",
            version + (", with the known WAL bug of two writers" if flawed else ""),
            "fixtrail lets one process write a trace, so it is not met; newer is 3.51.3." if flawed else "",
        ),
    ]


def _git() -> Check:
    path = shutil.which("git")
    return Check("git", "good", path) if path else Check("git", "bad", "not found", "Install git.")


def _data(settings: Settings) -> Check:
    data = DataDirectory(settings.home)
    try:
        free = shutil.disk_usage(data.traces).free
    except (FixtrailError, OSError) as error:
        return Check("data directory", "bad", str(error), "Make it writable, or name another with FIXTRAIL_HOME.")
    found = f"{settings.home}, {free // 1024**2} MB free"
    if (kind := network_file_system(settings.home)) is not None:
        return Check(
            "data directory", "bad", f"{found}, on {kind}", "Name a folder on a local disk with FIXTRAIL_HOME."
        )
    if free < MIN_FREE_BYTES:
        return Check("data directory", "bad", found, "Make room: recording stops when the disk is full.")
    return Check("data directory", "good", found)


async def _engine(settings: Settings) -> list[Check]:
    from fixtrail.qa.sandbox import engine_status

    status = await engine_status(settings.sandbox.image, settings.sandbox.runtime)
    if not status.reachable:
        return [Check("Docker", "bad", status.reason or "no engine answers", status.hint or "Start Docker.")]
    engine = f"{status.name} {status.version} at {status.endpoint}, cgroup v{status.cgroup_version}"
    limits = Check("sandbox", "good", f"limits hold, seccomp {status.seccomp}, runtime {status.runtime}")
    if status.error_code == "docker/runtime-missing":
        limits = Check("sandbox", "bad", status.reason or "", status.hint or "")
    elif status.unenforced:
        found = f"the engine does not enforce {', '.join(status.unenforced)}"
        limits = Check("sandbox", "note", found, "Receipts say so. Rootless engines need cgroup v2.")
    present = status.image_present
    image = Check("test image", "good", status.image)
    if present is None:
        image = Check("test image", "note", f"{status.image} was not looked for")
    elif not present:
        image = Check("test image", "bad", f"{status.image} is not there", status.hint or "Run scripts/base-image.")
    return [Check("Docker", "good", engine), limits, image, _dependencies(settings)]


def _dependencies(settings: Settings) -> Check:
    if settings.sandbox.network_builds == "allow":
        return Check("dependencies", "good", "downloaded and installed in a container")
    hint = "A project that asks for some has no verdict, unless its image has them: see sandbox.network_builds."
    return Check("dependencies", "note", "not installed, as set", hint)


def _judge(settings: Settings) -> Check:
    from fixtrail.keys import with_judge_key

    judge = with_judge_key(settings).judge
    if not judge.configured:
        hint = "Set OPENAI_API_KEY or FIXTRAIL_JUDGE_BASE_URL; without, traces have no reasoning score."
        return Check("judge", "note", "not configured", hint)
    return Check("judge", "good", f"{judge.model} at {judge.base_url or 'the OpenAI API'}")


_EXTENSIONS = (".vscode", ".vscode-insiders", ".vscode-server", ".cursor", ".windsurf", ".vscode-oss")


def _bridge() -> Check:
    """Whether the VS Code extension is installed where editors of its family keep theirs, and is of our version."""
    places = [Path.home() / name / "extensions" for name in _EXTENSIONS]
    places.append(Path.home() / ".local" / "share" / "code-server" / "extensions")
    found = {}
    for place in places:
        for manifest in sorted(place.glob("*fixtrail-*/package.json")):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                found[place] = str(json.loads(manifest.read_text(encoding="utf-8")).get("version"))
    if not found:
        return Check("editor", "note", "no VS Code extension found", "'make vsix' makes it; others: docs/editors.md.")
    told = ", ".join(f"{version} in {place}" for place, version in found.items())
    if any(version != __version__ for version in found.values()):
        return Check("editor", "note", told, f"The daemon is {__version__}: install the extension of the same version.")
    return Check("editor", "good", told)


def _trace(settings: Settings) -> Check:
    data = DataDirectory(settings.home)
    try:
        trace_id = data.open_trace_of(Path.cwd().resolve())
        owner = read_owner(data.trace_path(trace_id)) if trace_id else None
    except FixtrailError as error:
        return Check("trace here", "bad", str(error))
    if trace_id is None:
        return Check("trace here", "good", "none is open for this folder")
    if owner is None:
        return Check("trace here", "note", f"{trace_id}, no daemon holds it", "The next one takes it up.")
    if not _is_alive(owner.pid):
        return Check("trace here", "note", f"{trace_id}, its daemon ({owner.pid}) died", "The next one takes it up.")
    return Check("trace here", "good", f"{trace_id}, written by process {owner.pid}")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _damaged(settings: Settings) -> Check:
    found = sorted((settings.home / "traces" / "damaged").glob("*.db"))
    if not found:
        return Check("damaged files", "good", "none")
    hint = f"What could be read of them is in new files. Look at them, then remove them: {found[0].parent}."
    return Check("damaged files", "note", f"{len(found)} set aside", hint)


def _leftovers() -> Check:
    """Folders of control sockets that nobody listens on any more: of daemons that were killed."""
    dead = []
    for place in Path(tempfile.gettempdir()).glob("fixtrail-*"):
        control = place / "control"
        try:
            if place.stat().st_uid != os.getuid() or not control.is_socket():
                continue
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(control))
        except ConnectionRefusedError:
            dead.append(place)
        except OSError:
            continue
    if not dead:
        return Check("leftovers", "good", "none")
    return Check("leftovers", "note", f"{len(dead)} folders of killed daemons", f"Remove them: rm -r {dead[0]} …")


def _redaction(settings: Settings) -> Check:
    from fixtrail.privacy.gate import Gate

    try:
        gate = Gate.for_workspace(b"doctor", settings.redaction, Path.cwd())
    except FixtrailError as error:
        return Check("redaction", "bad", str(error), "Until it runs, nothing can be recorded.")
    works = "[REDACTED:" in gate.text("password = 'just-4-a-try'")
    return Check("redaction", "good" if works else "bad", f"engine {ENGINE_VERSION}" if works else "does not work")


@click.command()
@json_option
@command_body
async def doctor(as_json: bool) -> int:
    """Check that everything needed is there. Exit code 3 when something is not."""
    settings = load_settings()
    checks = [*_versions(), _git(), _data(settings), *await _engine(settings), _judge(settings), _redaction(settings)]
    checks += [_bridge(), _trace(settings), _damaged(settings), *([_leftovers()] if hasattr(os, "getuid") else [])]
    bad = any(check.state == "bad" for check in checks)
    if as_json:
        print_json({"ok": not bad, "checks": [asdict(check) for check in checks]})
        return 3 if bad else 0
    from rich.markup import escape
    from rich.table import Table

    marks = {"good": "[green]✓[/]", "note": "[yellow]•[/]", "bad": "[red]✗[/]"}
    table = Table.grid(padding=(0, 2))
    for check in checks:
        hint = f"\n[dim]{escape(check.hint)}[/]" if check.hint else ""
        table.add_row(marks[check.state], f"[bold]{check.name}[/]", escape(check.found) + hint)
    console().print(table)
    return 3 if bad else 0
