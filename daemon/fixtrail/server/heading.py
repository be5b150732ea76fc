"""The header of a new trace: the repository as it is now, and its tree."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from fixtrail_protocol.base import now
from fixtrail_protocol.rpc import StartParams
from fixtrail_protocol.trace import SCHEMA_VERSION, Baseline, Capture, Editor, Repo, Tool, TraceHeader

from fixtrail._version import __version__
from fixtrail.capture.paths import Workspace
from fixtrail.errors import FixtrailError
from fixtrail.privacy.gate import Gate
from fixtrail.store.layout import DataDirectory
from fixtrail.store.tree import TreeStore


def make_header(
    trace_id: str,
    workspace: Workspace,
    params: StartParams,
    test_command: str | None,
    data: DataDirectory,
    editor: Editor | None,
    store: TreeStore | None = None,
    gate: Gate | None = None,
) -> tuple[TraceHeader, str | None]:
    """Look at the repository and make the header. Off the event loop: it runs git.

    Returns
    -------
    header, gap
        The header, and what could not be looked at, in one sentence; None when everything could.
    """
    from fixtrail.store.repository import repository_state

    start_time = now()
    consent = params.consent.to_document()
    gap: str | None = None
    baseline = Baseline()
    try:
        with ThreadPoolExecutor(max_workers=1) as pool:  # both wait for git: side by side
            looked = pool.submit(repository_state, workspace.root)
            tree = store.write() if store is not None else None
            state = looked.result()
        repo = Repo(
            name=state.name,
            url=state.url,
            branch=state.branch,
            commit_before=state.head,
            test_command=test_command,
        )
        if store is not None and tree is not None:
            baseline = _baseline(store, tree, state.head, gate, keep_patch=consent.code)
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


def _baseline(store: TreeStore, tree: str, head: str | None, gate: Gate | None, *, keep_patch: bool) -> Baseline:
    """Say what the workspace is; where code may not be kept, only its tree's id, and no patch."""
    committed = (store.tree_of_commit(head) if head else None) or store.empty_tree()
    patch = store.patch(committed, tree) if keep_patch and committed != tree else None
    if patch is not None and gate is not None:
        patch = gate.diff(patch)
    return Baseline(commit=head, tree=tree, patch=patch)
