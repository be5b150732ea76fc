"""The life of the current trace: start, pause, resume, reason, finalize, discard. Knows no transport.

One process records one trace at a time; the command line uses this class in its own process when no daemon holds
the trace.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from fixtrail_protocol.commands import CommandError, parse_test_command
from fixtrail_protocol.rpc import (
    DeleteEventsParams,
    DiscardResult,
    FinalizeParams,
    FinalizeResult,
    ReasonParams,
    ReasonResult,
    RecordingState,
    SetConsentParams,
    SetConsentResult,
    StartParams,
    StartResult,
    StateResult,
    Status,
    TraceRefParams,
)
from fixtrail_protocol.trace import Editor

from fixtrail.capture.code import CodeRecorder
from fixtrail.capture.documents import DocumentStore
from fixtrail.capture.paths import Workspace, path_of_uri
from fixtrail.capture.recorder import Recorder
from fixtrail.capture.rows import new_id
from fixtrail.errors import FixtrailError, InvalidParams, StateError, StoreError, not_recording
from fixtrail.qa.quotes import forget_words
from fixtrail.server.code import fresh_code, make_gate, reopened_code, tree_store
from fixtrail.server.environment import EnvironmentAhead
from fixtrail.server.guess import guess_test_command
from fixtrail.server.heading import make_header
from fixtrail.settings import Settings, load_settings
from fixtrail.store.chain import seal
from fixtrail.store.layout import DataDirectory
from fixtrail.store.lock import Owner
from fixtrail.store.place import network_file_system
from fixtrail.store.purge import older_than, purge_traces
from fixtrail.store.reader import TraceReader
from fixtrail.store.salvage import DAMAGED, salvage
from fixtrail.store.writer import TraceWriter

logger = logging.getLogger(__name__)

REAP_AFTER_SECONDS = 2.0
"""An editor that has just started a daemon has more urgent things to ask of it, and of the machine."""
Progress = Callable[[str, int | None], None]
"""Told what is being done now, and how far the whole is, in per cent."""


def no_progress(_message: str, _percentage: int | None) -> None:
    """Nobody wants to know."""


class TraceService:
    """What the ``trace/*`` requests about the current trace do.

    Parameters
    ----------
    owner
        Written beside the trace file: who holds it, and where that process can be reached.
    """

    def __init__(self, data: DataDirectory, owner: Owner) -> None:
        self.data = data
        self.owner = owner
        self.documents = DocumentStore()
        self.recorder: Recorder | None = None
        self.editor: Editor | None = None
        self.editor_settings: Mapping[str, Any] = {}
        self.sends_file_events = False
        self.watches_disk = True
        """A daemon watches; a command that takes a trace for a moment compares everything when it ends."""
        self.on_commit: Callable[[dict[str, int]], None] = lambda _moved: None
        self.on_status: Callable[[], None] = lambda: None
        self.on_message: Callable[[str], None] = lambda _message: None
        """Told in a sentence or two what a person should know."""
        self._last_finalize: FinalizeResult | None = None
        self._environment = EnvironmentAhead()
        self._lifecycle = asyncio.Lock()
        self._problem: str | None = None
        self._reaper: asyncio.Task[None] | None = None

    # --- opening --------------------------------------------------------------------------------------------

    def _writer(self, path: Path) -> TraceWriter:
        return TraceWriter(path, on_commit=lambda moved: self.on_commit(moved), on_problem=self._on_problem)

    def _on_problem(self, problem: str | None) -> None:
        if problem != self._problem:
            self._problem = problem
            self.on_status()

    def settings(self, workspace: Path | None) -> Settings:
        """Return the settings for a workspace, the editor's included."""
        return load_settings(workspace, editor=self.editor_settings)

    async def open_existing(self, trace_id: str, *, mark: str | None = None) -> Recorder:
        """Take a trace that is not finalized and go on with it.

        Raises
        ------
        LockedError
            Another process writes it.
        UsageError
            ``trace/unknown``.
        """
        path = self.data.existing_trace(trace_id)
        await self._mend(path)
        async with TraceReader(path) as reader:
            stored = await reader.trace()
            told_runs = await reader.told_runs()
            paused_at = await reader.last_mark("paused") if stored.state == "paused" else None
        # A process that died while it finalized left the trace open: it is recording again.
        state = stored.state if stored.state in ("recording", "paused") else "recording"
        writer = self._writer(path)
        await writer.open(self.owner)
        workspace = Workspace(stored.workspace)
        settings = self.settings(stored.workspace)
        capture = settings.capture
        gate = await asyncio.to_thread(make_gate, self.data, trace_id, workspace.root, settings)
        code, lost = await reopened_code(path, stored.header, workspace, self.data, capture, gate)
        recorder = Recorder(
            writer,
            stored.header,
            workspace,
            self.documents,
            capture,
            code=code,
            gate=gate,
            sends_file_events=self.sends_file_events,
            state=state,
            told_runs=told_runs,
            paused_at=paused_at,
        )
        self.recorder = recorder
        if mark is not None or state != stored.state:
            await recorder.set_state(state, mark)
        if mark == "daemon_restarted" and state == "recording":
            detail = "Changes made while no daemon ran are told as they stood afterwards, not step by step."
            await recorder.record("capture_gap", {"reason": mark, "detail": detail}, actor="tool")
        if lost is not None:
            await recorder.record("capture_gap", {"reason": "not_replayed", "detail": lost}, actor="tool")
        recorder.adopt_open_documents()
        self.data.remember_open_trace(workspace.root, trace_id)
        if self.watches_disk:
            recorder.watch_disk(self.data.home)
        self.on_status()
        return recorder

    async def _mend(self, path: Path) -> None:
        """Look whether a file is whole before it is written on; what is damaged is set aside and salvaged."""
        try:
            async with TraceReader(path) as reader:
                await reader.check()
                await reader.trace()
        except StoreError as error:
            if error.code not in DAMAGED:
                raise
            saved = await salvage(path, self.owner)
            logger.error("trace salvaged trace=%s read=%d lost=%d", path.stem, saved.read, saved.lost)
            self.on_message(
                f"The trace file {path.name} was damaged: {saved.read} events could be read, {saved.lost} or more are"
                f" lost. The damaged file is kept as {saved.aside}."
            )

    def current(self, trace_id: str | None) -> Recorder:
        """Return the current trace's recorder; ``trace/not-recording`` when there is none, or it is another."""
        if self.recorder is None:
            raise not_recording()
        if trace_id is not None and trace_id != self.recorder.trace_id:
            raise StateError(
                "trace/not-current",
                f"The trace {trace_id} is not the one that is open here ({self.recorder.trace_id}).",
                "Resume it first.",
            )
        return self.recorder

    # --- requests -------------------------------------------------------------------------------------------

    async def start(self, params: StartParams) -> StartResult:
        """Begin a trace of a folder."""
        folder = path_of_uri(params.workspace_uri)
        if folder is None or not folder.is_dir():
            raise InvalidParams("workspaceUri does not name a folder on this machine.", "Give a file: URI.")
        if (kind := network_file_system(self.data.traces)) is not None:
            raise StoreError(
                "store/network-home",
                f"The data directory {self.data.home} is on a network file system ({kind}), where events are not safe.",
                "Name a folder on a local disk with FIXTRAIL_HOME.",
            )
        async with self._lifecycle:
            if self.recorder is not None:
                raise StateError(
                    "trace/already-recording",
                    f"The trace {self.recorder.trace_id} is being recorded.",
                    "Finalize or discard it first.",
                )
            workspace = Workspace(folder)
            if (found := self.data.open_trace_of(workspace.root, exact=True)) and await self._is_open(found):
                raise StateError(
                    "trace/already-open",
                    f"The trace {found} of this folder is still open.",
                    "Resume, finalize or discard it first.",
                )
            settings = self.settings(workspace.root)
            test_command = params.test_command or settings.test_command or guess_test_command(workspace.root)
            if test_command is not None:
                try:
                    parse_test_command(test_command)
                except CommandError as error:
                    raise InvalidParams(str(error)) from None
            trace_id = new_id()
            gate = await asyncio.to_thread(make_gate, self.data, trace_id, workspace.root, settings)
            store = tree_store(
                workspace.root, self.data, trace_id, settings.capture, kept=params.consent.code, gate=gate
            )
            header, gap = await asyncio.to_thread(
                make_header, trace_id, workspace, params, test_command, self.data, self.editor, store, gate
            )
            code: CodeRecorder | None = None
            if gap is None and header.baseline is not None and (tree := header.baseline.tree) is not None:
                code = await asyncio.to_thread(fresh_code, workspace, store, tree, settings.capture)
            writer = self._writer(self.data.trace_path(trace_id))
            await writer.create(header, state="recording", workspace=workspace.root, owner=self.owner)
            recorder = Recorder(
                writer,
                header,
                workspace,
                self.documents,
                settings.capture,
                code=code,
                gate=gate,
                sends_file_events=self.sends_file_events,
            )
            self.recorder = recorder
            await recorder.record("session_mark", {"mark": "started"})
            if gap is not None:
                await recorder.record("capture_gap", {"reason": "baseline", "detail": gap}, actor="tool")
            recorder.adopt_open_documents()
            self.data.remember_open_trace(workspace.root, trace_id)
            if self.watches_disk:
                recorder.watch_disk(self.data.home)
                if params.consent.code and code is not None and header.baseline is not None and header.baseline.tree:
                    tree = header.baseline.tree
                    self._environment.begin(store, tree, trace_id, test_command, settings.sandbox)
        self.on_status()
        return StartResult(trace_id=trace_id, start_time=header.start_time)

    async def _is_open(self, trace_id: str) -> bool:
        async with TraceReader(self.data.existing_trace(trace_id)) as reader:
            return (await reader.trace()).state != "finalized"

    async def pause(self, params: TraceRefParams) -> StateResult:
        """Stop recording for a while."""
        async with self._lifecycle:
            recorder = self.current(params.trace_id)
            if recorder.state != "recording":
                raise StateError("trace/not-recording", f"The trace is {recorder.state}.", "Nothing was changed.")
            await recorder.set_state("paused", "paused")
        self.on_status()
        return StateResult(trace_id=recorder.trace_id, state="paused")

    async def resume(self, params: TraceRefParams) -> StateResult:
        """Go on after a pause, take a trace over from an earlier process, or reopen a finalized one."""
        async with self._lifecycle:
            if self.recorder is None:
                if params.trace_id is None:
                    raise not_recording()
                async with TraceReader(self.data.existing_trace(params.trace_id)) as reader:
                    finalized = (await reader.trace()).state == "finalized"
                recorder = await self.open_existing(params.trace_id, mark="reopened" if finalized else "resumed")
            else:
                recorder = self.current(params.trace_id)
                if recorder.state == "finalizing":
                    raise StateError("trace/finalizing", "The trace is being finalized.", "Cancel that first.")
            if recorder.state == "paused":
                await recorder.set_state("recording", "resumed")
        self.on_status()
        return StateResult(trace_id=recorder.trace_id, state="recording")

    async def reason(self, params: ReasonParams, *, surrogates: int = 0) -> ReasonResult:
        """Record a reasoning step; it is on the disk when this returns.

        ``surrogates`` says how many half characters were replaced in it already.
        """
        recorder = self.current(params.trace_id)
        if recorder.state == "paused":
            raise StateError("trace/paused", "Recording is paused.", "Resume it first.")
        data: dict[str, Any] = {"content": params.content}
        data |= {"refs": params.refs} if params.refs else {}
        data |= {"kind": params.kind} if params.kind else {}
        stored = await recorder.record("reasoning_step", data, timestamp=params.timestamp, surrogates=surrogates)
        assert stored is not None  # no consent class forbids what a developer writes down on purpose
        return ReasonResult(event_id=stored[0], seq=stored[1])

    async def set_consent(self, params: SetConsentParams) -> SetConsentResult:
        """Change what is allowed from now on."""
        async with self._lifecycle:
            recorder = self.current(params.trace_id)
            if recorder.state == "finalizing":
                raise StateError("trace/finalizing", "The trace is being finalized.", "Wait or cancel it.")
            consent = params.consent.to_document()
            before = recorder.header.consent
            await recorder.set_consent(consent)
            if before is not None and before.code != consent.code:
                # Contents kept under one consent are not mixed with what is seen under another.
                detail = "Consent to record code was changed here: the trace alone does not rebuild the code."
                await recorder.record("capture_gap", {"reason": "code_consent", "detail": detail}, actor="tool")
                await self._begin_code_anew(recorder)
        self.on_status()
        return SetConsentResult(trace_id=recorder.trace_id, consent=consent)

    async def _begin_code_anew(self, recorder: Recorder) -> None:
        """Go on with the code as it is now, and keep no contents of it."""
        capture = self.settings(recorder.workspace.root).capture
        gate = make_gate(self.data, recorder.trace_id, recorder.workspace.root, self.settings(recorder.workspace.root))
        store = tree_store(recorder.workspace.root, self.data, recorder.trace_id, capture, kept=False, gate=gate)
        try:
            tree = await asyncio.to_thread(store.write)
            code = await asyncio.to_thread(fresh_code, recorder.workspace, store, tree, capture)
        except FixtrailError:
            code = None
        await recorder.replace_code(code, self.data.home if self.watches_disk else None)

    async def forget(self, params: DeleteEventsParams) -> int:
        """Delete events of a trace, and what was made of them; return how many are gone."""
        async with self._lifecycle:
            if self.recorder is not None and params.trace_id in (None, self.recorder.trace_id):
                recorder = self.current(params.trace_id)
                if recorder.state == "finalizing":
                    raise StateError("trace/finalizing", "The trace is being finalized.", "Cancel that first.")
                recorder.cut_edits("event")
                deleted, code = await recorder.writer.delete(params.event_ids, params.since, params.until)
                trace_id = recorder.trace_id
                if deleted and forget_words(recorder.header.qa_results):
                    await recorder.set_state(recorder.state)
                    await recorder.writer.empty_log()
                if code:
                    await self._begin_code_anew(recorder)
            elif params.trace_id is None:
                raise not_recording()
            else:
                trace_id = params.trace_id
                deleted, code = await self._forget_closed(trace_id, params)
            if deleted:
                self.data.remove_exports(trace_id)
                self.data.judgement_path(trace_id).unlink(missing_ok=True)
            if code:
                self.data.remove_objects(trace_id)
        return deleted

    async def _forget_closed(self, trace_id: str, params: DeleteEventsParams) -> tuple[int, int]:
        path = self.data.existing_trace(trace_id)
        async with TraceReader(path) as reader:
            stored = await reader.trace()
        writer = self._writer(path)
        await writer.open(self.owner)
        try:
            deleted, code = await writer.delete(params.event_ids, params.since, params.until)
            proof = stored.header.reconstruction
            sealed = proof is not None and proof.seal is not None
            if deleted and (forget_words(stored.header.qa_results) or sealed):
                if proof is not None and proof.seal is not None:
                    if code:
                        proof.verified, proof.reason = None, "not_possible: changes of the code were deleted on purpose"
                    proof.seal = seal(writer.link, stored.header)
                await writer.write_header(stored.header, stored.state)
        finally:
            await writer.close()
        return deleted, code

    async def finalize(self, params: FinalizeParams, progress: Progress = no_progress) -> FinalizeResult:
        """Score the current trace and end it. Cancelled at any point, it leaves the trace open."""
        from fixtrail.finalize import finalize_trace

        async with self._lifecycle:
            recorder = self.current(params.trace_id)
            before = recorder.state
            if before == "finalizing":
                raise StateError("trace/finalizing", "The trace is being finalized already.", "Wait or cancel it.")
            recorder.cut_edits("finalize")
            recorder.state = "finalizing"
        self.on_status()
        try:
            settings = self.settings(recorder.workspace.root)
            result = await finalize_trace(recorder, self.data, settings, progress, resume_state=before)
        except BaseException:
            recorder.state = before
            self.on_status()
            raise
        self._last_finalize = result
        self.recorder = None
        await self._environment.end()
        self.data.forget_open_trace(recorder.workspace.root)
        self.on_status()
        return result

    async def discard(self, params: TraceRefParams) -> DiscardResult:
        """Delete a trace and everything made of it."""
        async with self._lifecycle:
            if self.recorder is not None and params.trace_id in (None, self.recorder.trace_id):
                recorder = self.recorder
                if recorder.state == "finalizing":
                    raise StateError("trace/finalizing", "The trace is being finalized.", "Cancel that first.")
                self.recorder = None
                await self._environment.end()
                trace_id = recorder.trace_id
                await recorder.close()
                self.data.forget_open_trace(recorder.workspace.root)
            elif params.trace_id is None:
                raise not_recording()
            else:
                trace_id = params.trace_id
                writer = TraceWriter(self.data.existing_trace(trace_id))
                await writer.open(self.owner)  # nobody else may be writing it
                await writer.close()
            self.data.remove_trace(trace_id)
        self.on_status()
        return DiscardResult(trace_id=trace_id)

    def status(self) -> Status:
        """Say what is being recorded now."""
        last = self._last_finalize.qa_results if self._last_finalize else None
        recorder = self.recorder
        if recorder is None:
            return Status(last_finalize=last, problem=self._problem)
        writer = recorder.writer
        return Status(
            trace_id=recorder.trace_id,
            state=cast("RecordingState", recorder.state),
            events=writer.events,
            gaps=writer.gaps,
            unsent=writer.pending,
            workspace=str(recorder.workspace.root),
            start_time=recorder.header.start_time,
            consent=recorder.header.consent,
            streams=dict(writer.streams),
            last_finalize=last,
            problem=self._problem,
        )

    async def _reap(self) -> None:
        from fixtrail.qa.sandbox import reap_until_none_is_left

        await asyncio.sleep(REAP_AFTER_SECONDS)
        await reap_until_none_is_left()

    async def tidy(self) -> None:
        """Remove what killed daemons left in the engine, and traces that are older than the user wants to keep them."""
        self._reaper = asyncio.create_task(self._reap())
        days = self.settings(None).retention_days
        if days is None:
            return
        done = await asyncio.to_thread(lambda: purge_traces(self.data, older_than(self.data, days)))
        logger.info("retention removed=%d", len(done.removed))

    async def close(self) -> None:
        """Store everything that is pending and let the trace go, still open for the next process."""
        ended = asyncio.create_task(self._environment.end())
        if self._reaper is not None:
            self._reaper.cancel()
        if self.recorder is not None:
            recorder, self.recorder = self.recorder, None
            await recorder.close()
        await ended
