"""What a notification costs, against the least that could read it."""

import time
from collections.abc import Iterator
from itertools import count

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.peer import Message, Peer, notification, peer
from tests.benchmarks.scene import BARE_LOOP, Scene, make_events

EVENTS = 5_000
ROUNDS = 7


class _Round:
    """Sends the next lot of events, one a notification, then a request: its answer says that all were handled."""

    def __init__(self, server: Peer, stream: str | None) -> None:
        self._server = server
        self._stream = stream or "bench"
        self._waits = stream is not None
        self._seq: Iterator[int] = count(1)
        self.recorded: list[float] = []

    def __call__(self) -> float:
        frames = []
        last = 0
        for event in make_events(EVENTS):
            last = next(self._seq)
            params = {"stream": self._stream, "firstSeq": last, "events": [event]}
            frames.append(notification("trace/events", params))
        barrier, answers = self._server.framed_request("trace/status", {})
        data = b"".join([*frames, barrier])
        times: dict[str, float] = {}

        def until(message: Message) -> bool:
            if answers(message):
                times["answer"] = time.perf_counter()
            elif message.get("method") == "trace/recorded" and message["params"]["seq"] == last:
                times["recorded"] = time.perf_counter()
            return "answer" in times and ("recorded" in times or not self._waits)

        begin = time.perf_counter()
        self._server.exchange(data, until)
        if self._waits:
            self.recorded.append(times["recorded"] - begin)
        return times["answer"] - begin


def run(scene: Scene) -> list[Figure]:
    with scene.daemon() as server, peer(BARE_LOOP) as bare:
        scene.start(server)
        ours_run = _Round(server, "bench")
        ours, baseline = alternate(ROUNDS, ours_run, _Round(bare, None))
        recorded = sorted(ours_run.recorded[1:])[ROUNDS // 2]
        scene.stop(server)
    micro = 1e6 / EVENTS
    note = f"{EVENTS} of about 500 B"
    return [
        Figure("notification, handled", "µs each", ours * micro, baseline * micro, 2.0, note=note),
        Figure("notification, on the disk", "µs each", recorded * micro, baseline * micro, note="same baseline"),
    ]
