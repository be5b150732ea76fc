"""Run the collector: its socket, its log, its orderly end."""

import json
import logging
import os
import socket
import sys
from datetime import UTC, datetime

import uvicorn

from fixtrail.collector.app import create_app
from fixtrail.collector.config import CollectorConfig
from fixtrail.errors import FixtrailError, UnavailableError

logger = logging.getLogger("fixtrail.collector")

_GRACE_SECONDS = 10
_MAX_CONNECTIONS = 256


class JsonLines(logging.Formatter):
    """One JSON object for each record: time, level, event, and its fields. No message arguments, no traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line | getattr(record, "fields", {}))


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; ``collector/cannot-listen`` when the address is taken or not ours."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio turns Nagle's algorithm off only where the protocol is named; left on, each answer takes 40 ms more.
        bound = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            if os.name == "posix":
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(128)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise UnavailableError(
            "collector/cannot-listen",
            f"The collector cannot listen on {host}:{port}: {error.strerror or error}.",
            "End what uses the port, or choose another.",
        ) from None
    return bound


def run(config: CollectorConfig) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first, for at most ten seconds.

    Logs go to standard error, one JSON object a line: ids, counts and codes, never contents.

    Raises
    ------
    UnavailableError
        ``collector/cannot-listen``.
    StateError
        ``collector/locked``: another collector uses the folder.
    StoreError
        ``collector/storage``: the folder or the database cannot be used.
    """
    app = create_app(config)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    # An error at the start is raised from here; uvicorn would print it as well, with a traceback.
    handler.addFilter(lambda record: app.state.startup_error is None or not record.name.startswith("uvicorn"))
    for name in ("fixtrail.collector", "uvicorn"):
        log = logging.getLogger(name)
        log.handlers[:] = [handler]
        log.propagate = False
        log.setLevel(logging.INFO if log is logger else logging.WARNING)
    with listen(config.host, config.port) as bound:
        host, port = bound.getsockname()[:2]
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=_MAX_CONNECTIONS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        logger.info("starting", extra={"fields": {"host": host, "port": port}})
        try:
            server.run(sockets=[bound])
        except KeyboardInterrupt:
            logger.info("interrupted")
        except SystemExit:  # how uvicorn ends when the application does not start
            error: FixtrailError | None = app.state.startup_error
            if error is None:
                raise
            raise error from None
