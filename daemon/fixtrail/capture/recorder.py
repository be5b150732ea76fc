"""Records one workspace into one trace: takes what the editor tells, hands rows to the store in order.

Nothing here waits: the editor is never slowed. Diffs, gates and JSON are made on the writer's thread.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import uuid_utils
from fixtrail_protocol.base import now
from fixtrail_protocol.events import EventIn
from fixtrail_protocol.trace import TraceHeader
from pydantic import TypeAdapter, ValidationError

from fixtrail.capture.documents import Document, DocumentStore
from fixtrail.capture.edits import Cut, EditTracker, PendingEdit
from fixtrail.capture.output import clean
from fixtrail.capture.paths import Workspace
from fixtrail.capture.test_results import FinishedCommand, derive_test_result
from fixtrail.capture.text import bound, scrub
from fixtrail.privacy.consent import apply_consent
from fixtrail.settings import CaptureSettings
from fixtrail.store.batch import Batch, Row
from fixtrail.store.writer import TraceWriter

logger = logging.getLogger(__name__)

SURROGATE_RULE = "lone-surrogate"
"""Redaction rule of half an emoji: an editor can send one, UTF-8 cannot hold it, so it becomes U+FFFD."""

_EVENT: TypeAdapter[Any] = TypeAdapter(EventIn)


def explain(error: ValidationError) -> str:
    """Say in one line what is wrong and where, without quoting the input: it may be private."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).replace(repr(first["input"]), "it") if isinstance(first["input"], str) else first["msg"]
    return f"{place}: {message}" if place else str(message)


