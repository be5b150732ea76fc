"""What a keystroke costs: one didChange, and how long the next answer takes, against pygls that ignores it."""

import statistics
import sys
import time

from tests.benchmarks.figure import Figure
from tests.benchmarks.peer import Peer, notification, peer
from tests.benchmarks.scene import HERE, Scene

KEYSTROKES = 1_500
LINES = 2_000
PAUSE = 0.002
ANSWERING_PYGLS = (sys.executable, HERE / "answering_pygls.py")


def _open(server: Peer, uri: str) -> None:
    text = "".join(f"value_{number} = {number}  # a line like many others\n" for number in range(LINES))
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    server.send(notification("textDocument/didOpen", {"textDocument": item}))


def _type(server: Peer, uri: str, number: int) -> float:
    place = {"line": number % LINES, "character": 3}
    change = {"range": {"start": place, "end": place}, "text": "x"}
    params = {"textDocument": {"uri": uri, "version": number + 2}, "contentChanges": [change]}
    begin = time.perf_counter()
    server.send(notification("textDocument/didChange", params))
    server.request("trace/status", {})
    return (time.perf_counter() - begin) * 1e6


def run(scene: Scene) -> list[Figure]:
    uri = (scene.repo / "src" / "ledger" / "typed.py").as_uri()
    with scene.daemon() as ours, peer(ANSWERING_PYGLS) as plain:
        plain.initialize()
        scene.start(ours)
        sides = (ours, plain)
        for side in sides:
            _open(side, uri)
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(KEYSTROKES):
            for side, taken in zip(sides, times, strict=True):
                taken.append(_type(side, uri, number))
            time.sleep(PAUSE)
        scene.stop(ours)
    p50 = [statistics.median(taken) for taken in times]
    p99 = [statistics.quantiles(taken, n=100)[98] for taken in times]
    note = f"{LINES} lines; against pygls that ignores it"
    return [
        Figure("keystroke to the next answer, p50", "µs", p50[0], p50[1], 1.5, note=note),
        Figure("keystroke to the next answer, p99", "µs", p99[0], p99[1], 1.5, note=note),
    ]
