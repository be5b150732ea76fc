"""How fast events come to the disk with ``synchronous=FULL``, against SQLite alone doing the same."""

import contextlib
import sqlite3
import time
from itertools import count
from pathlib import Path

import orjson
from fixtrail.store.database import migrations

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.peer import Peer, notification
from tests.benchmarks.scene import Scene, make_events

EVENTS = 20_000
BATCH = 100
ROUNDS = 5

INSERT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, zeroblob(32), 1)"


class _Daemon:
    """From the first byte sent to the last ``trace/recorded``."""

    def __init__(self, server: Peer) -> None:
        self._server = server
        self._first = 1

    def __call__(self) -> float:
        events = make_events(EVENTS)
        frames = [
            notification(
                "trace/events",
                {"stream": "bench", "firstSeq": self._first + place, "events": events[place : place + BATCH]},
            )
            for place in range(0, EVENTS, BATCH)
        ]
        self._first += EVENTS
        last = self._first - 1
        data = b"".join(frames)
        begin = time.perf_counter()
        self._server.exchange(data, lambda m: m.get("method") == "trace/recorded" and m["params"]["seq"] == last)
        return time.perf_counter() - begin


class _Raw:
    """One connection, rows ready made, a transaction for each hundred; the same tables and pragmas."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        for step in migrations():
            self._db.executescript(step)
        self._seq = count(1)

    def __call__(self) -> float:
        rows = [
            (
                next(self._seq),
                event["event_id"],
                event["event_type"],
                event["timestamp"],
                "developer",
                orjson.dumps(event["data"]).decode(),
                None,
            )
            for event in make_events(EVENTS)
        ]
        begin = time.perf_counter()
        for place in range(0, EVENTS, BATCH):
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, zeroblob(32), 1)", rows[place : place + BATCH]
            )
            self._db.execute("COMMIT")
        return time.perf_counter() - begin

    def close(self) -> None:
        self._db.close()


def run(scene: Scene) -> list[Figure]:
    with scene.daemon() as server, contextlib.closing(_Raw(scene.folder / "raw.sqlite3")) as raw:
        scene.start(server)
        ours, baseline = alternate(ROUNDS, _Daemon(server), raw)
        scene.stop(server)
    note = f"{EVENTS} in batches of {BATCH}"
    return [Figure("events acknowledged", "a second", EVENTS / ours, EVENTS / baseline, 0.3, "higher", note)]
