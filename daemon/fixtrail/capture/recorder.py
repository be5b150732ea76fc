"""Records one workspace into one trace: takes what the editor tells, hands rows to the store in order.

Nothing here waits: the editor is never slowed. Diffs, gates and JSON are made on the writer's thread.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fixtrail_protocol.base import now
from fixtrail_protocol.trace import Consent, TraceHeader

from fixtrail.capture.causes import Causes, cause_of
from fixtrail.capture.clocks import ClockWatch
from fixtrail.capture.code import CodeRecorder, Look, Made, OpenText
from fixtrail.capture.disk import DiskSource
from fixtrail.capture.documents import Document, DocumentStore
from fixtrail.capture.edits import Burst, Cut, EditTracker
from fixtrail.capture.paths import Workspace
from fixtrail.capture.rows import EVENT, Rows, new_id
from fixtrail.capture.text import scrub
from fixtrail.errors import FixtrailError
from fixtrail.privacy.consent import told
from fixtrail.privacy.gate import Gate
from fixtrail.settings import CaptureSettings
from fixtrail.store.batch import Batch, Row
from fixtrail.store.writer import TraceWriter

logger = logging.getLogger(__name__)

_TELLING = ("terminal_command", "file_create", "file_rename", "file_delete")
"""Events of the editor that say something about files on the disk."""


class Recorder:
    """One trace being recorded.

    Parameters
    ----------
    code
        Turns what happens to files into events; None where there is no git to compare with.
    gate
        Takes secrets out of every event; None: nothing is taken out.
    sends_file_events
        The editor says itself what is looked at; else ``didOpen`` and ``didClose`` are taken for it.
    told_runs
        As :class:`~fixtrail.capture.rows.Rows` has it.
    paused_at
        When an earlier process paused the trace, where it is paused.
    """

    def __init__(
        self,
        writer: TraceWriter,
        header: TraceHeader,
        workspace: Workspace,
        documents: DocumentStore,
        settings: CaptureSettings,
        *,
        code: CodeRecorder | None = None,
        gate: Gate | None = None,
        sends_file_events: bool = False,
        state: str = "recording",
        told_runs: Sequence[tuple[str, str | None]] = (),
        paused_at: str | None = None,
    ) -> None:
        self.writer = writer
        self.header = header
        self.workspace = workspace
        self.state = state
        self._documents = documents
        self._settings = settings
        self._sends_file_events = sends_file_events
        self._streams = dict(writer.streams)
        self._rows = Rows(workspace, header.consent, settings, gate, told_runs)
        self.code = code
        self.gate = gate
        self._edits = EditTracker(self._submit_edit)
        self._causes = Causes()
        self._clocks = ClockWatch()
        self._disk = DiskSource(code, self._open_texts, self._submit_look, self._watch_failed) if code else None
        self._pause_timer: asyncio.TimerHandle | None = None
        self._paused_at = datetime.fromisoformat(paused_at) if paused_at is not None else None

    @property
    def trace_id(self) -> str:
        """Id of the trace."""
        return self.header.trace_id

    @property
    def recording(self) -> bool:
        """Whether events are taken now."""
        return self.state == "recording"

    # --- documents -------------------------------------------------------------------------------------------

    def adopt_open_documents(self) -> None:
        """Take over what the editor has open: unsaved text that differs from the disk is the first edit."""
        if self.recording:
            for document in self._documents.documents.values():
                if (path := self.workspace.of_uri(document.uri)) is not None:
                    self._edits.opened(path, document)

    def did_open(self, document: Document) -> None:
        """A document was opened."""
        path = self.workspace.of_uri(document.uri)
        if path is None or not self.recording:
            return
        self.cut_edits("leave")
        if not self._sends_file_events:
            data = {"file_path": path, "language_id": document.language_id}
            self._submit_own("file_open", data)
        self._edits.opened(path, document)

    def did_change(self, document: Document) -> None:
        """A document was typed in."""
        path = self.workspace.of_uri(document.uri)
        if path is None:
            return
        self._edits.changed(path, document)
        if self._pause_timer is None and self.recording:
            self._arm_pause_timer()

    def did_save(self, document: Document) -> None:
        """A document was saved."""
        path = self.workspace.of_uri(document.uri)
        if path is not None and self.recording:
            self._edits.saved(path, document)

    def did_close(self, document: Document) -> None:
        """A document was closed: text that was not saved is gone."""
        path = self.workspace.of_uri(document.uri)
        if path is None or not self.recording:
            return
        self._edits.closed(path)
        self._submit_code(lambda code: code.closed(path, ()), now())
        if not self._sends_file_events:
            self._submit_own("file_close", {"file_path": path})

    def _open_texts(self, paths: frozenset[str] | None) -> dict[str, OpenText]:
        """Return the texts of open documents as they are now; None means all."""
        found = {}
        for document in self._documents.documents.values():
            path = self.workspace.of_uri(document.uri)
            if path is not None and (paths is None or path in paths):
                found[path] = OpenText(list(document.lines), self._edits.typed(path))
        return found

    def _arm_pause_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._pause_timer = loop.call_later(self._settings.edit_pause_seconds, self._on_pause)

    def _on_pause(self) -> None:
        self._pause_timer = None
        if self.recording:
            self._edits.cut_all("pause", idle_since=time.time() - self._settings.edit_pause_seconds)
            if self._edits.dirty:
                self._arm_pause_timer()

    def cut_edits(self, why: Cut) -> None:
        """Close every burst of typing: something else happens now."""
        if self._edits.dirty and self.recording:
            self._edits.cut_all(why)

    def _submit_edit(self, burst: Burst) -> None:
        commands = self._causes.known()
        self._submit_code(
            lambda code: code.edited(burst.path, burst.lines, burst.cut, burst.moment, commands), burst.timestamp
        )

    def _submit_code(self, make: Callable[[CodeRecorder], list[Made]], timestamp: str) -> None:
        """Let the code recorder make events, on the writer's thread and in order."""
        code = self.code
        if code is None:
            return

        def prepare() -> list[Row]:
            try:
                made = make(code)
            except FixtrailError as error:
                return self._rows.gap("not_compared", f"A change could not be compared with what was there: {error}")
            except (OSError, ValueError, RecursionError, MemoryError) as error:
                logger.exception("change not compared trace=%s", self.trace_id)
                return self._rows.gap("not_compared", f"A change could not be compared ({type(error).__name__}).")
            return [
                row
                for event in made
                for row in self._rows.make(
                    new_id(), event.event_type, timestamp, event.actor, event.data, surrogates=event.surrogates
                )
            ]

        self.writer.submit(Batch(prepare=prepare))

    # --- the disk --------------------------------------------------------------------------------------------

    def watch_disk(self, home: Path) -> None:
        """Begin to see what happens beside the editor; ``home`` is ours and never looked at."""
        if self._disk is not None and self.recording:
            self._disk.start(home)

    def _submit_look(self, look: Look) -> None:
        if self.recording or look.everything:
            look = replace(look, commands=self._causes.known())
            self._submit_code(lambda code: code.look(look), now())

    def _watch_failed(self, sentence: str) -> None:
        detail = f"{sentence} Changes beside the editor are found when recording ends, not as they happen."
        self._submit_own("capture_gap", {"reason": "disk_not_watched", "detail": detail}, actor="tool")

    def command_started(self, event_id: str, *, agent: bool = False, timestamp: str | None = None) -> None:
        """A command begins; what changes on the disk until its event arrives is its doing."""
        self.cut_edits("event")
        when = datetime.fromisoformat(timestamp).timestamp() if timestamp else None
        self._causes.began(event_id, agent=agent, when=when)

    def _notice(self, raw: Mapping[str, Any]) -> None:
        """See in an event of the editor what it means for files: a command's end, a file moved by hand."""
        if not isinstance(data := raw.get("data"), Mapping):
            return  # the writer says that it can't be read
        kind = raw.get("event_type")
        if kind == "terminal_command" and isinstance(raw.get("event_id"), str):
            self._causes.ended(raw["event_id"])
        elif kind != "terminal_command":
            paths = [path for key in ("file_path", "old_path") if isinstance(path := data.get(key), str)]
            inside = frozenset(path for path in paths if self.workspace.relative(self.workspace.root / path))
            if inside:
                self._submit_look(Look(inside, time.time(), actor="developer", open=self._open_texts(inside)))

    async def settle(self) -> None:
        """Compare the whole workspace with what is recorded, so that nothing the watcher missed stays unsaid."""
        self.cut_edits("event")
        if self.code is not None:
            shown = frozenset(self._open_texts(None))
            for path in [path for path in self.code.state.unsaved if path not in shown]:
                self._submit_code(lambda code, path=path: code.closed(path, ()), now())  # type: ignore[misc]
            self._submit_look(Look(moment=time.time(), everything=True, open=self._open_texts(None)))
        await self.writer.flush()

    # --- events from the editor ------------------------------------------------------------------------------

    def receive(
        self, stream: str, first_seq: int, events: Sequence[Mapping[str, Any]], *, scrubbed: bool
    ) -> int | None:
        """Take a batch of a numbered stream.

        Parameters
        ----------
        events
            Raw, each shaped as :data:`~fixtrail_protocol.events.EventIn`; one that is not becomes a ``capture_gap``.
        scrubbed
            The batch may hold lone surrogates.

        Returns
        -------
        int or None
            A number to acknowledge at once: the batch brought nothing new, or does not follow on what is known
            (the sender goes back to the number after it). None: the acknowledgement comes with the commit.
        """
        known = self._streams.get(stream, 0)
        if first_seq > known + 1:
            return self.writer.streams.get(stream, 0)
        self.cut_edits("event")
        self._tell_clocks()
        fresh = [self._with_command(raw) for raw in events[known + 1 - first_seq :]]
        if not fresh:
            return self.writer.streams.get(stream, 0)
        self._streams[stream] = last = known + len(fresh)
        if self.state == "paused":
            fresh = [raw for raw in fresh if not self._is_of_pause(raw)]
        self.writer.submit(
            Batch(
                prepare=lambda: [row for raw in fresh for row in self._rows.of_raw(raw, scrubbed=scrubbed)],
                size=len(fresh),
                stream=stream,
                stream_seq=last,
            )
        )
        for raw in fresh:
            if type(raw) is dict and raw.get("event_type") in _TELLING:
                self._notice(raw)
        return None

    def _is_of_pause(self, raw: Mapping[str, Any]) -> bool:
        """Whether an event is of the time in which nothing is recorded; one from before it may come late."""
        if self._paused_at is None:  # the mark of the pause was deleted: what was not sent yet may be older
            return False
        try:
            of_pause = datetime.fromisoformat(raw["timestamp"]) >= self._paused_at
        except (KeyError, TypeError, ValueError):
            return False  # the writer says that it can't be read
        if of_pause and isinstance(event_id := raw.get("event_id"), str):
            self._causes.ended(event_id)
        return of_pause

    def _with_command(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Name the command that ran the tests, where a run tells of itself and does not know."""
        if type(raw) is not dict or raw.get("event_type") != "test_result" or type(data := raw.get("data")) is not dict:
            return raw
        if data.get("source") != "pytest" or data.get("command_event_id"):
            return raw
        try:
            began = datetime.fromisoformat(raw["timestamp"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return raw  # the writer says that it can't be read
        command = cause_of(began, self._causes.known())[1]
        return {**raw, "data": {**data, "command_event_id": command}} if command else raw

    # --- own events ------------------------------------------------------------------------------------------

    def _submit_own(self, event_type: str, data: Mapping[str, Any], *, actor: str = "developer") -> None:
        timestamp = now()
        self.writer.submit(Batch(prepare=lambda: self._rows.make(new_id(), event_type, timestamp, actor, data)))

    def _tell_clocks(self) -> None:
        """Mark where the wall clock was set or the machine slept: durations over it mislead."""
        for mark, detail in self._clocks.noticed():
            self._submit_own("session_mark", {"mark": mark, "detail": detail}, actor="tool")

    async def record(
        self,
        event_type: str,
        data: Mapping[str, Any],
        *,
        timestamp: str | None = None,
        actor: str = "developer",
        surrogates: int = 0,
    ) -> tuple[str, int] | None:
        """Store one event and return its id and number once it is on the disk; None when consent forbids it."""
        self.cut_edits("event")
        self._tell_clocks()
        event_id, moment = new_id(), timestamp or now()
        clean, found = scrub(dict(data))
        surrogates += found
        EVENT.validate_python({"event_type": event_type, "timestamp": moment, "data": clean})
        numbers = await self.writer.append(
            lambda: self._rows.make(event_id, event_type, moment, actor, clean, surrogates=surrogates)
        )
        return (event_id, numbers[0]) if numbers else None

    # --- state -----------------------------------------------------------------------------------------------

    async def set_state(self, state: str, mark: str | None = None) -> None:
        """Change the state, with a ``session_mark`` where one is given, and store both."""
        if self.recording and state == "paused":
            # To the millisecond, as events are told: one that was made before is not refused.
            self._paused_at = datetime.fromisoformat(now())
            await self.settle()
        elif self.recording and state != "recording":
            self.cut_edits("event")
        resumed = state == "recording" and self.state == "paused"
        if mark is not None:
            self._submit_own("session_mark", {"mark": mark})
        if resumed:
            self._tell_pause()
        self.state = state
        if self._disk is not None:
            self._disk.hold(state == "paused")
        await self.writer.write_header(self.header, state)

    async def set_consent(self, consent: Consent) -> None:
        """Change what is allowed, for all that comes after this moment."""
        await self.settle()
        header = self.header.model_copy(deep=True)
        header.consent = consent
        self.writer.submit(Batch(prepare=lambda: self._rows.allow(consent)))
        self._submit_own("session_mark", {"mark": "consent_changed", "detail": told(consent)})
        self.header = header
        await self.writer.write_header(header, self.state)

    async def replace_code(self, code: CodeRecorder | None, home: Path | None) -> None:
        """Follow the code with another recorder from now on; ``home`` as :meth:`watch_disk` has it, None: no watch."""
        if self._disk is not None:
            self._disk.stop()
        await self.writer.flush()
        before, self.code = self.code, code
        self._disk = DiskSource(code, self._open_texts, self._submit_look, self._watch_failed) if code else None
        if before is not None:
            await asyncio.to_thread(before.close)
        if self._disk is not None and home is not None:
            self._disk.start(home)
            self._disk.hold(self.state == "paused")

    def _tell_pause(self) -> None:
        """Say what changed while nothing was recorded: the files and the tree, not what was done to them."""
        for path in self._edits.forget():
            gap = {"reason": "paused", "detail": "The file was changed while recording was paused.", "file_path": path}
            self._submit_own("capture_gap", gap, actor="tool")
        look = Look(moment=time.time(), everything=True, reason="paused")
        self._submit_code(lambda code: code.look(look), now())
        for path, shown in self._open_texts(None).items():
            lines = shown.lines
            self._submit_code(lambda code, p=path, t=lines: code.edited(p, t, "start", 0.0, silent=True), now())  # type: ignore[misc]

    async def close(self, why: Cut = "close") -> None:
        """Close open bursts, store everything, give the file back."""
        if self._pause_timer is not None:
            self._pause_timer.cancel()
            self._pause_timer = None
        self.cut_edits(why)
        if self._disk is not None:
            self._disk.stop()
        await self.writer.close()
        if self.code is not None:
            await asyncio.to_thread(self.code.close)
