"""How long an editor waits for ``initialize``, against pygls with no features."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.peer import peer
from tests.benchmarks.scene import DAEMON, PLAIN_PYGLS, Scene

ROUNDS = 9


def _start(command: Sequence[str | Path], env: Mapping[str, str]) -> float:
    begin = time.perf_counter()
    with peer(command, env) as server:
        server.initialize()
        return time.perf_counter() - begin


def run(scene: Scene) -> list[Figure]:
    ours, baseline = alternate(ROUNDS, lambda: _start(DAEMON, scene.env), lambda: _start(PLAIN_PYGLS, scene.env))
    return [Figure("start to initialize", "ms", ours * 1e3, baseline * 1e3, 1.2, note="against plain pygls")]
