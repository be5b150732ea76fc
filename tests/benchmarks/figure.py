"""One line of the table, and how two things are measured against each other."""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    """What was measured. ``ours`` and ``baseline`` are in ``unit``; a goal bounds the ratio of the two."""

    what: str
    unit: str
    ours: float | None
    baseline: float | None = None
    goal: float | None = None
    better: Literal["lower", "higher"] = "lower"
    note: str | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.baseline if self.ours is not None and self.baseline else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nothing was measured."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio <= self.goal if self.better == "lower" else self.ratio >= self.goal

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def alternate(rounds: int, *runs: Callable[[], float]) -> list[float]:
    """Run all once to warm up, then ``rounds`` times in turn (A B A B); return the median of each."""
    for run in runs:
        run()
    taken: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, times in zip(runs, taken, strict=True):
            times.append(run())
    return [statistics.median(times) for times in taken]
