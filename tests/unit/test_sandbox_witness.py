"""What is heard of pytest while it runs, and when a pass cannot stand beside it."""

import random

import pytest
from fixtrail.capture.junit import Report
from fixtrail.qa.sandbox import witness
from fixtrail.qa.sandbox.witness import Listener, Testimony, contradiction, is_certain

DIRECT = ["pytest", "-q"]
BEHIND = ["make", "test"]


def heard(text: str) -> Testimony:
    listener = Listener()
    listener.feed(text.encode())
    return listener.testimony


FINE = "wrapper ready\n7-a began\n7-a passed\n7-a skipped\n7-a ended\n"


def test_a_session_that_went_well_contradicts_nothing() -> None:
    assert contradiction(heard(FINE), Report(passed=1, skipped=1), DIRECT) is None


@pytest.mark.parametrize(
    ("said", "report", "why"),
    [
        ("wrapper ready\n", Report(passed=1), "never said that it began"),
        ("wrapper ready\n7-a began\n7-a passed\n", Report(passed=1), "never said that it came to its end"),
        ("wrapper ready\n7-a began\n7-a failed\n7-a ended\n", Report(passed=1), "1 tests or files that they failed"),
        (FINE, Report(passed=2), "has 2 passed tests, but pytest said so of 1"),
        ("7-a began\n7-a passed\n7-a stopped\n7-a ended\n", Report(passed=1), "stopped before all"),
        (FINE + "nonsense\n", Report(passed=1), "wrote into the stream"),
        (FINE + "7-b began\n", Report(passed=1), "never said that it came to its end"),
        (FINE + "x" * 10_000, Report(passed=1), "wrote into the stream"),
    ],
)
def test_what_a_pass_cannot_stand_beside(said: str, report: Report, why: str) -> None:
    assert why in (contradiction(heard(said), report, DIRECT) or "")


def test_silence_means_something_only_of_pytest_itself_over_a_stream_that_works() -> None:
    assert contradiction(heard("wrapper ready\n"), Report(passed=1), BEHIND) is None
    assert contradiction(heard(""), Report(passed=1), DIRECT) is None


def test_lines_may_come_in_any_pieces() -> None:
    cuts, listener, wire = random.Random(5), Listener(), FINE.encode()
    while wire:
        size = cuts.randint(1, 9)
        listener.feed(wire[:size])
        wire = wire[size:]

    assert listener.testimony == heard(FINE)


def test_a_flood_is_kept_small() -> None:
    listener = Listener()
    for number in range(5_000):
        listener.feed(b"%d began\n" % number)

    assert listener.testimony.strange
    assert len(listener.testimony.open) < 2_000


@pytest.mark.parametrize(
    ("argv", "certain"),
    [
        (["pytest"], True),
        (["/opt/env/bin/py.test", "-x"], True),
        (["python3.11", "-X", "dev", "-m", "pytest"], True),
        (["python", "-E", "-m", "pytest"], False),
        (["python", "-Im", "pytest"], False),
        (["python", "-m", "coverage", "run", "-m", "pytest"], False),
        (["uv", "run", "pytest"], False),
        (["env", "PYTHONPATH=src", "pytest"], False),
    ],
)
def test_what_starts_pytest_itself(argv: list[str], certain: bool) -> None:
    assert is_certain(argv) is certain
    assert bool(witness.environment(argv)) is certain
