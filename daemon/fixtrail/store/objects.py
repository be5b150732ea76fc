"""Git objects of a trace: ids, loose files, and contents held in memory until there are too many.

The format is git's own (loose objects, zlib), so that git reads what we write and the other way round.
"""

import contextlib
import hashlib
import os
import subprocess
import tempfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

from fixtrail.errors import UnavailableError

MEMORY_BYTES = 48 * 1024 * 1024
"""Contents kept in memory; what goes beyond is written to the object folder."""


Guard = Callable[[bytes], tuple[bytes, Mapping[str, int]] | None]
"""Returns what may be kept of a content and how often each rule replaced something; None: all of it may."""


def object_id(kind: str, content: bytes, *, algorithm: str = "sha1") -> str:
    """Return git's id of an object: the hash over its kind, its length and its content."""
    digest = hashlib.new(algorithm, b"%s %d\0" % (kind.encode("ascii"), len(content)), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


class Forms:
    """Which contents are kept in another form, with their secrets replaced: blob id to the id of that form.

    A line each in a file of its own: what is known by its id alone can then still be read, as far as it is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] | None = None

    @property
    def _forms(self) -> dict[str, str]:
        if self._known is None:
            try:
                lines = self._path.read_text(encoding="ascii").splitlines()
            except (OSError, ValueError):
                lines = []
            self._known = {real: form for real, _, form in (line.partition(" ") for line in lines) if form}
        return self._known

    def get(self, name: str) -> str | None:
        """Return the id of the form of a content; None when it has none."""
        return self._forms.get(name)

    def set(self, name: str, form: str) -> None:
        """Remember the form of a content."""
        if self._forms.get(name) == form:
            return
        self._forms[name] = form
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{name} {form}\n")


class ObjectFolder:
    """Loose objects below one folder, and a ``git cat-file`` for those that lie elsewhere (packs, alternates).

    Parameters
    ----------
    objects
        The folder, laid out as git's ``objects``.
    environment
        Variables by which git finds it and its alternates.
    cwd
        Where git runs.
    guard
        Stands before the disk: of a blob it lets pass, or replaces, what may be kept.
    """

    def __init__(
        self,
        objects: Path,
        environment: Mapping[str, str],
        cwd: Path,
        *,
        algorithm: str = "sha1",
        guard: Guard | None = None,
    ) -> None:
        self.objects = objects
        self.guard = guard
        self.forms = Forms(objects.parent / "forms")
        self.algorithm = algorithm
        self._environment = dict(environment)
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def _place(self, name: str) -> Path:
        return self.objects / name[:2] / name[2:]

    def write(self, kind: str, content: bytes) -> str:
        """Store an object and return its id; one that is there is left as it is.

        Of a blob with secrets only its form is stored; the id is that of the whole content all the same.
        """
        name = object_id(kind, content, algorithm=self.algorithm)
        if kind == "blob" and self.guard is not None and (form := self.guard(content)) is not None:
            self.forms.set(name, self._store(kind, form[0], object_id(kind, form[0], algorithm=self.algorithm)))
            return name
        return self._store(kind, content, name)

    def _store(self, kind: str, content: bytes, name: str) -> str:
        place = self._place(name)
        if place.exists():
            return name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        packed = zlib.compress(b"%s %d\0" % (kind.encode("ascii"), len(content)) + content, 1)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix="tmp_obj_")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
            Path(temporary).replace(place)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        return name

    def read(self, name: str) -> bytes | None:
        """Return an object's content, or its form where only that is kept; None when it is nowhere, or damaged."""
        try:
            packed = zlib.decompress(self._place(name).read_bytes())
        except (OSError, zlib.error):
            form = self.forms.get(name)
            return self.read(form) if form is not None and form != name else self._read_elsewhere(name)
        content = packed.partition(b"\0")[2]
        kind = packed.partition(b" ")[0].decode("ascii", "replace")
        return content if object_id(kind, content, algorithm=self.algorithm) == name else None

    def _read_elsewhere(self, name: str) -> bytes | None:
        process = self._process
        if process is None or process.poll() is not None:
            environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
            try:
                process = subprocess.Popen(
                    ["git", "cat-file", "--batch"],
                    cwd=self._cwd,
                    env=environment | self._environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            except FileNotFoundError:
                raise UnavailableError("git/missing", "git is not installed.", "Install git.") from None
            self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(name.encode("ascii") + b"\n")
            process.stdin.flush()
            header = process.stdout.readline().split()
            if len(header) != 3:
                return None
            content = process.stdout.read(int(header[2]))
            process.stdout.read(1)
        except (OSError, ValueError):
            return None
        return content

    def close(self) -> None:
        """End the process that reads, if one runs."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            process.wait()


class Contents:
    """Blobs by id: the newest in memory, the rest in the object folder."""

    def __init__(self, folder: ObjectFolder, limit: int = MEMORY_BYTES) -> None:
        self.folder = folder
        self._limit = limit
        self._size = 0
        self._held: OrderedDict[str, tuple[bytes, bool]] = OrderedDict()

    def put(self, content: bytes, *, keep: bool = False) -> str:
        """Take a content and return its blob id; with ``keep`` it is written to the folder at once."""
        name = object_id("blob", content, algorithm=self.folder.algorithm)
        if keep:
            self.folder.write("blob", content)
        self._hold(name, content, stored=keep)
        return name

    def get(self, name: str) -> bytes | None:
        """Return a content; None when it is known nowhere."""
        held = self._held.get(name)
        if held is not None:
            self._held.move_to_end(name)
            return held[0]
        content = self.folder.read(name)
        if content is not None:
            self._hold(name, content, stored=True)
        return content

    def hold_form(self, name: str, form: bytes) -> None:
        """Take what is kept of the content ``name``, whose whole is not known here."""
        self.folder.forms.set(name, self.folder.write("blob", form))
        self._hold(name, form, stored=True)

    def _hold(self, name: str, content: bytes, *, stored: bool) -> None:
        old = self._held.pop(name, None)
        if old is not None:
            self._size -= len(old[0])
            stored = stored or old[1]
        self._held[name] = (content, stored)
        self._size += len(content)
        while self._size > self._limit and len(self._held) > 1:
            _, (dropped, safe) = self._held.popitem(last=False)
            self._size -= len(dropped)
            if not safe:
                self.folder.write("blob", dropped)

    def keep(self, name: str) -> None:
        """Make sure that a content is in the folder."""
        held = self._held.get(name)
        if held is not None and not held[1]:
            self.folder.write("blob", held[0])
            self._held[name] = (held[0], True)

    def close(self) -> None:
        """Let go of everything."""
        self._held.clear()
        self._size = 0
        self.folder.close()
