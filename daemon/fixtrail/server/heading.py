"""The header of a new trace: the repository as it is now, and its tree."""

from pathlib import Path
from typing import Any, cast

from fixtrail_protocol.base import now
from fixtrail_protocol.rpc import StartParams
from fixtrail_protocol.trace import SCHEMA_VERSION, Baseline, Capture, Editor, Repo, Tool, TraceHeader

from fixtrail._version import __version__
from fixtrail.capture.paths import Workspace
from fixtrail.errors import FixtrailError
from fixtrail.store.layout import DataDirectory


def make_header(
    trace_id: str,
    workspace: Workspace,
    params: StartParams,
    test_command: str | None,
    data: DataDirectory,
    editor: Editor | None,
) -> tuple[TraceHeader, str | None]:
    """Look at the repository and make the header. Off the event loop: it runs git.

    Returns
    -------
    header, gap
        The header, and what could not be looked at, in one sentence; None when everything could.
    """
    from fixtrail.replay.repository import repository_state

    start_time = now()
    consent = params.consent.to_document()
    gap: str | None = None
    baseline = Baseline()
    try:
        state = repository_state(workspace.root)
        repo = Repo(
            name=state.name,
            url=state.url,
            branch=state.branch,
            commit_before=state.head,
            test_command=test_command,
        )
        keep = data.tree_folder(trace_id) if consent.code else None
        baseline = _baseline(workspace.root, state.head, keep)
    except FixtrailError as error:
        repo = Repo(name=workspace.root.name or "workspace", test_command=test_command)
        gap = str(error)
    header = TraceHeader(
        schema_version=cast("Any", SCHEMA_VERSION),
        trace_id=trace_id,
        developer_id=data.developer_id(),
        bug_id=params.bug_id,
        repo=repo,
        start_time=start_time,
        tool=Tool(name="fixtrail", version=__version__),
        editor=editor,
        consent=consent,
        baseline=baseline,
        capture=Capture(),
    )
    return header, gap


def _baseline(workspace: Path, head: str | None, keep: Path | None) -> Baseline:
    """Write the workspace's tree; where code may not be kept, only its id, and no patch."""
    from fixtrail.replay.tree import EMPTY_TREE, open_tree_store

    with open_tree_store(workspace, keep) as store:
        tree = store.write()
        committed = (store.tree_of_commit(head) if head else None) or EMPTY_TREE
        patch = store.patch(committed, tree) if keep is not None and committed != tree else None
    return Baseline(commit=head, tree=tree, patch=patch)
