"""Run the daemon: stdio or TCP for the editor, a private socket for the command line, a clean end."""

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fixtrail.errors import FixtrailError, UnavailableError
from fixtrail.server.connection import Connection
from fixtrail.server.core import Core
from fixtrail.server.lsp import Bridge

if TYPE_CHECKING:
    from fixtrail.server.service import TraceService
    from fixtrail.store.lock import Owner

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
"""What is pending is stored within this time when the daemon ends."""


class ControlSocket:
    """Where ``fixtrail run``, ``reason`` and the others reach the daemon that holds a trace.

    A Unix socket in a folder of its own with mode 0700; where there are none, loopback with a random token.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._server: asyncio.Server | None = None
        self._endpoint: str | None = None
        self._token: str | None = None

    @property
    def owner(self) -> "Owner":
        """Who this process is, and where it listens."""
        from fixtrail.store.lock import Owner

        return Owner(pid=os.getpid(), endpoint=self._endpoint, token=self._token)

    async def open(self, make: Callable[[], Connection]) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        if hasattr(socket, "AF_UNIX"):
            # Not in the data directory: a socket's path is limited to about 100 bytes.
            self._folder = Path(tempfile.mkdtemp(prefix="fixtrail-"))
            path = self._folder / "control"
            self._server = await loop.create_unix_server(make, path)
            self._endpoint = str(path)
        else:
            self._token = secrets.token_urlsafe(32)
            self._server = await loop.create_server(make, "127.0.0.1", 0)
            port = self._server.sockets[0].getsockname()[1]
            self._endpoint = f"127.0.0.1:{port}"

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class Daemon:
    """One process: a service, its methods, and the connections to it."""

    def __init__(self) -> None:
        self._control = ControlSocket()
        self._core = Core(self._make_service, self._fail)
        self._ended = asyncio.Event()
        self._exit_code = 0
        self._failure: Exception | None = None

    def _make_service(self) -> "TraceService":
        from fixtrail.server.logs import log_to
        from fixtrail.server.service import TraceService
        from fixtrail.settings import load_settings
        from fixtrail.store.layout import DataDirectory

        data = DataDirectory(load_settings().home)
        log_to(data.logs)
        return TraceService(data, self._control.owner)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._ended.set()

    def _stop(self, exit_code: int) -> None:
        self._exit_code = exit_code
        self._ended.set()

    def _editor(self) -> Connection:
        bridge = Bridge(self._core, self._stop)
        connection = Connection(self._core, bridge.handle)
        bridge.attach(connection)
        return connection

    def _heed_signals(self) -> None:
        """End cleanly on SIGTERM and SIGINT, from the first moment on: what is made later is then removed as well."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGINT"):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(getattr(signal, name), self._stop, 0)

    async def serve_stdio(self) -> int:
        """Serve one editor on stdin and stdout until it says ``exit``, hangs up, or a signal comes."""
        loop = asyncio.get_running_loop()
        self._heed_signals()
        connection = self._editor()
        # Nothing but messages may reach the editor: a stray print goes to the log's stream.
        out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        writer, _ = await loop.connect_write_pipe(asyncio.Protocol, out)
        connection.attach_writer(writer)
        await self._open_control()
        await loop.connect_read_pipe(lambda: connection, sys.stdin.buffer)
        hung_up = asyncio.create_task(connection.closed.wait())
        hung_up.add_done_callback(lambda _: self._ended.set())
        try:
            return await self._until_end()
        finally:
            hung_up.cancel()
            connection.close()

    async def serve_tcp(self, host: str, port: int) -> int:
        """Serve editors on a TCP port until a signal comes; one that hangs up does not end the daemon."""
        loop = asyncio.get_running_loop()
        self._heed_signals()
        _ = self._core.methods  # an editor that comes finds a daemon that is ready
        try:
            server = await loop.create_server(self._editor, host, port)
        except OSError as error:
            raise UnavailableError(
                "serve/cannot-listen", f"{host}:{port} cannot be listened on: {error.strerror}.", "Name another port."
            ) from None
        address = server.sockets[0].getsockname()
        print(f"fixtrail listens on {address[0]}:{address[1]}", file=sys.stderr, flush=True)  # noqa: T201
        await self._open_control()
        try:
            return await self._until_end()
        finally:
            server.close()

    async def _open_control(self) -> None:
        await self._control.open(lambda: Connection(self._core))
        # Loaded before it listened, the service does not know yet where.
        self._core.when_loaded(lambda service: setattr(service, "owner", self._control.owner))

    async def _until_end(self) -> int:
        try:
            await self._ended.wait()
        finally:
            self._control.close()
            try:
                if self._core.loaded:
                    async with asyncio.timeout(DRAIN_SECONDS):
                        await self._core.service.close()
            except TimeoutError:
                logger.error("events were left unstored at the end; the editor sends them again")
        if self._failure is not None:
            raise self._failure
        return self._exit_code


def serve(*, tcp: str | None = None) -> int:
    """Run the daemon and return its exit code; what keeps it from running is told on stderr.

    Parameters
    ----------
    tcp
        ``HOST:PORT`` to listen on instead of stdio.
    """

    async def run() -> int:
        daemon = Daemon()
        if tcp is None:
            return await daemon.serve_stdio()
        host, _, port = tcp.rpartition(":")
        return await daemon.serve_tcp(host or "127.0.0.1", int(port))

    try:
        return asyncio.run(run())
    except FixtrailError as error:
        print(f"fixtrail: {error} [{error.code}]", file=sys.stderr)  # noqa: T201
        return error.exit_code
