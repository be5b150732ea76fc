"""What the daemon takes while it records and nothing happens, against pygls with no features."""

import time

import psutil

from tests.benchmarks.figure import Figure
from tests.benchmarks.peer import peer
from tests.benchmarks.scene import PLAIN_PYGLS, Scene

SECONDS = 5.0


def _busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def run(scene: Scene) -> list[Figure]:
    with scene.daemon() as server, peer(PLAIN_PYGLS) as plain:
        plain.initialize()
        scene.start(server)
        time.sleep(1)  # what starting left to do is not idling
        processes = [psutil.Process(server.process.pid), psutil.Process(plain.process.pid)]
        before = [_busy(process) for process in processes]
        time.sleep(SECONDS)
        cpu = [100 * (_busy(process) - start) / SECONDS for process, start in zip(processes, before, strict=True)]
        memory = [process.memory_info().rss / 2**20 for process in processes]
        scene.stop(server)
    return [
        Figure("idle CPU", "% of a core", cpu[0], cpu[1], note=f"recording, {SECONDS:.0f} s; clock ticks of 10 ms"),
        Figure("memory (RSS)", "MiB", memory[0], memory[1], note="recording, no traffic"),
    ]
