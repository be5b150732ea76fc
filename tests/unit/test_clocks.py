"""Both clocks of a recording: what the wall clock is told apart from, and what is said when it was set."""

import pytest
from fixtrail.capture.clocks import JUMP_MS, ClockWatch, Reading, read_clocks
from fixtrail.clock import awake_ms, clock_ms

START = Reading(wall=1_000_000, steady=5_000, awake=4_000)


def noticed(wall: int, steady: int, awake: int) -> list[tuple[str, str]]:
    readings = iter([START, Reading(START.wall + wall, START.steady + steady, START.awake + awake)])
    return ClockWatch(lambda: next(readings)).noticed()


@pytest.mark.parametrize("drift", [-JUMP_MS, 0, 7, JUMP_MS])
def test_time_that_passes_as_it_should_is_not_worth_a_word(drift):
    assert noticed(60_000 + drift, 60_000, 60_000) == []


def test_a_clock_that_was_set_is_told_with_its_way():
    assert noticed(60_000 + 3_600_000, 60_000, 60_000) == [
        ("clock_changed", "The machine's clock was set forward by 3600.0 s.")
    ]
    assert noticed(60_000 - 86_400_000, 60_000, 60_000) == [
        ("clock_changed", "The machine's clock was set back by 86400.0 s.")
    ]


def test_sleep_is_no_change_of_the_clock():
    assert noticed(600_000, 600_000, 0) == [("machine_slept", "The machine slept for 600.0 s.")]


def test_a_clock_that_was_set_during_sleep_is_both():
    assert [mark for mark, _ in noticed(0, 600_000, 0)] == ["machine_slept", "clock_changed"]


def test_what_was_told_is_not_told_again():
    readings = iter([START, Reading(0, START.steady, START.awake), Reading(0, START.steady, START.awake)])
    watch = ClockWatch(lambda: next(readings))
    assert len(watch.noticed()) == 1
    assert watch.noticed() == []


def test_the_clocks_of_this_machine_go_forward():
    before, steady = read_clocks(), clock_ms()
    assert before.steady <= steady <= clock_ms()
    assert awake_ms() <= clock_ms() + 1, "sleep counts only in the one"
