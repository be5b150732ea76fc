"""Trees put together from two others: the files of one, and some of the other in their place."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from fixtrail.store.git import run_git
from fixtrail.store.tree import TreeDifference, TreeStore


def compose(store: TreeStore, base: str, changes: Iterable[TreeDifference]) -> str:
    """Write the tree ``base`` with ``changes`` made to it, and return its id.

    Only folders on the way to a change become new objects, in the trace's own store. The index is a temporary one;
    no blob is read or written, so a file that is kept in another form keeps its real id.

    Parameters
    ----------
    base
        A tree that the store can read.
    changes
        What is put in place: each file as its ``new`` says, taken away where that is None.

    Raises
    ------
    UnavailableError
        ``git/missing`` or ``git/failed``: a folder of ``base`` is not there.
    """
    lines = []
    for change in changes:
        path = change.path.encode("utf-8", "surrogateescape")
        mode, blob = change.new or ("0", "0" * len(base))
        lines.append((change.new is not None, f"{mode} {blob}\t".encode("ascii") + path + b"\0"))
    # What goes has to go first: a file may stand where a folder is needed.
    listing = b"".join(line for _, line in sorted(lines))
    env = store.environment()  # makes the folder
    with tempfile.TemporaryDirectory(dir=store.folder, prefix="scratch.") as scratch:
        env["GIT_INDEX_FILE"] = os.fspath(Path(scratch) / "index")
        run_git("read-tree", base, cwd=store.workspace, env=env)
        run_git("update-index", "-z", "--index-info", cwd=store.workspace, env=env, stdin=listing)
        return run_git("write-tree", "--missing-ok", cwd=store.workspace, env=env).stdout.decode("ascii").strip()


def reversed_changes(changes: Iterable[TreeDifference]) -> list[TreeDifference]:
    """Return ``changes`` as they lead back."""
    return [TreeDifference(change.path, change.new, change.old) for change in changes]
