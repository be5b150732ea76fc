"""The language server: pygls for the protocol's life cycle, our own dispatch for what is hot.

pygls answers ``initialize`` (capabilities), ``shutdown``, ``$/setTrace`` and whatever LSP adds; its reading loop is
not used (see :mod:`fixtrail.server.connection`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from fixtrail._version import __version__
from fixtrail.capture.paths import path_of_uri
from fixtrail.errors import FixtrailError
from fixtrail.server.connection import INVALID_REQUEST, Connection, Message
from fixtrail.server.core import Core
from fixtrail.server.names import COMMANDS

if TYPE_CHECKING:
    from fixtrail.server.service import TraceService

logger = logging.getLogger(__name__)

# pygls logs every outgoing body at INFO: a trace must not land in a log.
logging.getLogger("pygls").setLevel(logging.WARNING)


class FixtrailServer(LanguageServer):
    """pygls' server, told what we can do; its messages come in through :meth:`Bridge.handle`."""

    def __init__(self) -> None:
        super().__init__("fixtrail", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Incremental)
        for method in ("didOpen", "didChange", "didClose"):
            self.feature(f"textDocument/{method}")(_dispatched_elsewhere)
        self.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))(_dispatched_elsewhere)
        for command in COMMANDS:
            self.command(command)(_dispatched_elsewhere)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log, and nothing else: an error while the peer is going away would be reported about itself for ever."""
        logger.error("protocol error source=%s error=%s", getattr(source, "__name__", source), type(error).__name__)


def _dispatched_elsewhere(*_: Any) -> None:
    """Stand for a method in the capabilities; :class:`~fixtrail.server.methods.Methods` handles it before pygls."""


class _Writer:
    """What pygls writes to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.write(data)

    def close(self) -> None:
        self._connection.close()


class Bridge:
    """Gives pygls the messages of one editor that are not dispatched directly.

    Parameters
    ----------
    stop
        Called once with the exit code when the editor says ``exit``.
    """

    def __init__(self, core: Core, stop: Callable[[int], None]) -> None:
        self._core = core
        self._stop = stop
        self._server = FixtrailServer()
        self._protocol = self._server.protocol
        self._folders: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._shut_down = False

    def attach(self, connection: Connection) -> None:
        """Let pygls write to ``connection``."""
        self._protocol.set_writer(_Writer(connection))

    def handle(self, connection: Connection, message: Message) -> bool:
        """Handle one message; every request gets an answer, malformed ones too."""
        method = message.get("method")
        if method == "exit":
            self._stop(0 if self._shut_down else 1)
            return True
        if self._shut_down and method is not None:
            if "id" in message:
                text = "The server is shutting down."
                connection.send({"id": message["id"], "error": {"code": INVALID_REQUEST, "message": text}})
            return True
        if method == "shutdown" and "id" in message:
            self._shut_down = True
            self._run(self._drain(connection, message["id"]))
            return True
        if method == "window/workDoneProgress/cancel":
            return True
        try:
            self._protocol.handle_message(self._protocol.structure_message({"params": None, **message}))
        except JsonRpcException as error:
            if "id" not in message or method is None:
                return True
            reply = error.to_response_error()
            connection.send({"id": message["id"], "error": {"code": reply.code, "message": reply.message}})
        if method == "initialize" and isinstance(params := message.get("params"), Mapping):
            self._read_folders(params)
            self._core.when_loaded(lambda service: _read_options(service, params))
            self._core.when_loaded(lambda service: _agree_on_positions(service, params))
            asyncio.get_running_loop().call_soon(self._load)
        if method == "initialized":
            # The trace an earlier daemon left open is taken up again before anything else is handled.
            connection.hold()
            self._run(self._take_up(connection))
        return True

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("task failed", exc_info=error)

    async def _drain(self, connection: Connection, request_id: Any) -> None:
        for task in list(connection.tasks.values()):
            task.cancel()
        await asyncio.gather(*connection.tasks.values(), return_exceptions=True)
        if self._core.loaded:
            await self._core.service.close()
        connection.send({"id": request_id, "result": None})

    def _read_folders(self, params: Mapping[str, Any]) -> None:
        folders = params.get("workspaceFolders") or []
        uris = [folder.get("uri") for folder in folders if isinstance(folder, Mapping)]
        self._folders = [uri for uri in uris or [params.get("rootUri")] if isinstance(uri, str)]

    def _load(self) -> None:
        # An error is told by who owns the core; nobody waits for it here.
        with contextlib.suppress(FixtrailError):
            _ = self._core.methods

    async def _take_up(self, connection: Connection) -> None:
        service = self._core.service
        try:
            for uri in self._folders:
                folder = path_of_uri(uri)
                trace_id = service.data.open_trace_of(folder.resolve(), exact=True) if folder else None
                if trace_id is not None and service.recorder is None:
                    await service.open_existing(trace_id, mark="daemon_restarted")
        except FixtrailError as error:
            connection.notify("window/showMessage", {"type": 2, "message": str(error)})
        finally:
            connection.release()
        await service.tidy()


def _read_options(service: "TraceService", params: Mapping[str, Any]) -> None:
    from fixtrail_protocol.trace import Editor

    client = params.get("clientInfo")
    if isinstance(client, Mapping) and isinstance(client.get("name"), str):
        version = client.get("version")
        service.editor = Editor(name=client["name"], version=version if isinstance(version, str) else None)
    options = params.get("initializationOptions")
    own = options.get("fixtrail") if isinstance(options, Mapping) else None
    if isinstance(own, Mapping):
        service.sends_file_events = own.get("sendsFileEvents") is True
        if isinstance(own.get("settings"), Mapping):
            service.editor_settings = own["settings"]
        editor = own.get("editor")
        if isinstance(editor, Mapping) and isinstance(editor.get("name"), str):
            service.editor = Editor(name=editor["name"], version=editor.get("version"))


def _agree_on_positions(service: "TraceService", params: Mapping[str, Any]) -> None:
    try:
        encodings = params["capabilities"]["general"]["positionEncodings"]
    except (KeyError, TypeError):
        return
    # The same choice pygls makes and tells the client: the first of the client's that is known.
    for encoding in encodings or []:
        if encoding in ("utf-8", "utf-16", "utf-32"):
            service.documents.encoding = encoding
            return
