"""What redaction finds, and what it costs."""

import re
import time

from fixtrail.privacy.redaction import Redactor

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.scene import Scene
from tests.redaction.measure import measure

MEGABYTES = 8
ROUNDS = 5
LINES = (
    "collected 128 items",
    "tests/test_rates.py::test_rounding[half-even] PASSED                    [ 42%]",
    '  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode',
    "    obj, end = self.scan_once(s, idx)",
    "2026-11-24 10:02:11,482 INFO worker 7 handled request 3f2a in 12 ms, 200 OK, 5120 bytes",
    "commit 9f1c2ab4d5e6f7081920a1b2c3d4e5f60718293a",
    "Successfully installed certifi-2026.1.4 idna-3.11 requests-2.32.5 urllib3-2.6.2",
    "warning: unused variable `token_count` in src/lexer.rs:88:13",
)
EVENT = {"command": "pytest -q tests/test_rates.py", "output": "\n".join(LINES)[:450], "cwd": "."}


def run(_scene: Scene) -> list[Figure]:
    engine = Redactor(b"measured" * 4)
    block = "\n".join(LINES) + "\n"
    text = block * (MEGABYTES * 1_000_000 // len(block))
    # One of the alternations that scanners are commonly built on, over the same text.
    plain = re.compile(r"(?i)(?:password|secret|token|api_?key)\s*[:=]\s*\S{8,}|AKIA[A-Z0-9]{16}|gh[ps]_\w{36}")

    def ours() -> float:
        begin = time.perf_counter()
        engine.redact_text(text)
        return time.perf_counter() - begin

    def theirs() -> float:
        begin = time.perf_counter()
        sum(1 for _ in plain.finditer(text))
        return time.perf_counter() - begin

    taken, baseline = alternate(ROUNDS, ours, theirs)
    begin = time.perf_counter()
    for _ in range(2_000):
        engine.redact_data(EVENT)
    event = (time.perf_counter() - begin) / 2_000
    found = measure()
    speed = len(text) / taken / 1e6
    note = f"{speed:.0f} MB/s (goal 20); {event * 1e6:.0f} µs for an event of 500 bytes (goal 50)"
    missed = f"{found.recall:.3f} of {found.secrets} secrets of {found.kinds} kinds (goal 0.95)"
    alarms = f"{found.false_alarms:.3f} of {found.lookalikes} look-alikes (goal 0.02)"
    return [
        Figure("redaction of terminal text", "ms", taken * 1e3, baseline * 1e3, None, note=note),
        Figure("secrets not found", "%", (1 - found.recall) * 100, 100.0, 0.05, note=missed),
        Figure("false alarms", "%", found.false_alarms * 100, 100.0, 0.02, note=alarms),
    ]
