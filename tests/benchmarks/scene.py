"""What every benchmark stands on: a repository, a data directory, the daemon, and events to send."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uuid_utils

from tests.benchmarks.peer import Peer, notification, peer

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "sample_repo"
DAEMON = (Path(sys.executable).with_name("fixtrail"), "serve")
BARE_LOOP = (sys.executable, HERE / "bare_loop.py")
PLAIN_PYGLS = (sys.executable, HERE / "plain_pygls.py")

BUG = "    shares = [round(total * weight / whole) for weight in weights]\n    return shares\n"
FIX = """\
    shares = [total * weight // whole for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda index: -(total * weights[index] % whole))
    for index in by_fraction[: total - sum(shares)]:
        shares[index] += 1
    return shares
"""
CONSENT = {"code": True, "terminalOutput": True, "fileViews": True, "judge": False, "upload": False}


def sample_repo(folder: Path) -> Path:
    """Copy the sample project into a new git repository, and mend its bug without a commit; returns ``folder``."""
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "start")):
        subprocess.run(("git", *arguments), cwd=folder, check=True)
    source = folder / "src" / "ledger" / "split.py"
    text = source.read_text()
    if BUG not in text:
        raise RuntimeError("the sample's bug is not where the benchmark's fix goes")
    source.write_text(text.replace(BUG, FIX))
    return folder


@dataclass
class Scene:
    """A folder to work in, with a repository and a data directory."""

    folder: Path

    def __post_init__(self) -> None:
        self.repo = sample_repo(self.folder / "repo")
        self.env = {"FIXTRAIL_HOME": str(self.folder / "home"), "OPENAI_API_KEY": "", "FIXTRAIL_JUDGE_BASE_URL": ""}

    @contextlib.contextmanager
    def daemon(self) -> Iterator[Peer]:
        """Run a daemon that is initialized."""
        with peer(DAEMON, self.env) as server:
            server.initialize()
            server.send(notification("initialized", {}))
            yield server

    def start(self, server: Peer) -> str:
        """Begin a trace with all consent for what is recorded; returns its id."""
        params = {"workspaceUri": self.repo.as_uri(), "consent": CONSENT}
        return str(server.request("trace/start", params)["traceId"])

    def stop(self, server: Peer) -> None:
        """Delete the trace, once it is certain that what was measured was recorded as it was sent."""
        if gaps := server.request("trace/status", {})["gaps"]:
            raise RuntimeError(f"{gaps} events were not taken for what they are")
        server.request("trace/discard", {})


def make_events(count: int) -> list[dict[str, Any]]:
    """Make events of about 500 bytes each, as an editor sends them: mostly views and reasoning."""
    return [_event(number) for number in range(count)]


def _event(number: int) -> dict[str, Any]:
    path = ("src/ledger/split.py", "src/ledger/money.py", "tests/test_split.py")[number % 3]
    kind = number % 10
    data: dict[str, Any]
    if kind < 5:
        event_type = "file_view"
        ranges = [{"start": place, "end": place + 40} for place in range(number % 97 + 1, 1_000, 100)]
        data = {"file_path": path, "ranges": ranges, "dwell_ms": 400 + number % 4_000}
    elif kind < 8:
        event_type = "reasoning_step"
        thought = f"Step {number}: the cents that rounding loses have to go somewhere, so look at what is left over. "
        data = {"content": thought * 3, "kind": "hypothesis"}
    elif kind == 8:
        event_type = "terminal_command"
        output = f"line {number} of what the program printed\n" * 6
        data = {"command": f"cat notes-{number}.txt", "cwd": ".", "exit_code": 0, "output": output, "duration_ms": 12}
    else:
        event_type = "file_open"
        data = {"file_path": path, "language_id": "python", "reason": "x" * 280}
    return {
        "event_type": event_type,
        "timestamp": f"2026-01-31T09:{number // 60 % 60:02d}:{number % 60:02d}.{number % 1_000:03d}Z",
        "data": data,
        "event_id": str(uuid_utils.uuid7()),
    }
