"""Packs a tree for its way into a container and unpacks the report on its way out, both in bounded memory."""

import contextlib
import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from fixtrail.qa.sandbox import witness

_CHUNK_BYTES = 1024**2
_TAR_OVERHEAD = 16 * tarfile.BLOCKSIZE + tarfile.RECORDSIZE


class TreeError(Exception):
    """A tar is not what it should be; the message completes "it …"."""


@contextlib.contextmanager
def open_tree(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a tree's tar; gives the file and its length in bytes.

    Raises
    ------
    TreeError
        It cannot be opened.
    """
    try:
        tree = path.open("rb")
    except OSError as error:
        raise TreeError(f"cannot be read: {error.strerror or error}") from None
    with tree:
        yield tree, os.fstat(tree.fileno()).st_size


def _member(name: str, mode: int, *, size: int = 0, kind: bytes = tarfile.REGTYPE, owner: int = 0) -> bytes:
    info = tarfile.TarInfo(name)
    info.mode, info.size, info.type, info.uid, info.gid = mode, size, kind, owner, owner
    return info.tobuf(tarfile.GNU_FORMAT)


def parcel(tree: BinaryIO, size: int, owner: int, inside: Mapping[str, bytes] | None = None) -> Iterator[bytes]:
    """Yield a tar archive for :data:`fixtrail.qa.sandbox.hardening.VOLUME`.

    It holds ``tree.tar`` and the witness, which the tests may read, and ``out/junit.xml``, empty, which they may
    write. The folders belong to root, so that the tests can make no other file on the host's disk, nor put a link in
    the report's place.

    Parameters
    ----------
    tree
        The tree's own tar, open for reading at its beginning.
    size
        Its length in bytes.
    owner
        User and group that the tests run as.
    inside
        What the runner needs, for the folder ``inside``: content by name. Only to be read, as the witness.

    Raises
    ------
    TreeError
        ``tree`` cannot be read, or ends before ``size`` bytes.
    """
    yield _member("out", 0o755, kind=tarfile.DIRTYPE)
    yield _member("out/junit.xml", 0o644, owner=owner)
    carried = {f"{witness.FOLDER}/{name}": content for name, content in witness.files().items()}
    carried |= {f"inside/{name}": content for name, content in (inside or {}).items()}
    for name, content in carried.items():
        yield _member(name, 0o444, size=len(content))
        yield content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)
    yield _member("tree.tar", 0o444, size=size)
    left = size
    while left:
        try:
            chunk = tree.read(min(_CHUNK_BYTES, left))
        except OSError as error:
            raise TreeError(f"cannot be read: {error.strerror or error}") from None
        if not chunk:
            raise TreeError("became shorter while it was read")
        left -= len(chunk)
        yield chunk
    yield b"\0" * (-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)


def only_file(archive: Iterable[bytes], limit: int) -> bytes:
    """Return the contents of the one file in a tar stream from the engine.

    Raises
    ------
    TreeError
        The file is larger than ``limit`` bytes, or the stream holds no regular file.
    """
    packed = io.BytesIO()
    for chunk in archive:
        packed.write(chunk)
        if packed.tell() > limit + _TAR_OVERHEAD:
            raise TreeError(f"is larger than {limit // 1024**2} MB")
    packed.seek(0)
    try:
        with tarfile.open(fileobj=packed, mode="r:") as opened:
            member = opened.next()
            stored = opened.extractfile(member) if member is not None and member.isreg() else None
            if stored is None:
                raise TreeError("is not a regular file")
            return stored.read(limit)
    except tarfile.TarError as error:
        raise TreeError(f"arrived damaged ({error})") from None
