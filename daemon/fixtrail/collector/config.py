"""What a collector needs to know before it starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fixtrail.errors import UsageError

MAX_BODY = 10 * 1024 * 1024


@dataclass(frozen=True)
class CollectorConfig:
    """Settings of a collector.

    Parameters
    ----------
    data_dir
        Folder of its database; made when it is not there.
    token
        What every client must present.
    port
        0: any free port.
    max_body
        Longest request body in bytes.
    body_timeout
        Seconds a client may be silent in the middle of a body.

    Raises
    ------
    UsageError
        ``collector/no-token``: a collector without a token would take and show traces to anyone.
    """

    data_dir: Path
    token: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    max_body: int = MAX_BODY
    body_timeout: float = 30.0

    def __post_init__(self) -> None:
        if not self.token.strip():
            raise UsageError(
                "collector/no-token",
                "The collector has no token, and does not start without one.",
                "Put a long random word into FIXTRAIL_COLLECTOR_TOKEN.",
            )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "CollectorConfig":
        """Read ``FIXTRAIL_COLLECTOR_TOKEN``, ``_DATA`` (default ``./collector-data``), ``_HOST`` and ``_PORT``."""
        port = environ.get("FIXTRAIL_COLLECTOR_PORT", "8000")
        if not port.isascii() or not port.isdigit() or int(port) > 65_535:
            raise UsageError("settings/invalid", f"FIXTRAIL_COLLECTOR_PORT is {port!r}, which is not a port.")
        return cls(
            data_dir=Path(environ.get("FIXTRAIL_COLLECTOR_DATA", "collector-data")),
            token=environ.get("FIXTRAIL_COLLECTOR_TOKEN", ""),
            host=environ.get("FIXTRAIL_COLLECTOR_HOST", "127.0.0.1"),
            port=int(port),
        )
