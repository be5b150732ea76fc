"""Memory of the daemon through a session of 100,000 events, and the time a proof takes as traces grow."""

import asyncio
import os
import time
from pathlib import Path

import psutil
from fixtrail.replay.verify import verify_trace
from fixtrail.store.tree import TreeStore

from tests.benchmarks.figure import Figure
from tests.benchmarks.peer import Peer, notification
from tests.benchmarks.scene import Scene, make_events

EVENTS = 100_000
BATCH = 1_000
GOAL_MIB = 120
FULL = os.environ.get("FIXTRAIL_BENCH_FULL") == "1"


def _record(server: Peer, path: Path, count: int, first: int) -> None:
    """Send ``count`` events, every tenth an edit: a keystroke in a file of 200 lines."""
    uri = path.as_uri()
    events = make_events(count * 9 // 10)
    for begin in range(0, len(events), BATCH):
        batch = events[begin : begin + BATCH]
        for number in range(len(batch) // 9 + 1):
            place = {"line": (begin + number) % 200, "character": 0}
            change = {"range": {"start": place, "end": {**place, "character": 1}}, "text": "xyz"[number % 3]}
            params = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]}
            server.send(notification("textDocument/didChange", params))
            server.send(notification("trace/events", {"stream": "none", "firstSeq": 1, "events": []}))
        server.send(notification("trace/events", {"stream": "bench", "firstSeq": first + begin, "events": batch}))
        while server.request("trace/status", {})["unsent"] > 2 * BATCH:
            time.sleep(0.01)
    while server.request("trace/status", {})["unsent"]:
        time.sleep(0.01)


def run(scene: Scene) -> list[Figure]:
    path = scene.repo / "src" / "ledger" / "typed.py"
    path.write_text("".join(f"value_{number} = {number}\n" for number in range(200)))
    sizes = (10_000, EVENTS, *((1_000_000,) if FULL else ()))
    memory: dict[int, float] = {}
    times: list[float] = []
    with scene.daemon() as server:
        trace = scene.start(server)
        item = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": path.read_text()}
        server.send(notification("textDocument/didOpen", {"textDocument": item}))
        process = psutil.Process(server.process.pid)
        sent = 0
        for size in sorted({*sizes, EVENTS // 2}):
            _record(server, path, size - sent, sent * 9 // 10 + 1)
            sent = size
            memory[size] = process.memory_info().rss / 2**20
            if size in sizes:
                times.append(_verify(scene, trace))
        scene.stop(server)
    figures = [
        Figure(f"memory after {EVENTS:,} events", "MiB", memory[EVENTS], GOAL_MIB, 1.0, note="against the goal"),
        Figure("memory, second half of it", "MiB", memory[EVENTS], memory[EVENTS // 2], note="flat: near 1"),
    ]
    per_event = [taken / size * 1e6 for taken, size in zip(times, sizes, strict=True)]
    for size, each in list(zip(sizes, per_event, strict=True))[1:]:
        figures.append(
            Figure(f"proof of {size:,} events", "µs an event", each, per_event[0], 1.3, note="against 10,000: linear")
        )
    return figures


def _verify(scene: Scene, trace: str) -> float:
    folder = scene.folder / "home" / "traces"
    begin = time.perf_counter()
    result = asyncio.run(verify_trace(folder / f"{trace}.db", TreeStore(scene.repo, folder / f"{trace}.git")))
    if not result.verified:
        raise RuntimeError(f"the trace does not verify: {result.reason}")
    return time.perf_counter() - begin
