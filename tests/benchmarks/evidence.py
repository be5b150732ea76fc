"""What the evidence costs: a timeline of a long trace, its measures and the claims in its steps."""

import time
import tracemalloc

from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.evidence.timeline import build_timeline
from fixtrail_protocol.events import Event
from pydantic import TypeAdapter

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.scene import Scene
from tests.support.traces import event

EVENTS = 10_000
GOAL_MS = 1_000.0
ROUNDS = 5
_LIST: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
_THOUGHTS = (
    "All tests pass now. I read src/part_{n}.py and added a regression test for it.",
    "2 failed, 11 passed: test_limits still fails. I suspect that the comparison in src/part_{n}.py is strict.",
    "I ran the whole suite after the change. It raises KeyError, and I haven't touched the tests.",
    "That was not it. I reverted that change; nothing else uses the function, so look at src/part_{n}.py again.",
)


def long_trace(count: int) -> list[Event]:
    """Return a trace of ``count`` events: views, runs, edits that are taken back, and two claims a step."""
    return _LIST.validate_python([_event(number) for number in range(1, count + 1)])


def _event(number: int) -> dict[str, object]:
    part = number // 10 % 200
    path, kind = f"src/part_{part}.py", number % 10
    if kind in (0, 5):
        content = _THOUGHTS[number // 5 % 4].format(n=part)
        return event(number, content=content, kind="hypothesis" if number % 4 == 1 else "observation")
    if kind in (1, 6):
        failed = number // 5 % 3
        output = f"FAILED tests/test_it.py::test_limits - KeyError: {number}\n{failed} failed, 11 passed in 0.31s\n" * 4
        data = {"command": "python -m pytest -q", "exit_code": min(failed, 1), "output": output}
        return event(number, "terminal_command", **data)
    if kind in (2, 7):
        there, back = (("-    a = 1", "+    a = 2"), ("-    a = 2", "+    a = 1"))[kind == 7]
        diff = f"--- a/{path}\n+++ b/{path}\n@@ -1,2 +1,2 @@\n context\n{there}\n{back}\n" * 3
        before, after = (f"{part * 2 + (kind == 7):040x}", f"{part * 2 + (kind != 7):040x}")
        return event(
            number, "code_edit", file_path=path, diff=diff, added=1, removed=1, blob_before=before, blob_after=after
        )
    if kind == 3:
        return event(number, "file_open", file_path=path)
    ranges = [{"start": line, "end": line + 40} for line in range(1, 400, 50)]
    return event(number, "file_view", file_path=path, ranges=ranges, dwell_ms=1_200)


def run(_scene: Scene) -> list[Figure]:
    once, twice = long_trace(EVENTS), long_trace(2 * EVENTS)

    def seconds(events: list[Event]) -> float:
        begin = time.process_time()
        process = assess(build_timeline(events))
        taken = time.process_time() - begin
        if len(process.steps) != len(events) // 5 or not process.claims:
            raise RuntimeError("the trace was not assessed")
        return taken

    taken, doubled = alternate(ROUNDS, lambda: seconds(once), lambda: seconds(twice))
    tracemalloc.start()
    assess(build_timeline(once))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return [
        Figure(
            f"evidence of {EVENTS:,} events",
            "ms",
            taken * 1e3,
            GOAL_MS,
            1.0,
            note="of the processor; baseline: the goal",
        ),
        Figure(f"evidence of {2 * EVENTS:,} events", "ms", doubled * 1e3, taken * 1e3, 2.5, note="2 is linear"),
        Figure(f"memory for the evidence of {EVENTS:,} events", "MB", peak / 1e6, note="on top of the events"),
    ]
