"""The workspace as a git tree: uncommitted and untracked work included, nothing of the user's touched.

The tree is written with a temporary index into an object store of our own; the repository's objects are read
as alternates. Blobs hold the bytes on the disk: no conversion of line endings, no filter. Ignored files are
left out, as git leaves them out.
"""

import contextlib
import functools
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import re2

from fixtrail.errors import UnavailableError
from fixtrail.store.code import CodeTree, Entry
from fixtrail.store.git import git_line, run_git
from fixtrail.store.objects import Contents, Forms, Guard, ObjectFolder, object_id

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
SCRATCH_SECONDS = 600
IGNORE_FILE = ".fixtrailignore"
"""In the workspace: patterns, as in ``.gitignore``, of files that are never read."""
SECRET_FILES = (
    *(".env", ".env.*", "!.env.example", "!.env.sample", "!.env.template", ".envrc", ".netrc", ".pypirc", ".npmrc"),
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "id_rsa", "id_dsa", "id_ecdsa"),
    *("id_ed25519", ".htpasswd", ".pgpass", ".git-credentials", ".aws/credentials", ".docker/config.json"),
    *("service-account*.json", "secrets.y*ml", "credentials.json"),
)
"""Patterns of files that are there to hold secrets."""


def _bytes() -> Any:
    """Of a listing of 50,000 names the standard library's patterns need 40 ms, RE2's 2."""
    options = re2.Options()
    options.never_capture = True
    options.encoding = re2.Options.Encoding.LATIN1
    return options


_MAY_BE_SECRET = re2.compile(
    rb"(?:^|[/\0])(?:\.env|\.netrc|\.pypirc|\.npmrc|id_|\.htpasswd|\.pgpass|\.git-credentials|service-account|secrets\.y"
    rb"|credentials|config\.json)|\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk)\0",
    _bytes(),
)
"""A quick look whether an index may hold such files at all."""
MAX_PATCH_BYTES = 1024 * 1024
"""A longer baseline patch is not kept in the header; the tree id still says what was there."""


@dataclass(frozen=True)
class TreeDifference:
    """A file that is not the same in two trees; None: it is not there."""

    path: str
    old: Entry | None
    new: Entry | None


@dataclass(frozen=True)
class _Place:
    """Of a repository: its hash, the folder it is in, our folder's place in that, its git directories."""

    algorithm: str
    top: str | None
    prefix: str
    own: Path | None
    common: Path | None


