"""The dependency files of a tree, read out of its tar without unpacking it."""

import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from fixtrail.qa.sandbox.tree import TreeError

_END = b"\0" * tarfile.BLOCKSIZE
MAX_FILE_BYTES = 32 * 1024**2
"""A lock file of a large JavaScript project has a few megabytes."""


_PLAIN_TYPES = (b"0", b"1", b"2", b"5")
"""Files, hard links, symbolic links and folders, all that a tree has unless a name is long or not ASCII."""


class _NotPlainError(Exception):
    """A tar has a header that is not read here."""


def _plain_members(tar: BinaryIO) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield name, offset and size of the regular files of a plain ustar archive.

    An environment that is there is looked up in milliseconds, and tarfile takes 40 microseconds for each member.
    https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06

    Raises
    ------
    _NotPlainError
        Something else is in it, or it is damaged.
    """
    position = 0
    while True:
        tar.seek(position)
        header = tar.read(tarfile.BLOCKSIZE)
        if header == _END:
            return
        if len(header) < tarfile.BLOCKSIZE or header[156:157] not in _PLAIN_TYPES or header[257:262] != b"ustar":
            raise _NotPlainError
        name, prefix = header[:100].partition(b"\0")[0], header[345:500].partition(b"\0")[0]
        try:
            size = int(header[124:136].strip(b" \0") or b"0", 8)
            path = (prefix + b"/" + name if prefix else name).decode("ascii")
        except ValueError:
            raise _NotPlainError from None
        position += tarfile.BLOCKSIZE
        if header[156:157] == b"0":
            yield path.removeprefix("./"), (position, size)
        position += -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _members(path: Path) -> dict[str, tuple[int, int]]:
    """Return the same for any tar; raises :class:`TreeError`."""
    try:
        with tarfile.open(path, "r:") as tar:
            return {
                member.name.removeprefix("./"): (member.offset_data, member.size) for member in tar if member.isreg()
            }
    except (OSError, tarfile.TarError) as error:
        raise TreeError(f"cannot be read: {error}") from None


class TreeFiles:
    """Names and contents of a tree's regular files.

    A link counts as no file: what it points to is not ours to follow.

    Parameters
    ----------
    contents
        For tests, and for files that are held in memory; by default see :meth:`open`.
    """

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = dict(contents)
        self._tar: Path | None = None
        self._places: dict[str, tuple[int, int]] = {}

    @classmethod
    def open(cls, path: Path) -> "TreeFiles":
        """List the tar at ``path``; contents are read when they are asked for.

        Raises
        ------
        TreeError
            It cannot be read.
        """
        files = cls({})
        files._tar = path
        try:
            with path.open("rb") as tar:
                files._places = dict(_plain_members(tar))
        except _NotPlainError:
            files._places = _members(path)
        except OSError as error:
            raise TreeError(f"cannot be read: {error}") from None
        return files

    def __contains__(self, name: str) -> bool:
        return name in self._contents or name in self._places

    def names(self) -> Iterable[str]:
        """Return the path of every file, relative to the root."""
        return self._contents.keys() | self._places.keys()

    def data(self, name: str) -> bytes:
        """Return a file's bytes; empty when there is no such file or it is larger than :data:`MAX_FILE_BYTES`."""
        if name in self._contents:
            return self._contents[name]
        offset, size = self._places.get(name, (0, 0))
        if self._tar is None or not 0 < size <= MAX_FILE_BYTES:
            return b""
        with self._tar.open("rb") as tar:
            tar.seek(offset)
            return tar.read(size)

    def text(self, name: str) -> str:
        """Return a file as text, whatever its bytes."""
        return self.data(name).decode("utf-8", "replace")
