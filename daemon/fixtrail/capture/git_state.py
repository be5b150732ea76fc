"""What git's own files say: HEAD, branch, stash, an operation in progress, the index."""

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fixtrail.store.git import git_line, run_git
from fixtrail.store.tree import TreeDifference

IN_PROGRESS = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
WATCHED = frozenset({"HEAD", "index", "ORIG_HEAD", "FETCH_HEAD", "packed-refs", *IN_PROGRESS})
"""Entries of the git directory that tell of a change; ``refs`` and ``logs`` are watched as well."""
LISTED = 200
"""Files that are asked for one by one; for more the whole tree is listed."""


@dataclass(frozen=True)
class GitState:
    """The repository at one moment; all empty outside git."""

    head: str | None = None
    branch: str | None = None
    stash: str | None = None
    stashes: int = 0
    in_progress: tuple[str, ...] = ()
    index: str | None = None


class GitDirectory:
    """The git directory of a workspace."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        found = git_line("rev-parse", "--absolute-git-dir", cwd=workspace)
        self.path = Path(found) if found else None
        common = git_line("rev-parse", "--path-format=absolute", "--git-common-dir", cwd=workspace)
        self.common = Path(common) if common else None
        self.prefix = git_line("rev-parse", "--show-prefix", cwd=workspace) or ""
        self._index: tuple[tuple[int, int] | None, str | None] = (None, None)

    @property
    def busy(self) -> bool:
        """Whether git is at work: it holds the lock of its index or of HEAD."""
        return self.path is not None and any((self.path / name).exists() for name in ("index.lock", "HEAD.lock"))

    def tells(self, path: Path) -> bool:
        """Whether a change of this file of the git directory tells of a change of the repository."""
        for folder in (self.path, self.common):
            if folder is not None and path.is_relative_to(folder):
                first = path.relative_to(folder).parts[:1]
                return bool(first) and (first[0] in WATCHED or first[0] in ("refs", "logs"))
        return False

    def state(self) -> GitState:
        """Look now. Off the event loop: it runs git."""
        if self.path is None:
            return GitState()
        stashes = 0
        with contextlib.suppress(OSError):
            stashes = (self.common or self.path).joinpath("logs/refs/stash").read_bytes().count(b"\n")
        return GitState(
            head=git_line("rev-parse", "--verify", "--quiet", "HEAD", cwd=self.workspace),
            branch=git_line("symbolic-ref", "--short", "--quiet", "HEAD", cwd=self.workspace),
            stash=git_line("rev-parse", "--verify", "--quiet", "stash", cwd=self.workspace),
            stashes=stashes,
            in_progress=tuple(name for name in IN_PROGRESS if (self.path / name).exists()),
            index=self._index_signature(),
        )

    def _index_signature(self) -> str | None:
        """Return a hash of what is staged: git rewrites its index also when nothing but a time has changed."""
        assert self.path is not None
        try:
            status = (self.path / "index").stat()
        except OSError:
            return None
        stamp = (status.st_mtime_ns, status.st_ino)
        if self._index[0] != stamp:
            listed = run_git("ls-files", "--stage", "-z", cwd=self.workspace, check=False).stdout
            self._index = (stamp, hashlib.sha256(listed).hexdigest())
        return self._index[1]

    def operation(self) -> str | None:
        """Return the word git's reflog has for the last change of HEAD, such as ``commit`` or ``checkout``."""
        line = git_line("reflog", "-1", "--format=%gs", cwd=self.workspace)
        return line.partition(":")[0] if line else None

    def done_by_git(self, changes: Iterable[TreeDifference], old: GitState, new: GitState) -> set[str]:
        """Return which changes are git's own: what the files hold now is what HEAD, the index or a stash holds."""
        changes = list(changes)
        if old.in_progress or new.in_progress:
            return {change.path for change in changes}
        paths = [change.path for change in changes]
        head, before = self._tree(new.head, paths), self._tree(old.head, paths)
        staged = self._staged(paths)
        stashed: dict[str, set[str]] = {}
        if old.stash != new.stash:
            for commit in (old.stash, new.stash):
                for ref in (commit, f"{commit}^3") if commit else ():
                    for path, blob in self._tree(ref, paths).items():
                        stashed.setdefault(path, set()).add(blob)
        found = set()
        for change in changes:
            path = change.path
            if change.new is None:
                gone = path not in head and path not in staged
                if gone and (path in before or old.stash != new.stash):
                    found.add(path)
                continue
            explained = {head.get(path), staged.get(path), *stashed.get(path, ())}
            if change.new.mode == "160000" or change.new.blob in explained:
                found.add(path)
        return found

    def _tree(self, ref: str | None, paths: list[str]) -> dict[str, str]:
        if ref is None:
            return {}
        some = paths if len(paths) <= LISTED else []
        asked = ("ls-tree", "-r", "-z", "--full-tree", f"{ref}:{self.prefix}", *(["--", *some] if some else []))
        return _blobs(run_git("--literal-pathspecs", *asked, cwd=self.workspace, check=False).stdout, 2)

    def _staged(self, paths: list[str]) -> dict[str, str]:
        some = paths if len(paths) <= LISTED else []
        asked = ("ls-files", "--stage", "-z", *(["--", *some] if some else []))
        return _blobs(run_git("--literal-pathspecs", *asked, cwd=self.workspace, check=False).stdout, 1)


def _blobs(listing: bytes, field: int) -> dict[str, str]:
    found = {}
    for line in listing.split(b"\0"):
        meta, tab, path = line.partition(b"\t")
        if tab:
            found[path.decode("utf-8", "surrogateescape")] = meta.split(b" ")[field].decode("ascii")
    return found
