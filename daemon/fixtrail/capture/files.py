"""Files on the disk as git sees them: mode and bytes; and text in the editor as the bytes a save would write."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from fixtrail.capture.text import join_surrogates

CODECS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "shift_jis", "gb18030")
"""Tried in this order to find how the editor read a file."""
BINARY_HEAD = 8_000
"""A NUL in so many first bytes makes a file binary, as in git."""


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A file as it lies on the disk; ``changed`` in seconds since the epoch (ctime)."""

    mode: str
    content: bytes
    changed: float


def read_file(path: Path) -> DiskFile | None:
    """Read a file or a link.

    Returns
    -------
    DiskFile or None
        None when there is no file (a folder, a socket and the like are none).

    Raises
    ------
    PermissionError
        It is there and may not be read.
    """
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return DiskFile("120000", os.fsencode(path.readlink()), status.st_ctime)
        if not stat.S_ISREG(status.st_mode):
            return None
        mode = "100755" if status.st_mode & stat.S_IXUSR else "100644"
        return DiskFile(mode, path.read_bytes(), status.st_ctime)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def find_codec(content: bytes, text: str) -> str | None:
    """Return the codec by which the editor made ``text`` of ``content``; None when none of those we know fits."""
    wanted = same_endings(text)
    for codec in CODECS:
        try:
            if same_endings(content.decode(codec)) == wanted:
                return codec
        except UnicodeDecodeError:
            continue
    return None


def guess_codec(content: bytes) -> str | None:
    """Return the codec of a file whose text was edited before we saw it; None when it is no UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"


def same_endings(text: str) -> str:
    """Make all line endings alike: an editor does that to mixed ones as it opens a file."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def to_bytes(text: str, codec: str) -> tuple[bytes, int]:
    """Return what a save would write, and how many half characters (lone surrogates) were replaced."""
    whole, replaced = join_surrogates(text)
    try:
        return whole.encode(codec), replaced
    except UnicodeEncodeError:
        return whole.encode("utf-8"), replaced


def to_text(content: bytes) -> str | None:
    """Return the text a diff is made of; None for binary files and those that are not UTF-8."""
    if b"\0" in content[:BINARY_HEAD]:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
