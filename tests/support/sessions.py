"""A developer at random: what happens in a workspace, told to a recording service as an editor would tell it."""

import asyncio
import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fixtrail.capture.documents import split_lines
from fixtrail.server.code import tree_store
from fixtrail.server.connection import Connection
from fixtrail.server.methods import Methods
from fixtrail.server.service import TraceService
from fixtrail.store.layout import DataDirectory
from fixtrail.store.lock import this_process
from fixtrail_protocol.rpc import ConsentParams, StartParams, TraceRefParams

ALL = ConsentParams(code=True, terminal_output=True, file_views=True, judge=True, upload=True)


def run_git(folder: Path, *args: str) -> None:
    """Run git as the developer does; a command that does not fit the moment fails, and that is fine."""
    subprocess.run(
        ["git", "-c", "user.name=d", "-c", "user.email=d@example.com", "-c", "commit.gpgsign=false", *args],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def position(text: str, offset: int) -> dict[str, int]:
    """Return the LSP position of an offset in characters."""
    lines = split_lines(text[:offset])
    if not lines or lines[-1].endswith(("\n", "\r")):
        return {"line": len(lines), "character": 0}
    return {"line": len(lines) - 1, "character": units(lines[-1])}


class Session:
    """One workspace, one service that records it, and what the editor has open: path → text."""

    def __init__(self, home: Path, workspace: Path) -> None:
        self.data = DataDirectory(home)
        self.workspace = workspace
        self.buffers: dict[str, str] = {}
        self.trace_id = ""
        self._undo: dict[str, list[str]] = {}
        self._begin()

    def _begin(self) -> None:
        self.service = TraceService(self.data, this_process())
        self.service.watches_disk = False
        self.methods = Methods(self.service)
        self.peer = Connection(self.methods)

    def tell(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification."""
        self.methods.notifications[method](self.peer, params, False)

    async def start(self) -> None:
        """Begin to record."""
        params = StartParams(workspace_uri=self.workspace.as_uri(), test_command="python -m pytest", consent=ALL)
        self.trace_id = (await self.service.start(params)).trace_id

    def uri(self, name: str) -> str:
        """Return a file's URI."""
        return (self.workspace / name).as_uri()

    def open(self, name: str) -> None:
        """Open a file, as far as an editor could: text of any kind."""
        if name in self.buffers:
            return
        with contextlib.suppress(OSError, UnicodeDecodeError):
            raw = (self.workspace / name).read_bytes() if (self.workspace / name).exists() else b""
            text = raw.decode("utf-8-sig")
            self.buffers[name] = text
            self.tell("textDocument/didOpen", {"textDocument": self._item(name) | {"text": text, "languageId": "x"}})

    def _item(self, name: str) -> dict[str, Any]:
        return {"uri": self.uri(name), "version": 1}

    def type(self, name: str, at: int, length: int, text: str) -> None:
        """Replace ``length`` characters at ``at`` by ``text``; numbers too large are brought inside."""
        self.open(name)
        if (old := self.buffers.get(name)) is None:
            return
        at = at % (len(old) + 1)
        end = min(at + length, len(old))
        if "\r" in (old[at - 1 : at] + old[at : at + 1], old[end : end + 1]) or old[end - 1 : end + 1] == "\r\n":
            return  # LSP has no position between \r and \n
        self._undo.setdefault(name, []).append(old)
        span = {"start": position(old, at), "end": position(old, end)}
        self.buffers[name] = old[:at] + text + old[end:]
        self._change(name, [{"range": span, "text": text}])

    def _change(self, name: str, changes: list[dict[str, Any]]) -> None:
        self.tell("textDocument/didChange", {"textDocument": self._item(name), "contentChanges": changes})

    def undo(self, name: str) -> None:
        """Take the last change back."""
        if name in self.buffers and self._undo.get(name):
            self.buffers[name] = self._undo[name].pop()
            self._change(name, [{"text": self.buffers[name]}])

    def save(self, name: str) -> None:
        """Write the buffer to the disk, with the byte order mark the file had."""
        if name not in self.buffers:
            return
        place = self.workspace / name
        if place.is_dir():
            return
        with contextlib.suppress(OSError):
            mark = b"\xef\xbb\xbf" if place.exists() and place.read_bytes().startswith(b"\xef\xbb\xbf") else b""
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(mark + self.buffers[name].encode())
            self.tell("textDocument/didSave", {"textDocument": {"uri": self.uri(name)}})

    def close(self, name: str) -> None:
        """Close a file; what was not saved is gone."""
        if self.buffers.pop(name, None) is not None:
            self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def cut(self) -> None:
        """Something happens that closes the burst of typing."""
        self.tell("trace/events", {"stream": "x", "firstSeq": 1, "events": []})

    async def see_disk(self) -> None:
        """Let the recorder see what is on the disk now, as the watcher would."""
        assert self.service.recorder is not None
        await self.service.recorder.settle()

    async def restart(self, *, kill: bool) -> None:
        """End the daemon, cleanly or not, and let another take the trace up; the editor opens its files again."""
        assert self.service.recorder is not None
        if kill:
            # What was acknowledged is on the disk; what was not is lost with the process.
            await self.service.recorder.writer.flush()
            await self.service.recorder.writer.close()
            if self.service.recorder.code is not None:
                self.service.recorder.code.state.contents.close()
        else:
            await self.service.close()
        self._begin()
        await self.service.open_existing(self.trace_id, mark="daemon_restarted")
        for name, text in self.buffers.items():
            self.tell("textDocument/didOpen", {"textDocument": self._item(name) | {"text": text, "languageId": "x"}})

    async def pause(self, during: Callable[[], None]) -> None:
        """Do something while recording is paused."""
        await self.service.pause(TraceRefParams())
        during()
        await self.service.resume(TraceRefParams())

    async def end(self) -> tuple[Path, Any]:
        """Stop and return the trace's file and the store of its objects."""
        await self.see_disk()
        recorder = self.service.recorder
        assert recorder is not None
        path = recorder.writer.path
        capture = self.service.settings(self.workspace).capture
        await self.service.close()
        return path, tree_store(self.workspace, self.data, self.trace_id, capture, kept=True)


def make_workspace(folder: Path) -> None:
    """Make a small repository with files of every awkward kind, two branches and uncommitted work."""
    folder.mkdir(parents=True)
    run_git(folder, "init", "-q", "-b", "main")
    (folder / "src").mkdir()
    (folder / "a.py").write_bytes(b"def a():\n    return 1\n\n\nprint(a())\n")
    (folder / "src/crlf.txt").write_bytes(b"one\r\ntwo\r\nthree")
    (folder / "src/mixed.txt").write_bytes("x\r\ny\nz \U0001f600\n".encode())
    (folder / "bom.txt").write_bytes("\ufeffmarked\n".encode())
    (folder / "latin.txt").write_bytes("caf\xe9\n".encode("latin-1"))
    (folder / "empty").write_bytes(b"")
    (folder / "blob.bin").write_bytes(bytes(range(256)))
    (folder / ".gitignore").write_bytes(b"*.log\nbuild/\n")
    (folder / "run.sh").write_bytes(b"#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "one")
    run_git(folder, "checkout", "-q", "-b", "other")
    (folder / "a.py").write_bytes(b"def a():\n    return 2\n")
    (folder / "other.txt").write_bytes(b"only here\n")
    run_git(folder, "commit", "-qam", "two")
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "three")
    run_git(folder, "checkout", "-q", "main")
    (folder / "untracked.txt").write_bytes(b"mine\n")


def drive(work: Any) -> Any:
    """Run a session's coroutine to its end."""
    return asyncio.run(work)
