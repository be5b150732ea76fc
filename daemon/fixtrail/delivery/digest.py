"""The canonical form of an event, and the digest of a trace: how two machines find that they hold the same events."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson


def canonical_event(event: Mapping[str, Any]) -> bytes:
    """Return ``event`` as canonical JSON.

    UTF-8, no white space, keys sorted by code point, strings escaped only where JSON demands it, numbers in the
    shortest form that reads back the same (an integer beyond 64 bits is a double), and no null-valued field in the
    event itself; ``data`` is kept as it is. ``docs/collector.md`` is the public description.
    """
    present = {name: value for name, value in event.items() if value is not None}
    return orjson.dumps(present, option=orjson.OPT_SORT_KEYS)


class EventsDigest:
    """SHA-256 over the canonical events in the order of their ``seq``, a line feed after each, and their count."""

    def __init__(self) -> None:
        self.count = 0
        self._sha256 = hashlib.sha256()

    def update(self, canonical: bytes) -> None:
        """Add the next event, in the form of :func:`canonical_event`."""
        self.count += 1
        self._sha256.update(canonical)
        self._sha256.update(b"\n")

    @property
    def sha256(self) -> str:
        """The digest so far, in hexadecimal."""
        return self._sha256.hexdigest()
