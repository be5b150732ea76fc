"""The daemon with ``synchronous=OFF``: what a test of durability has to catch, or it shows nothing."""

import sys
from typing import Any

import aiosqlite

_execute = aiosqlite.Connection.execute


def _unsafe(self: aiosqlite.Connection, sql: str, *arguments: Any, **more: Any) -> Any:
    return _execute(self, sql.replace("synchronous = FULL", "synchronous = OFF"), *arguments, **more)


if __name__ == "__main__":
    aiosqlite.Connection.execute = _unsafe  # type: ignore[method-assign]
    from fixtrail.server.run import serve

    sys.exit(serve())
