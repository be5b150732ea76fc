"""The object store of a recorded trace, as ``fixtrail verify`` opens it."""

from pathlib import Path

from fixtrail.privacy.gate import Gate
from fixtrail.settings import RedactionSettings
from fixtrail.store.tree import TreeStore


def store_of(workspace: Path, home: Path, trace: str) -> TreeStore:
    """Return the store of a trace in the data directory ``home``, with the trace's own key."""
    path = home / "traces" / f"{trace}.db"
    gate = Gate.for_workspace(path.with_suffix(".key").read_bytes(), RedactionSettings(), workspace)
    return TreeStore(workspace, path.with_suffix(".git"), guard=gate.content)
