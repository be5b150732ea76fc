"""The daemon's log: one JSON object a line, rotating, for ids, counts and codes. Never contents, never tokens."""

import copy
import io
import json
import logging
import os
import sys
import traceback
from collections.abc import MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import orjson

MAX_BYTES = 1_000_000
BACKUPS = 3


class _PrivateFile(RotatingFileHandler):
    """A log that only its owner can read, whatever the umask."""

    def _open(self) -> io.TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return io.TextIOWrapper(io.FileIO(handle, "a"), encoding="utf-8", line_buffering=True)


def _places_only(_logger: Any, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Tell of an exception its type and where it was raised: its message may quote what was being recorded."""
    entry["process"] = os.getpid()
    raised = entry.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple) and raised[0] is not None:
        entry["error"] = raised[0].__name__
        frames = traceback.extract_tb(raised[2])
        entry["where"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return entry


class _Lines(logging.Formatter):
    """Formats records by structlog, which is loaded with the first: most daemons never have anything to say."""

    def __init__(self) -> None:
        super().__init__()
        self._formatter: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        if not record.name.startswith("fixtrail") and record.args:
            # A library tells what it was given: pygls the params of a message. What it means to say is in the text.
            record = copy.copy(record)
            record.args = None
        if self._formatter is None:
            import structlog

            def write(entry: Any, **_: Any) -> str:
                try:
                    return orjson.dumps(entry, default=str).decode()
                except TypeError:  # half a character: the standard library escapes it
                    return json.dumps(entry, default=str)

            self._formatter = structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _places_only,
                    structlog.processors.JSONRenderer(serializer=write),
                ],
            )
        return self._formatter.format(record)


def log_to(folder: Path) -> None:
    """Send every log record of this process, of libraries too, to ``daemon.log`` in ``folder``."""
    handler = _PrivateFile(folder / "daemon.log", maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", delay=True)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
