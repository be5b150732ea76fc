"""The dependency files of a tree, read out of its tar without unpacking it."""

import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from fixtrail.qa.sandbox.tree import TreeError

MAX_FILE_BYTES = 32 * 1024**2
"""A lock file of a large JavaScript project has a few megabytes."""


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
            with tarfile.open(path, "r:") as tar:
                for member in tar:
                    if member.isreg():
                        files._places[member.name.removeprefix("./")] = (member.offset_data, member.size)
        except (OSError, tarfile.TarError) as error:
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
