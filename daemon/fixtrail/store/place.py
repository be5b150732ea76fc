"""What kind of file system a folder is on: SQLite's write-ahead log is not safe on one of the network."""

import re
from pathlib import Path

NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "fuse.sshfs", "fuse.glusterfs", "ceph"})
"""Types of file systems as Linux names them (proc(5), mountinfo)."""
MOUNTS = Path("/proc/self/mountinfo")


def file_system(path: Path, mountinfo: str) -> str | None:
    """Return the type of the file system that ``path`` is on, from the text of ``mountinfo``; None: not told."""
    best, found = -1, None
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        mounted = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        if path.is_relative_to(mounted) and len(mounted.parts) >= best:
            best, found = len(mounted.parts), after.split(" ")[0]
    return found


def network_file_system(path: Path) -> str | None:
    """Return the type of the network file system that ``path`` is on; None: it is on none, or it can't be told."""
    try:
        kind = file_system(path.resolve(), MOUNTS.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return kind if kind in NETWORK else None