class Recorder:
    """One trace being recorded.

    Parameters
    ----------
    sends_file_events
        The editor says itself what is looked at; else ``didOpen`` and ``didClose`` are taken for it.
    """

    def __init__(
        self,
        writer: TraceWriter,
        header: TraceHeader,
        workspace: Workspace,
        documents: DocumentStore,
        settings: CaptureSettings,
        *,
        sends_file_events: bool = False,
        state: str = "recording",
    ) -> None:
        self.writer = writer
        self.header = header
        self.workspace = workspace
        self.state = state
        self._documents = documents
        self._settings = settings
        self._sends_file_events = sends_file_events
        self._streams = dict(writer.streams)
        self._edits = EditTracker(workspace, settings.max_file_bytes, self._submit_edit)
        self._pause_timer: asyncio.TimerHandle | None = None

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
        opened = self._edits.opened if self.recording else self._edits.opened_unrecorded
        for document in self._documents.documents.values():
            if (path := self.workspace.of_uri(document.uri)) is not None:
                opened(path, document)

    def did_open(self, document: Document) -> None:
        """A document was opened."""
        path = self.workspace.of_uri(document.uri)
        if path is None:
            return
        if not self.recording:
            self._edits.opened_unrecorded(path, document)
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
        self._cut_document(document, "save")

    def did_close(self, document: Document) -> None:
        """A document was closed."""
        self._cut_document(document, "close")
        path = self.workspace.of_uri(document.uri)
        if path is not None and self.recording and not self._sends_file_events:
            self._submit_own("file_close", {"file_path": path})

    def _cut_document(self, document: Document, why: Cut) -> None:
        path = self.workspace.of_uri(document.uri)
        if path is not None and self.recording:
            self._edits.cut(path, why)

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

    def _submit_edit(self, edit: PendingEdit) -> None:
        def prepare() -> list[Row]:
            try:
                data, replaced = edit.data()
            except (ValueError, RecursionError, MemoryError) as error:
                logger.error("edit not compared trace=%s error=%s", self.trace_id, type(error).__name__)
                return self._gap("edit_not_compared", "An edit could not be compared with the text before it.")
            if data is None:
                return []
            return self._rows(new_id(), "code_edit", edit.timestamp, "developer", data, surrogates=replaced)

        self.writer.submit(Batch(prepare=prepare))

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
        fresh = events[known + 1 - first_seq :]
        if not fresh:
            return self.writer.streams.get(stream, 0)
        self._streams[stream] = last = known + len(fresh)
        self.writer.submit(
            Batch(
                prepare=lambda: [row for raw in fresh for row in self._rows_or_gap(raw, scrubbed=scrubbed)],
                size=len(fresh),
                stream=stream,
                stream_seq=last,
            )
        )
        return None

    def _rows_or_gap(self, raw: Mapping[str, Any], *, scrubbed: bool) -> list[Row]:
        try:
            return self._rows_of(raw, scrubbed=scrubbed)
        except (TypeError, ValueError, RecursionError):
            # JSON that can be read and not written: nested too deep, or with a number beyond 64 bits.
            return self._gap("invalid_event", "An event could not be stored: it cannot be written as JSON.")

    def _rows_of(self, raw: Mapping[str, Any], *, scrubbed: bool) -> list[Row]:
        surrogates = 0
        if scrubbed:
            raw, surrogates = scrub(raw)
        try:
            _EVENT.validate_python(raw)
        except ValidationError as error:
            return self._gap("invalid_event", f"An event could not be read: {explain(error)}.")
        data = raw["data"]
        path = data.get("file_path")
        if path is not None and not self.workspace.holds(path):
            return self._gap("path_outside", "An event named a file that lies outside the folder that is recorded.")
        return self._rows(
            raw.get("event_id") or new_id(),
            raw["event_type"],
            raw["timestamp"],
            raw.get("actor") or "developer",
            data,
            surrogates=surrogates,
        )

    def _gap(self, reason: str, detail: str) -> list[Row]:
        return self._rows(new_id(), "capture_gap", now(), "tool", {"reason": reason, "detail": detail})

    # --- own events ------------------------------------------------------------------------------------------

    def _submit_own(self, event_type: str, data: Mapping[str, Any], *, actor: str = "developer") -> None:
        timestamp = now()
        self.writer.submit(Batch(prepare=lambda: self._rows(new_id(), event_type, timestamp, actor, data)))

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
        event_id, moment = new_id(), timestamp or now()
        clean, found = scrub(dict(data))
        surrogates += found
        _EVENT.validate_python({"event_type": event_type, "timestamp": moment, "data": clean})
        numbers = await self.writer.append(
            lambda: self._rows(event_id, event_type, moment, actor, clean, surrogates=surrogates)
        )
        return (event_id, numbers[0]) if numbers else None

    # --- state -----------------------------------------------------------------------------------------------

    async def set_state(self, state: str, mark: str | None = None) -> None:
        """Change the state, with a ``session_mark`` where one is given, and store both."""
        if self.recording and state != "recording":
            self.cut_edits("event")
        missed: list[str] = []
        if state == "recording" and self.state == "paused":
            missed = self._edits.forget_changes()
        if mark is not None:
            self._submit_own("session_mark", {"mark": mark})
        for path in missed:
            gap = {"reason": "paused", "detail": "The file was changed while recording was paused.", "file_path": path}
            self._submit_own("capture_gap", gap, actor="tool")
        self.state = state
        await self.writer.write_header(self.header, state)

    async def close(self, why: Cut = "close") -> None:
        """Close open bursts, store everything, give the file back."""
        if self._pause_timer is not None:
            self._pause_timer.cancel()
            self._pause_timer = None
        self.cut_edits(why)
        await self.writer.close()

    # --- rows ------------------------------------------------------------------------------------------------

    def _rows(
        self,
        event_id: str,
        event_type: str,
        timestamp: str,
        actor: str,
        data: Mapping[str, Any],
        *,
        surrogates: int = 0,
    ) -> list[Row]:
        """Pass an event through the gates and make it storable; a command that ran tests gives a second row."""
        rows: list[Row] = []
        derived: dict[str, Any] | None = None
        if event_type == "terminal_command":
            data = self._plain_output(data)
            derived = self._test_result(data, event_id, timestamp)
        consent = self.header.consent
        allowed = apply_consent(event_type, data, consent) if consent is not None else data
        if allowed is not None:
            redactions = [{"rule": SURROGATE_RULE, "count": surrogates}] if surrogates else None
            rows.append(
                Row(
                    event_id,
                    event_type,
                    timestamp,
                    actor,
                    orjson.dumps(allowed).decode(),
                    orjson.dumps(redactions).decode() if redactions else None,
                )
            )
        if derived is not None:
            rows += self._rows(new_id(), "test_result", timestamp, "tool", derived)
        return rows

    def _plain_output(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        output = data.get("output")
        if not output:
            return data
        plain = clean(output) if "\x1b" in output else output
        kept, dropped = bound(plain, self._settings.output_bytes)
        if kept is output:
            return data
        return {**data, "output": kept, "truncated": data.get("truncated", 0) + dropped}

    def _test_result(self, data: Mapping[str, Any], event_id: str, timestamp: str) -> dict[str, Any] | None:
        finished = FinishedCommand(
            command=data["command"],
            cwd=data.get("cwd"),
            output=data.get("output"),
            exit_code=data.get("exit_code"),
            started=datetime.fromisoformat(timestamp),
            duration_ms=data.get("duration_ms"),
        )
        found = derive_test_result(self.workspace.root, finished)
        return found | {"command_event_id": event_id} if found else None


def new_id() -> str:
    """Return a new UUIDv7."""
    return str(uuid_utils.uuid7())
