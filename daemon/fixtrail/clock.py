"""The second clock of a recording: it goes on while the machine sleeps, and nobody can set it."""

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux. Elsewhere ``CLOCK_MONOTONIC``; on macOS it counts sleep as well."""
_PLAIN = getattr(time, "CLOCK_MONOTONIC", None)


def clock_ms() -> int:
    """Return milliseconds since some moment before this machine's start-up, sleep included where it is told."""
    which = _BOOT if _BOOT is not None else _PLAIN
    return round(time.monotonic() * 1000 if which is None else time.clock_gettime(which) * 1000)


def awake_ms() -> int:
    """Return the same without the time that the machine slept, where the two can be told apart."""
    return round(time.monotonic() * 1000)
