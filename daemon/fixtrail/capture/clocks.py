"""Notices that the wall clock was set, or that the machine slept: durations made of timestamps are wrong across it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fixtrail.clock import awake_ms, clock_ms

JUMP_MS = 2_000
"""Slower changes are a clock that is being disciplined; this much at once is one that was set."""


@dataclass(frozen=True)
class Reading:
    """Three clocks at one moment, in milliseconds."""

    wall: int
    """Since 1970; anyone may set it."""
    steady: int
    """Sleep included."""
    awake: int
    """Sleep left out."""


def read_clocks() -> Reading:
    """Read all three."""
    return Reading(time.time_ns() // 1_000_000, clock_ms(), awake_ms())


class ClockWatch:
    """Compares each reading with the one before.

    >>> readings = iter([Reading(1_000, 50, 50), Reading(3_601_100, 150, 150)])
    >>> ClockWatch(readings.__next__).noticed()
    [('clock_changed', "The machine's clock was set forward by 3600.0 s.")]
    """

    def __init__(self, read: Callable[[], Reading] = read_clocks) -> None:
        self._read = read
        self._last = read()

    def noticed(self) -> list[tuple[str, str]]:
        """Return what happened to the clocks since the last call: a ``session_mark`` and its detail for each."""
        last, self._last = self._last, self._read()
        wall, steady, awake = (
            self._last.wall - last.wall,
            self._last.steady - last.steady,
            self._last.awake - last.awake,
        )
        found = []
        if steady - awake > JUMP_MS:
            found.append(("machine_slept", f"The machine slept for {(steady - awake) / 1000:.1f} s."))
        if abs(wall - steady) > JUMP_MS:
            way = "forward" if wall > steady else "back"
            found.append(("clock_changed", f"The machine's clock was set {way} by {abs(wall - steady) / 1000:.1f} s."))
        return found
