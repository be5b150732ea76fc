"""What is kept of the output: a bounded head and tail, cut cleanly, without anything a terminal would act on."""

import random
import tracemalloc

import pytest
from fixtrail.capture.output import HeadAndTail, clean
from fixtrail.qa.sandbox.output import Demultiplexer
from hypothesis import given
from hypothesis import strategies as st


def frame(stream: int, payload: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


@given(
    payloads=st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=20),
    seed=st.integers(0, 2**32),
)
def test_frames_come_apart_wherever_the_wire_cuts_them(payloads: list[tuple[int, bytes]], seed: int) -> None:
    wire = b"".join(frame(*each) for each in payloads)
    received = bytearray()
    frames = Demultiplexer(received.extend)
    cuts = random.Random(seed)

    while wire:
        size = cuts.randint(1, 20)
        frames.feed(wire[:size])
        wire = wire[size:]

    assert bytes(received) == b"".join(payload for _, payload in payloads)


@given(data=st.text("abcdef", max_size=400), budget=st.integers(2, 100), size=st.integers(1, 120))
def test_head_and_tail_are_those_of_the_whole(data: str, budget: int, size: int) -> None:
    kept = HeadAndTail(budget)
    for start in range(0, len(data), size):
        kept.feed(data[start : start + size].encode())

    dropped = max(0, len(data) - budget)
    assert (kept.total, kept.dropped) == (len(data), dropped)
    head, tail = data[: budget // 2], data[-(budget - budget // 2) :]
    assert kept.text() == (f"{head}\n… {dropped} bytes left out …\n{tail}" if dropped else data)


def test_short_output_is_kept_whole() -> None:
    kept = HeadAndTail(1024)
    kept.feed("grüße ".encode()[:3])
    kept.feed("grüße ".encode()[3:] + b"1 passed\n")

    assert (kept.text(), kept.dropped) == ("grüße 1 passed\n", 0)


def test_the_middle_of_long_output_is_left_out_and_said_so() -> None:
    kept = HeadAndTail(10)
    kept.feed(b"begin" + b"-" * 1000)
    kept.feed(b"-end.")

    assert kept.text() == "begin\n… 1000 bytes left out …\n-end."
    assert (kept.total, kept.dropped) == (1010, 1000)


def test_no_half_character_at_the_gap() -> None:
    kept = HeadAndTail(11)  # 5 and 6 bytes, each through the middle of an emoji
    kept.feed("abc😀".encode() + b"-" * 50 + "😀xyz".encode())

    assert kept.text() == "abc\n… 53 bytes left out …\nxyz"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[32m1 passed\x1b[0m in 0.1s", "1 passed in 0.1s"),
        (b"\x1b]0;title\x07text", "text"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]633;D;0\x07$ ", "$ "),
        (b"\x1b]never ended\nnext line", "\nnext line"),
        (b"a\x1b(Bb\x1b=c\x1bMd", "abcd"),
        (b"10%\r20%\r\ndone", "10%\n20%\ndone"),
        (b"nul\0 bell\a back\b tab\t del\x7f", "nul bell back tab\t del"),
        (b"bad \xff\xfe byte", "bad \ufffd\ufffd byte"),
        ("c1 \x9b31m".encode(), "c1 31m"),
    ],
)
def test_only_readable_text_is_left(raw: bytes, shown: str) -> None:
    assert clean(raw) == shown


@given(st.binary(max_size=300))
def test_any_bytes_become_text_that_a_document_can_hold(raw: bytes) -> None:
    text = clean(raw)

    assert text.encode() is not None
    assert not set(text) & {chr(code) for code in (*range(9), 0x1B, 0x7F)}


def test_memory_does_not_grow_with_the_output() -> None:
    kept = HeadAndTail(64 * 1024)
    frames = Demultiplexer(kept.feed)
    piece = frame(1, b"x" * 32_768)
    tracemalloc.start()
    try:
        for _ in range(6_400):  # 200 MB
            frames.feed(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept.total == 6_400 * 32_768
    assert peak < 1024**2


SCREEN = "\x1b[?1049h~\r\n~\r\n\x1b[1;1H\x1b[?1049l"


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (f"before\r\n{SCREEN}after\r\n", "before\nafter\n"),
        ("before\r\n\x1b[?47hdrawn and killed", "before\n"),
        (f"{SCREEN}between\n{SCREEN}", "between\n"),
    ],
)
def test_the_screen_of_an_editor_is_no_output(raw: str, left: str) -> None:
    kept = HeadAndTail(1024)
    kept.feed(raw.encode())
    assert kept.full_screen
    assert kept.text(screens=False) == clean(raw, screens=False) == left
    assert "~" in clean(raw) or "drawn" in clean(raw)  # of the tests of a fix everything is shown


def test_a_screen_that_the_gap_cuts_through_is_left_out_on_both_sides() -> None:
    kept = HeadAndTail(200)
    kept.feed(b"before\n\x1b[?1049h" + b"~\r\n" * 500 + b"\x1b[?1049lafter\n")
    assert kept.full_screen
    text = kept.text(screens=False)
    assert (text.startswith("before\n"), text.endswith("after\n"), "~" in text) == (True, True, False)


def test_plain_output_is_no_screen() -> None:
    kept = HeadAndTail(1024)
    kept.feed(b"\x1b[1mbold\x1b[0m\n")
    assert not kept.full_screen
