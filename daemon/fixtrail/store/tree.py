"""The workspace as a git tree: uncommitted and untracked work included, nothing of the user's touched.

The tree is written with a temporary index into an object store of our own; the repository's objects are read
as alternates. Ignored files are left out, as git leaves them out.
"""

import contextlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fixtrail.errors import UnavailableError
from fixtrail.replay.git import git_line, run_git

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
MAX_PATCH_BYTES = 1024 * 1024
"""A longer baseline patch is not kept in the header; the tree id still says what was there."""


@dataclass(frozen=True)
class TreeStore:
    """Where the objects of one trace's trees are: ``folder`` is ours, the repository's are read beside it."""

    workspace: Path
    folder: Path

    def _environment(self) -> dict[str, str]:
        objects = self.folder / "objects"
        objects.mkdir(mode=0o700, parents=True, exist_ok=True)
        env = {"GIT_OBJECT_DIRECTORY": str(objects)}
        theirs = git_line("rev-parse", "--path-format=absolute", "--git-path", "objects", cwd=self.workspace)
        if theirs:
            env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = f'"{theirs}"' if ":" in theirs else theirs
        else:
            bare = self.folder / "repository"
            if not bare.exists():
                run_git("init", "--quiet", "--bare", str(bare), cwd=self.workspace)
            env |= {"GIT_DIR": str(bare), "GIT_WORK_TREE": str(self.workspace)}
        return env

    def write(self) -> str:
        """Write the workspace as it is on the disk now and return the tree's id.

        Raises
        ------
        UnavailableError
            ``git/missing`` or ``git/failed``.
        """
        env = self._environment()
        prefix = git_line("rev-parse", "--show-prefix", cwd=self.workspace) if "GIT_DIR" not in env else None
        handle, name = tempfile.mkstemp(dir=self.folder, prefix="index.")
        os.close(handle)
        index = Path(name)
        try:
            index.unlink()
            theirs = git_line("rev-parse", "--path-format=absolute", "--git-path", "index", cwd=self.workspace)
            if theirs and "GIT_DIR" not in env and Path(theirs).exists():
                # The copy brings git's stat cache: only files that changed are read. It keeps the index's own time:
                # by it git knows which entries are too young to be trusted ("racy git").
                shutil.copy2(theirs, index)
            env["GIT_INDEX_FILE"] = str(index)
            run_git("add", "--all", "--", ".", cwd=self.workspace, env=env)
            arguments = ["--missing-ok", *([f"--prefix={prefix}"] if prefix else [])]
            done = run_git("write-tree", *arguments, cwd=self.workspace, env=env, check=not prefix)
            if done.returncode != 0:
                return EMPTY_TREE  # a sub-folder with no file in it has no tree of its own
            return done.stdout.decode().strip()
        finally:
            index.unlink(missing_ok=True)
            index.with_name(index.name + ".lock").unlink(missing_ok=True)

    def tree_of_commit(self, commit: str) -> str | None:
        """Return the tree of ``commit``, of the workspace's own folder when it is a part of the repository."""
        prefix = git_line("rev-parse", "--show-prefix", cwd=self.workspace)
        return git_line("rev-parse", "--verify", "--quiet", f"{commit}:{prefix or ''}", cwd=self.workspace)

    def patch(self, old_tree: str, new_tree: str) -> str | None:
        """Return the difference of two trees as ``git apply`` takes it; None when too long or not text."""
        flags = ("--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
        done = run_git("diff-tree", "-r", "-p", *flags, old_tree, new_tree, cwd=self.workspace, env=self._environment())
        if len(done.stdout) > MAX_PATCH_BYTES:
            return None
        try:
            return done.stdout.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def write_tar(self, tree: str, target: IO[bytes]) -> int:
        """Write the files of ``tree`` as an uncompressed tar and return how many there are.

        Straight from the objects: no attribute, filter or hook of the repository has a say in it.
        """
        env = self._environment()
        listing = run_git("ls-tree", "-r", "-z", "--full-tree", tree, cwd=self.workspace, env=env).stdout
        entries = [entry.partition(b"\t") for entry in listing.split(b"\0") if entry]
        count = 0
        with (
            _BlobReader(self.workspace, env) as blobs,
            tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for meta, _, raw_path in entries:
                mode, kind, object_id = meta.decode("ascii").split(" ")
                if kind != "blob":
                    continue  # a submodule is a commit of another repository
                info = tarfile.TarInfo(os.fsdecode(raw_path))
                content = blobs.read(object_id)
                info.mtime = 1_000_000_000  # the same for all, so that the same tree gives the same tar
                if mode == "120000":
                    info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.fsdecode(content), 0o777
                    tar.addfile(info)
                else:
                    info.size, info.mode = len(content), 0o755 if mode == "100755" else 0o644
                    tar.addfile(info, io.BytesIO(content))
                count += 1
        return count


@contextlib.contextmanager
def open_tree_store(workspace: Path, keep: Path | None) -> Iterator[TreeStore]:
    """Give a store in ``keep``; with None in a temporary folder, for a developer who does not want code kept."""
    if keep is not None:
        yield TreeStore(workspace, keep)
        return
    with tempfile.TemporaryDirectory(prefix="fixtrail-") as folder:
        yield TreeStore(workspace, Path(folder))


class _BlobReader:
    """``git cat-file --batch``: one process for all blobs."""

    def __init__(self, cwd: Path, env: dict[str, str]) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | env
        self._process = subprocess.Popen(
            ["git", "cat-file", "--batch"], cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> "_BlobReader":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def read(self, object_id: str) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(object_id.encode() + b"\n")
        self._process.stdin.flush()
        header = self._process.stdout.readline().split()
        if len(header) != 3:
            raise UnavailableError("git/failed", f"git has no object {object_id}.", "Is the repository complete?")
        content = self._process.stdout.read(int(header[2]))
        self._process.stdout.read(1)
        return content
