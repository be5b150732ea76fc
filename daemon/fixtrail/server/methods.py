"""Which method calls what: parses params into models, answers with models. Handlers are thin."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import orjson
from fixtrail_protocol.base import RpcModel
from fixtrail_protocol.rpc import (
    REQUESTS,
    CommandStartedParams,
    DeleteEventsParams,
    EventsParams,
    ExportParams,
    FinalizeParams,
    GetParams,
    ListParams,
    ReasonParams,
    SetConsentParams,
    StartParams,
    Status,
    StatusParams,
    TraceRefParams,
    UploadParams,
)
from pydantic import BaseModel, ValidationError

from fixtrail.capture.rows import explain
from fixtrail.capture.text import scrub
from fixtrail.errors import InvalidParams
from fixtrail.server.connection import Connection
from fixtrail.server.library import Library
from fixtrail.server.names import REQUEST_NAMES
from fixtrail.server.progress import WorkDone
from fixtrail.server.service import TraceService

HIGH_WATER = 20_000
"""Events waiting for the disk at which a sender is asked to wait (by not reading from it)."""
LOW_WATER = 5_000
STATUS_SECONDS = 0.25
"""Counts are told to the editor at most this often."""

P = TypeVar("P", bound=RpcModel)


def parse(model: type[P], params: Any) -> P:
    """Validate params, half characters (lone surrogates) replaced; what is wrong is said without quoting the input.

    Raises
    ------
    InvalidParams
        They are not what the method takes.
    """
    try:
        return model.model_validate({} if params is None else scrub(params)[0])
    except ValidationError as error:
        raise InvalidParams(f"The parameters are not valid: {explain(error)}.") from None


def encode(result: BaseModel) -> bytes:
    """Write a result as JSON, camelCase where the contract has it."""
    return result.model_dump_json(by_alias=True).encode()


class Methods:
    """Dispatches the ``trace/*`` messages of any number of connections to one service."""

    def __init__(self, service: TraceService) -> None:
        self.service = service
        self.library = Library(service)
        self._connections: set[Connection] = set()
        self._senders: dict[str, Connection] = {}
        self._held: set[Connection] = set()
        self._status_timer: asyncio.TimerHandle | None = None
        service.on_commit = self._acknowledge
        service.on_status = self.send_status
        service.on_message = self._show
        self.notifications: Mapping[str, Callable[[Connection, Any, bool], None]] = {
            "trace/events": self._events,
            "trace/commandStarted": self._command_started,
            "textDocument/didOpen": self._did_open,
            "textDocument/didChange": self._did_change,
            "textDocument/didSave": self._did_save,
            "textDocument/didClose": self._did_close,
        }
        own: dict[str, Callable[[Connection, Any], Awaitable[bytes]]] = {
            "trace/start": self._request(StartParams, service.start),
            "trace/pause": self._request(TraceRefParams, service.pause),
            "trace/resume": self._request(TraceRefParams, service.resume),
            "trace/discard": self._request(TraceRefParams, service.discard),
            "trace/status": self._status,
            "trace/list": self._request(ListParams, self.library.list_traces),
            "trace/get": self._get,
            "trace/reason": self._reason,
            "trace/deleteEvents": self._request(DeleteEventsParams, self.library.delete_events),
            "trace/setConsent": self._request(SetConsentParams, service.set_consent),
            "trace/finalize": self._finalize,
            "trace/export": self._request(ExportParams, self.library.export),
            "trace/upload": self._request(UploadParams, self.library.upload),
        }
        assert own.keys() == REQUESTS.keys() == set(REQUEST_NAMES)
        self.requests: Mapping[str, Callable[[Connection, Any], Awaitable[bytes]]] = {
            **own,
            "workspace/executeCommand": self._execute_command,
        }
        self.commands = {name.replace("/", "."): handler for name, handler in own.items()}
        """The same requests as LSP commands: ``trace.finalize`` with the params as the only argument."""

    # --- connections ----------------------------------------------------------------------------------------

    def connected(self, connection: Connection) -> None:
        """A connection was made."""
        self._connections.add(connection)

    def disconnected(self, connection: Connection) -> None:
        """A connection was lost."""
        self._connections.discard(connection)
        self._held.discard(connection)
        self._senders = {stream: sender for stream, sender in self._senders.items() if sender is not connection}

    # --- hot notifications ----------------------------------------------------------------------------------

    def _events(self, connection: Connection, params: Any, scrubbed: bool) -> None:
        try:
            stream, first, events = params["stream"], params["firstSeq"], params["events"]
            plain = (
                len(params) == 3
                and type(stream) is str
                and 0 < len(stream) <= 128
                and type(first) is int
                and first > 0
                and type(events) is list
            )
        except (TypeError, KeyError):
            plain = False
        if not plain:
            parse(EventsParams, params)  # says what is wrong with the envelope
        recorder = self.service.recorder
        if recorder is None:
            return
        now = recorder.receive(stream, first, events, scrubbed=scrubbed)
        if now is not None:
            if events:
                connection.notify("trace/recorded", {"stream": stream, "seq": now})
            return
        self._senders[stream] = connection
        if recorder.writer.pending > HIGH_WATER and connection not in self._held:
            self._held.add(connection)
            connection.hold()

    def _command_started(self, _connection: Connection, params: Any, _scrubbed: bool) -> None:
        wanted = parse(CommandStartedParams, params)
        if self.service.recorder is not None and self.service.recorder.recording:
            self.service.recorder.command_started(wanted.event_id, agent=wanted.agent, timestamp=wanted.timestamp)

    def _did_open(self, connection: Connection, params: Any, _scrubbed: bool) -> None:
        item = params["textDocument"]
        document = self.service.documents.open(
            item["uri"], item["text"], language_id=item.get("languageId"), version=item.get("version", 0)
        )
        if self.service.recorder is not None:
            self.service.recorder.did_open(document)

    def _did_change(self, connection: Connection, params: Any, _scrubbed: bool) -> None:
        item = params["textDocument"]
        document = self.service.documents.change(item["uri"], params["contentChanges"], item.get("version") or 0)
        if document is not None and self.service.recorder is not None:
            self.service.recorder.did_change(document)

    def _did_save(self, connection: Connection, params: Any, _scrubbed: bool) -> None:
        document = self.service.documents.documents.get(params["textDocument"]["uri"])
        if document is not None and self.service.recorder is not None:
            self.service.recorder.did_save(document)

    def _did_close(self, connection: Connection, params: Any, _scrubbed: bool) -> None:
        document = self.service.documents.close(params["textDocument"]["uri"])
        if document is not None and self.service.recorder is not None:
            self.service.recorder.did_close(document)

    def _acknowledge(self, moved: dict[str, int]) -> None:
        for stream, seq in moved.items():
            if (sender := self._senders.get(stream)) is not None:
                sender.notify("trace/recorded", {"stream": stream, "seq": seq})
        recorder = self.service.recorder
        if self._held and (recorder is None or recorder.writer.pending < LOW_WATER):
            held, self._held = self._held, set()
            for connection in held:
                connection.release()
        if self._status_timer is None:
            self._status_timer = asyncio.get_running_loop().call_later(STATUS_SECONDS, self.send_status)

    def _show(self, message: str) -> None:
        for connection in self._connections:
            connection.notify("window/showMessage", {"type": 2, "message": message})

    def send_status(self) -> None:
        """Tell every editor what is being recorded."""
        if self._status_timer is not None:
            self._status_timer.cancel()
            self._status_timer = None
        body = self.service.status().model_dump(mode="json", by_alias=True)
        for connection in self._connections:
            connection.notify("trace/statusChanged", body)

    # --- requests -------------------------------------------------------------------------------------------

    def _request(
        self, model: type[P], call: Callable[[P], Awaitable[BaseModel]]
    ) -> Callable[[Connection, Any], Awaitable[bytes]]:
        async def answer(_connection: Connection, params: Any) -> bytes:
            return encode(await call(parse(model, params)))

        return answer

    async def _status(self, _connection: Connection, params: Any) -> bytes:
        parse(StatusParams, params)
        status: Status = self.service.status()
        return encode(status)

    async def _get(self, _connection: Connection, params: Any) -> bytes:
        return orjson.dumps(await self.library.get(parse(GetParams, params)))

    async def _reason(self, _connection: Connection, params: Any) -> bytes:
        clean, replaced = scrub(params)
        return encode(await self.service.reason(parse(ReasonParams, clean), surrogates=replaced))

    async def _finalize(self, connection: Connection, params: Any) -> bytes:
        wanted = parse(FinalizeParams, params)
        with WorkDone(connection, wanted.work_done_token, "Finalizing the trace") as work:
            return encode(await self.service.finalize(wanted, work.report))

    async def _execute_command(self, connection: Connection, params: Any) -> bytes:
        command = params.get("command") if isinstance(params, dict) else None
        handler = self.commands.get(command) if isinstance(command, str) else None
        if handler is None:
            raise InvalidParams(f"There is no command {command!r}.", "The server's capabilities name them all.")
        arguments = params.get("arguments") or [None]
        if not isinstance(arguments, list) or len(arguments) != 1:
            raise InvalidParams(f"{command} takes one argument: the parameters as an object.")
        # Lua writes an empty table as an empty list: the same as no parameters.
        first = {} if arguments[0] in (None, []) else arguments[0]
        if command == "trace.finalize" and params.get("workDoneToken") is not None:
            first = {"workDoneToken": params["workDoneToken"], **first} if isinstance(first, dict) else first
        return await handler(connection, first)
