"""Where things lie in the data directory, and who may read them.

::

    <home>/                     0700
      traces/<trace_id>.db      one SQLite file for each trace (+ -wal and -shm while it is open)
      traces/damaged/           files that were damaged, as they were; what could be read of them is in their place
      traces/<trace_id>.lock    held by the process that writes it; .owner.json says which and how to reach it
      traces/<trace_id>.key     what its redacted secrets are tagged with; never exported
      traces/<trace_id>.judge.json  what the judge said of it last, so that the same content is not judged twice
      traces/<trace_id>.git/    git objects of its trees that the repository does not have
      exports/                  what finalize and export write
      workspaces/<hash>.json    the trace that is open for a folder
      installation.json         the random developer id
      queue/                    places of runs that wait for each other
      logs/
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from fixtrail.errors import StoreError, unknown_trace


def write_private(path: Path, content: bytes) -> None:
    """Replace ``path`` in one step with a file only its owner can read."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


class DataDirectory:
    """The data directory of this user.

    Parameters
    ----------
    home
        The folder; made, with mode 0700, when it is first needed.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def _folder(self, name: str) -> Path:
        folder = self.home / name
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(
                "store/home-unusable",
                f"The data directory {self.home} cannot be used: {error.strerror}.",
                "Make it writable, or name another with FIXTRAIL_HOME.",
            ) from None
        return folder

    @property
    def traces(self) -> Path:
        """Folder of the trace files."""
        return self._folder("traces")

    @property
    def exports(self) -> Path:
        """Folder that finalize and export write to unless told otherwise."""
        return self._folder("exports")

    @property
    def logs(self) -> Path:
        """Folder of the logs, which hold ids and codes, never contents."""
        return self._folder("logs")

    @property
    def queue(self) -> Path:
        """Folder in which the runs of all this user's processes stand in line."""
        return self._folder("queue")

    def trace_path(self, trace_id: str) -> Path:
        """Return where the file of ``trace_id`` is, or will be."""
        try:
            name = str(uuid.UUID(trace_id))
        except ValueError:
            raise unknown_trace(trace_id) from None
        return self.traces / f"{name}.db"

    def tree_folder(self, trace_id: str) -> Path:
        """Return the folder for the git objects of a trace's trees; made when it is needed."""
        folder = self.trace_path(trace_id).with_suffix(".git")
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def redaction_key(self, trace_id: str) -> bytes:
        """Return the 32 random bytes that a trace's secrets are tagged with; made when they are first needed."""
        path = self.trace_path(trace_id).with_suffix(".key")
        with contextlib.suppress(OSError):
            if len(key := path.read_bytes()) == 32:
                return key
        key = secrets.token_bytes(32)
        write_private(path, key)
        return key

    def judgement_path(self, trace_id: str) -> Path:
        """Return where the last judgement of a trace is kept; it goes with the trace."""
        return self.trace_path(trace_id).with_suffix(".judge.json")

    def remove_trace(self, trace_id: str) -> None:
        """Remove a trace and everything made of it."""
        path = self.trace_path(trace_id)
        for file in path.parent.glob(f"{path.stem}.*"):
            shutil.rmtree(file, ignore_errors=True) if file.is_dir() else file.unlink(missing_ok=True)
        self.remove_exports(trace_id)

    def remove_exports(self, trace_id: str) -> None:
        """Remove documents and reports of a trace from the exports folder."""
        for file in self.exports.glob(f"{self.trace_path(trace_id).stem}.*"):
            file.unlink(missing_ok=True)

    def remove_objects(self, trace_id: str) -> None:
        """Remove the kept contents of a trace's files."""
        shutil.rmtree(self.trace_path(trace_id).with_suffix(".git"), ignore_errors=True)

    def existing_trace(self, trace_id: str) -> Path:
        """Return the file of ``trace_id``; ``trace/unknown`` when there is none."""
        path = self.trace_path(trace_id)
        if not path.exists():
            raise unknown_trace(trace_id)
        return path

    def trace_files(self) -> Iterator[Path]:
        """Yield every trace file, newest first (ids are UUIDv7, which sort by time)."""
        yield from sorted(self.traces.glob("*.db"), reverse=True)

    def developer_id(self) -> str:
        """Return the random id of this installation; made on first use, reset by deleting the file."""
        self._folder("traces")
        path = self.home / "installation.json"
        try:
            found = orjson.loads(path.read_bytes())["developer_id"]
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
            found = f"anon-{uuid.uuid4().hex[:16]}"
            write_private(path, orjson.dumps({"developer_id": found}))
        return str(found)

    def _workspace_file(self, workspace: Path) -> Path:
        digest = hashlib.sha256(os.fsencode(workspace)).hexdigest()[:32]
        return self._folder("workspaces") / f"{digest}.json"

    def open_trace_of(self, workspace: Path, *, exact: bool = False) -> str | None:
        """Return the id of the trace that is open for ``workspace``, or, unless ``exact``, for a folder above it."""
        for folder in (workspace, *(() if exact else workspace.parents)):
            with contextlib.suppress(OSError, orjson.JSONDecodeError, KeyError, TypeError):
                entry: dict[str, Any] = orjson.loads(self._workspace_file(folder).read_bytes())
                if entry["workspace"] == str(folder) and self.trace_path(entry["trace_id"]).exists():
                    return str(entry["trace_id"])
        return None

    def remember_open_trace(self, workspace: Path, trace_id: str) -> None:
        """Note that ``trace_id`` is the open trace of ``workspace``."""
        entry = {"workspace": str(workspace), "trace_id": trace_id}
        write_private(self._workspace_file(workspace), orjson.dumps(entry))

    def forget_open_trace(self, workspace: Path) -> None:
        """Note that ``workspace`` has no open trace any more."""
        self._workspace_file(workspace).unlink(missing_ok=True)
