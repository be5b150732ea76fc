"""Tar archives for the engine: small ones in memory, and one large file that is streamed."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO

CHUNK_BYTES = 1024**2


def small_archive(folders: Mapping[str, tuple[int, int]], files: Mapping[str, bytes], owner: int = 0) -> bytes:
    """Return a tar; folders are given with mode and owner, files are readable by ``owner`` alone."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, (mode, folder_owner) in folders.items():
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, mode, folder_owner, folder_owner
            tar.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uid, info.gid = len(data), 0o400, owner, owner
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def large_file(name: str, file: BinaryIO, size: int, *, beside: Mapping[str, bytes] | None = None) -> Iterator[bytes]:
    """Yield a tar of one file that everybody may read, and of small ones before it.

    Raises
    ------
    EOFError
        The file became shorter while it was read.
    """
    for small, data in (beside or {}).items():
        yield _header(small, len(data)) + data + _padding(len(data))
    yield _header(name, size)
    left = size
    while left:
        piece = file.read(min(CHUNK_BYTES, left))
        if not piece:
            raise EOFError
        left -= len(piece)
        yield piece
    yield _padding(size) + b"\0" * (2 * tarfile.BLOCKSIZE)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o444
    return info.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)
