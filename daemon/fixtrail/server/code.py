"""Make what records the code of a workspace: at the start from the baseline, later by replay of the trace."""

import asyncio
import logging
import tempfile
from pathlib import Path

from fixtrail_protocol.trace import TraceHeader

from fixtrail.capture.code import CodeRecorder
from fixtrail.capture.paths import Workspace
from fixtrail.errors import FixtrailError
from fixtrail.privacy.gate import Gate
from fixtrail.replay.machine import NotPossibleError, ReplayError
from fixtrail.replay.verify import begin_replay, replay_to
from fixtrail.settings import CaptureSettings, Settings
from fixtrail.store.code import CodeState
from fixtrail.store.layout import DataDirectory
from fixtrail.store.reader import TraceReader
from fixtrail.store.tree import TreeStore

logger = logging.getLogger(__name__)


def make_gate(data: DataDirectory, trace_id: str, workspace: Path, settings: Settings) -> Gate:
    """Return what takes secrets out of everything of this trace, with the trace's own key."""
    return Gate.for_workspace(data.redaction_key(trace_id), settings.redaction, workspace)


def tree_store(
    workspace: Path,
    data: DataDirectory,
    trace_id: str,
    settings: CaptureSettings,
    *,
    kept: bool,
    gate: Gate | None = None,
) -> TreeStore:
    """Return where the objects of a trace go: beside it when they are ``kept``, else to a folder that is removed."""
    folder = data.tree_folder(trace_id) if kept else Path(tempfile.mkdtemp(prefix="fixtrail-"))
    guard = gate.content if gate is not None else None
    return TreeStore(workspace, folder, settings.exclude, temporary=not kept, guard=guard)


def fresh_code(workspace: Workspace, store: TreeStore, tree: str, settings: CaptureSettings) -> CodeRecorder:
    """Return a recorder that stands at ``tree``. Off the event loop: it runs git."""
    state = CodeState(lambda: store.load(tree), store.contents())
    return CodeRecorder(workspace.root, store, state, settings.max_file_bytes)


async def reopened_code(
    path: Path,
    header: TraceHeader,
    workspace: Workspace,
    data: DataDirectory,
    settings: CaptureSettings,
    gate: Gate | None = None,
) -> tuple[CodeRecorder | None, str | None]:
    """Return a recorder that stands where the trace ends, and what was lost on the way; None: there is no git."""
    kept = header.consent is not None and header.consent.code
    store = tree_store(workspace.root, data, header.trace_id, settings, kept=kept, gate=gate)
    lost: str | None = None
    try:
        async with TraceReader(path) as reader:
            try:
                replay = await asyncio.to_thread(begin_replay, header, store)
                await replay_to(reader, replay)
                return CodeRecorder(workspace.root, store, replay.state, settings.max_file_bytes), None
            except NotPossibleError as error:
                logger.info("trace not replayed trace=%s reason=%s", header.trace_id, error)
                # There will be no proof: contents need not be kept for it.
                store = tree_store(workspace.root, data, header.trace_id, settings, kept=False, gate=gate)
            except (ReplayError, ValueError) as error:
                lost = f"The trace can't be replayed to its end, so later edits begin anew: {error}"
        tree = await asyncio.to_thread(store.write)
        return await asyncio.to_thread(fresh_code, workspace, store, tree, settings), lost
    except FixtrailError as error:
        return None, str(error)
