"""Terminal output becomes plain, bounded text of whole characters."""

from fixtrail.capture.output import clean
from fixtrail.capture.text import bound, join_surrogates, scrub
from hypothesis import given
from hypothesis import strategies as st


def test_control_sequences_go_and_words_stay() -> None:
    raw = "\x1b]633;A\x07$ \x1b]633;C\x1b\\\x1b[1;31mred\x1b[0m\x1b[2K\x1bP+q\x1b\\\x1b(B ok\r\n\0end [0m"
    assert clean(raw) == "$ red ok\nend [0m"


@given(st.text(max_size=400), st.integers(16, 200))
def test_what_is_kept_is_head_and_tail_and_the_rest_is_counted(text: str, limit: int) -> None:
    kept, dropped = bound(text, limit)
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        assert (kept, dropped) == (text, 0)
    else:
        head, _, tail = kept.partition(f"\n[… {dropped} bytes left out …]\n")
        assert raw.startswith(head.encode())
        assert raw.endswith(tail.encode())
        assert len(head.encode()) + len(tail.encode()) + dropped == len(raw)
        assert len(head.encode()) + len(tail.encode()) <= limit


@given(st.lists(st.integers(0, 0x10FFFF), max_size=12))
def test_after_joining_utf_8_can_hold_it_and_whole_characters_stay(points: list[int]) -> None:
    text = "".join(map(chr, points))
    whole, replaced = join_surrogates(text)
    whole.encode()
    assert join_surrogates(whole) == (whole, 0)
    if not any(0xD800 <= point <= 0xDFFF for point in points):
        assert (whole, replaced) == (text, 0)


@given(st.text())
def test_halves_that_arrive_apart_are_one_character(text: str) -> None:
    pairs = "".join(map(chr, memoryview(text.encode("utf-16-le")).cast("H")))
    assert join_surrogates(pairs) == (text, 0)


def test_every_string_of_a_value_is_counted() -> None:
    value = {"a\ud800": ["\udc00", {"b": "ok \U0001f600"}, 1, None, True, 1.5]}
    assert scrub(value) == ({"a\ufffd": ["\ufffd", {"b": "ok \U0001f600"}, 1, None, True, 1.5]}, 2)