@dataclass(frozen=True)
class TreeStore:
    """Where the objects of one trace's trees are: ``folder`` is ours, the repository's are read beside it."""

    workspace: Path
    folder: Path
    exclude: tuple[str, ...] = ()
    """Patterns, as in ``.gitignore``, of what is left out besides."""
    temporary: bool = False
    """The folder goes when the recording ends."""
    guard: Guard | None = None
    """What may be kept of a blob; None: all of it."""

    def environment(self) -> dict[str, str]:
        """Return the variables by which git works here: our objects and index, their files and objects.

        A git directory of our own is used, with attributes that turn every conversion off (line endings,
        filters, ``ident``): a blob then holds the bytes that are on the disk.
        """
        return dict(self._environment)

    @functools.cached_property
    def _environment(self) -> dict[str, str]:
        objects = self.folder / "objects"
        bare = self.folder / "repository"
        if not bare.exists():
            objects.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self.folder / f"repository.{os.getpid()}"
            run_git("init", "--quiet", "--bare", f"--object-format={self.algorithm}", str(fresh), cwd=self.workspace)
            (fresh / "info").mkdir(exist_ok=True)
            (fresh / "info" / "attributes").write_text("* -text -eol -filter -ident -working-tree-encoding\n")
            with contextlib.suppress(OSError):
                fresh.rename(bare)
        for left_behind in self.folder.glob("scratch.*"):  # of a process that was killed, not of one that runs
            if time.time() - left_behind.stat().st_mtime > SCRATCH_SECONDS:
                shutil.rmtree(left_behind, ignore_errors=True)
        env = {
            "GIT_DIR": str(bare),
            "GIT_WORK_TREE": self._place.top or str(self.workspace),
            "GIT_OBJECT_DIRECTORY": str(objects),
        }
        if theirs := self._theirs("objects"):
            env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = f'"{theirs}"' if ":" in theirs else theirs
        self._leave_out(bare)
        return env

    def _leave_out(self, bare: Path) -> None:
        """Take over what the repository leaves out beside its ``.gitignore`` files, and our own patterns.

        Files that are there to hold secrets are never read, and neither is what ``.fixtrailignore`` names.
        """
        own = ""
        with contextlib.suppress(OSError):
            own = (self.workspace / IGNORE_FILE).read_text(encoding="utf-8", errors="replace")
        theirs_left_out = ""
        with contextlib.suppress(OSError):
            theirs_left_out = Path(self._theirs("info", "exclude") or "").read_text(encoding="utf-8", errors="replace")
        patterns = (theirs_left_out, *SECRET_FILES, own, *self.exclude, "")
        (bare / "info" / "exclude").write_text("\n".join(patterns), encoding="utf-8")

    @functools.cached_property
    def _place(self) -> "_Place":
        """Where the workspace lies in its repository: one call of git, for what does not change."""
        asked = ("--show-object-format", "--show-toplevel", "--show-prefix", "--absolute-git-dir")
        done = run_git("rev-parse", *asked, "--git-common-dir", cwd=self.workspace, check=False)
        lines = os.fsdecode(done.stdout).split("\n")
        if done.returncode != 0 or len(lines) < 5:
            return _Place("sha1", None, "", None, None)
        common = Path(lines[4])
        return _Place(
            lines[0], lines[1], lines[2], Path(lines[3]), common if common.is_absolute() else self.workspace / common
        )

    @property
    def algorithm(self) -> str:
        """The repository's hash: ``sha1`` or ``sha256``."""
        return self._place.algorithm

    def _theirs(self, *place: str) -> str | None:
        """Return where something lies in the repository's git directory; None outside git."""
        own, common = self._place.own, self._place.common
        if own is None or common is None:
            return None
        # Each work tree has an index of its own; the rest is common to them (gitrepository-layout).
        return str((own if place == ("index",) else common).joinpath(*place))

    def _own_settings(self) -> list[str]:
        """Return the repository's own settings that decide which files there are, as options for git."""
        wanted = r"^core\.(excludesfile|filemode|symlinks|ignorecase)$"
        done = run_git("config", "-z", "--get-regexp", wanted, cwd=self.workspace, check=False)
        found: list[str] = []
        for entry in os.fsdecode(done.stdout).split("\0"):
            key, newline, value = entry.partition("\n")
            if newline:
                found += ["-c", f"{key}={value}"]
        return found

    def write(self) -> str:
        """Write the workspace as it is on the disk now and return the tree's id.

        Raises
        ------
        UnavailableError
            ``git/missing`` or ``git/failed``.
        """
        env = self.environment()
        self._leave_out(Path(env["GIT_DIR"]))
        if self.guard is None:
            return self._write(env)
        # What git writes is not kept before the guard has seen it.
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="scratch.") as scratch:
            known = [env["GIT_OBJECT_DIRECTORY"], env.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")]
            env["GIT_OBJECT_DIRECTORY"] = scratch
            quoted = f'"{known[0]}"' if ":" in (known[0] or "") else known[0]
            env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(place for place in (quoted, known[1]) if place)
            tree = self._write(env)
            self._take_over(Path(scratch))
        return tree

    def _take_over(self, scratch: Path) -> None:
        """Move new objects to where they stay; of a blob with secrets only its form."""
        objects = self.folder / "objects"
        keeper = ObjectFolder(objects, {}, self.workspace, algorithm=self.algorithm, guard=self.guard)
        for place in scratch.glob("??/*"):
            packed = zlib.decompress(place.read_bytes())
            if packed.startswith(b"blob "):
                content = packed.partition(b"\0")[2]
                if self.guard is not None and self.guard(content) is not None:
                    keeper.write("blob", content)
                    continue
            target = objects / place.parent.name / place.name
            target.parent.mkdir(mode=0o700, exist_ok=True)
            place.replace(target)
        for pack in scratch.glob("pack/*"):  # of files beyond core.bigFileThreshold, half a gigabyte
            (objects / "pack").mkdir(mode=0o700, exist_ok=True)
            pack.replace(objects / "pack" / pack.name)

    def _write(self, env: dict[str, str]) -> str:
        prefix = self._place.prefix
        handle, name = tempfile.mkstemp(dir=self.folder, prefix="index.")
        os.close(handle)
        index = Path(name)
        try:
            index.unlink()
            theirs = self._theirs("index")
            env["GIT_INDEX_FILE"] = str(index)
            # A split index has a second half in their git directory: then we read all files ourselves.
            if theirs and Path(theirs).exists() and not list(Path(theirs).parent.glob("sharedindex.*")):
                # The copy brings git's stat cache: only files that changed are read. It keeps the index's own time:
                # by it git knows which entries are too young to be trusted ("racy git").
                shutil.copy2(theirs, index)
                self._forget_converted(env)
            # A file that cannot be read is left out; it must not take all the others with it.
            run_git(
                *self._own_settings(),
                "add",
                "--all",
                "--ignore-errors",
                "--",
                ".",
                cwd=self.workspace,
                env=env,
                check=False,
            )
            arguments = ["--missing-ok", *([f"--prefix={prefix}"] if prefix else [])]
            done = run_git("write-tree", *arguments, cwd=self.workspace, env=env, check=not prefix)
            if done.returncode != 0:
                return self.empty_tree()  # a sub-folder with no file in it has no tree of its own
            return done.stdout.decode().strip()
        finally:
            index.unlink(missing_ok=True)
            index.with_name(index.name + ".lock").unlink(missing_ok=True)

    def _forget_converted(self, env: Mapping[str, str]) -> None:
        """Take files that git converts on the way in out of the copied index: its blobs are not what is on the disk."""
        everything = git_line("config", "--get", "core.autocrlf", cwd=self.workspace) in ("true", "input")
        listed = run_git("ls-files", "-z", cwd=self.workspace, env=env, check=False).stdout
        if self.exclude or _MAY_BE_SECRET.search(listed) or (self.workspace / IGNORE_FILE).exists():
            self._forget_excluded(env)
        attributes = [
            self._theirs("info", "attributes"),
            git_line("config", "--path", "core.attributesFile", cwd=self.workspace),
        ]
        named = b"\0.gitattributes\0" in b"\0" + listed or b"/.gitattributes\0" in listed
        named = named or (self.workspace / ".gitattributes").exists()
        if not everything and not named and not any(place and Path(place).exists() for place in attributes):
            return
        converted = listed
        if not everything:
            asked = ("text", "eol", "filter", "ident", "working-tree-encoding", "crlf")
            done = run_git("check-attr", "-z", "--stdin", *asked, cwd=self.workspace, stdin=listed, check=False)
            fields = done.stdout.split(b"\0")
            values = zip(fields[0::3], fields[2::3], strict=False)
            paths = {path for path, value in values if value not in (b"unspecified", b"unset")}
            converted = b"".join(path + b"\0" for path in sorted(paths))
        if converted:
            run_git("update-index", "-z", "--force-remove", "--stdin", cwd=self.workspace, env=env, stdin=converted)

    def _forget_excluded(self, env: Mapping[str, str]) -> None:
        """Take files that git tracks and we must not read out of the copied index."""
        patterns = self.folder / "repository" / "info" / "exclude"
        asked = ("ls-files", "-z", "--cached", "--ignored", f"--exclude-from={patterns}")
        found = run_git(*asked, cwd=self.workspace, env=env, check=False).stdout
        if found:
            run_git("update-index", "-z", "--force-remove", "--stdin", cwd=self.workspace, env=env, stdin=found)

    def close(self) -> None:
        """Remove the folder if it was made for this recording only."""
        if self.temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Return which of these files are left out of every tree."""
        asked = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
        if not asked:
            return set()
        arguments = (*self._own_settings(), "check-ignore", "-z", "--stdin", "--no-index")
        done = run_git(*arguments, cwd=self.workspace, env=self.environment(), stdin=asked, check=False)
        return {path.decode("utf-8", "surrogateescape") for path in done.stdout.split(b"\0") if path}

    def empty_tree(self) -> str:
        """Return the id of the tree without files."""
        return object_id("tree", b"", algorithm=self.algorithm)

    def contents(self) -> Contents:
        """Return what reads and keeps the blobs of this store."""
        env = self.environment()
        place = self.folder / "objects"
        return Contents(ObjectFolder(place, env, self.workspace, algorithm=self.algorithm, guard=self.guard))

    def load(self, tree: str) -> CodeTree:
        """Return the files of ``tree``.

        Raises
        ------
        UnavailableError
            ``git/failed``: the tree, or a part of it, is not there.
        """
        listing = run_git("ls-tree", "-r", "-z", "--full-tree", tree, cwd=self.workspace, env=self.environment())
        return CodeTree.of_listing(listing.stdout, self.algorithm)

    def changes(self, old: str, new: str) -> list["TreeDifference"]:
        """Return which files differ between two trees."""
        flags = ("-r", "-z", "--no-renames", "--raw", "--no-abbrev")
        done = run_git("diff-tree", *flags, old, new, cwd=self.workspace, env=self.environment())
        fields = done.stdout.split(b"\0")
        found = []
        for meta, path in zip(fields[0::2], fields[1::2], strict=False):
            old_mode, new_mode, old_blob, new_blob, _ = meta[1:].decode("ascii").split(" ")
            found.append(
                TreeDifference(
                    path.decode("utf-8", "surrogateescape"),
                    None if set(old_mode) == {"0"} else Entry(old_mode, old_blob),
                    None if set(new_mode) == {"0"} else Entry(new_mode, new_blob),
                )
            )
        return found

    def tree_of_commit(self, commit: str) -> str | None:
        """Return the tree of ``commit``, of the workspace's own folder when it is a part of the repository."""
        prefix = git_line("rev-parse", "--show-prefix", cwd=self.workspace)
        return git_line("rev-parse", "--verify", "--quiet", f"{commit}:{prefix or ''}", cwd=self.workspace)

    def patch(self, old_tree: str, new_tree: str) -> str | None:
        """Return the difference of two trees as ``git apply`` takes it; None when too long or not text.

        Of a file that is kept in another form, that form is compared.
        """
        forms = Forms(self.folder / "forms")
        changed = [change for change in self.changes(old_tree, new_tree) if change.new is not None]
        if kept := {each.path: form for each in changed if each.new and (form := forms.get(each.new.blob))}:
            tree = self.load(new_tree)
            for path, form in kept.items():
                entry = tree.get(path)
                tree.set(path, Entry(entry.mode if entry else "100644", form))
            new_tree = tree.write(self.contents())
        flags = ("--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
        done = run_git("diff-tree", "-r", "-p", *flags, old_tree, new_tree, cwd=self.workspace, env=self.environment())
        if len(done.stdout) > MAX_PATCH_BYTES:
            return None
        try:
            return done.stdout.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def check_out(self, tree: str, target: Path) -> int:
        """Write the files of ``tree`` into the folder ``target`` and return how many there are."""
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile() as file:
            count = self.write_tar(tree, file)
            file.seek(0)
            with tarfile.open(fileobj=file) as tar:
                # Names come from git, which knows no way out of a tree; the filter holds for links as well.
                tar.extractall(target, filter=lambda member, _path: member)  # noqa: S202
        return count

    def write_tar(self, tree: str, target: IO[bytes], *, whole: bool = False) -> int:
        """Write the files of ``tree`` as an uncompressed tar and return how many there are.

        Straight from the objects: no attribute, filter or hook of the repository has a say in it.

        Parameters
        ----------
        whole
            A file that is kept in another form only is taken from the workspace, if it still is what the tree says.
        """
        forms = Forms(self.folder / "forms")
        env = self.environment()
        listing = run_git("ls-tree", "-r", "-z", "--full-tree", tree, cwd=self.workspace, env=env).stdout
        entries = [entry.partition(b"\t") for entry in listing.split(b"\0") if entry]
        count = 0
        with (
            _BlobReader(self.workspace, env) as blobs,
            tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for meta, _, raw_path in entries:
                mode, kind, blob = meta.decode("ascii").split(" ")
                if kind != "blob":
                    continue  # a submodule is a commit of another repository
                info = tarfile.TarInfo(os.fsdecode(raw_path))
                content = self._in_workspace(info.name, blob) if whole and forms.get(blob) else None
                if content is None:
                    content = blobs.read(blob, forms.get(blob))
                info.mtime = 1_000_000_000  # the same for all, so that the same tree gives the same tar
                if mode == "120000":
                    info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.fsdecode(content), 0o777
                    tar.addfile(info)
                else:
                    info.size, info.mode = len(content), 0o755 if mode == "100755" else 0o644
                    tar.addfile(info, io.BytesIO(content))
                count += 1
        return count

    def _in_workspace(self, path: str, name: str) -> bytes | None:
        try:
            content = (self.workspace / path).read_bytes()
        except OSError:
            return None
        return content if object_id("blob", content, algorithm=self.algorithm) == name else None


@contextlib.contextmanager
def open_tree_store(
    workspace: Path, keep: Path | None, exclude: tuple[str, ...] = (), guard: Guard | None = None
) -> Iterator[TreeStore]:
    """Give a store in ``keep``; with None in a temporary folder, for a developer who does not want code kept."""
    if keep is not None:
        yield TreeStore(workspace, keep, exclude, guard=guard)
        return
    with tempfile.TemporaryDirectory(prefix="fixtrail-") as folder:
        yield TreeStore(workspace, Path(folder), exclude)


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

    def read(self, object_id: str, form: str | None = None) -> bytes:
        """Return a blob, or else its form."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(object_id.encode() + b"\n")
        self._process.stdin.flush()
        header = self._process.stdout.readline().split()
        if len(header) != 3 and form is not None:
            return self.read(form)
        if len(header) != 3:
            raise UnavailableError("git/failed", f"git has no object {object_id}.", "Is the repository complete?")
        content = self._process.stdout.read(int(header[2]))
        self._process.stdout.read(1)
        return content
