"""Message bodies come out whole, however the bytes arrive and whatever stands between them."""

from fixtrail.server.framing import MAX_BODY_BYTES, MAX_HEADER_BYTES, FrameParser, frame
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.binary(max_size=60), max_size=8), st.data())
def test_any_chunking_gives_the_same_bodies(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frame(body) for body in bodies)
    parser = FrameParser()
    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += parser.feed(stream[:size])
        stream = stream[size:]
    assert found == bodies
    assert parser.errors == []


def test_headers_may_be_written_as_the_base_protocol_allows() -> None:
    parser = FrameParser()
    written = b"content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:  2  \r\n\r\n{}"
    assert parser.feed(written + frame(b"[]")) == [b"{}", b"[]"]


def test_a_header_without_a_length_is_skipped_and_told() -> None:
    parser = FrameParser()
    assert parser.feed(b"Hello: there\r\n\r\n" + frame(b"{}")) == [b"{}"]
    assert [str(error) for error in parser.errors] == ["a header names no Content-Length"]


def test_a_length_that_is_no_number_is_skipped() -> None:
    for length in (b"-1", b"two", b"", b"1e3", b"9" * 13):
        parser = FrameParser()
        assert parser.feed(b"Content-Length: " + length + b"\r\n\r\n" + frame(b"ok")) == [b"ok"], length
        assert len(parser.errors) == 1


def test_a_message_that_is_too_long_is_passed_over_without_being_kept() -> None:
    parser = FrameParser()
    length = MAX_BODY_BYTES + 10
    assert parser.feed(b"Content-Length: %d\r\n\r\n" % length) == []
    assert len(parser.errors) == 1
    piece = b"x" * (8 * 1024 * 1024)
    left = length
    while left > len(piece):
        assert parser.feed(piece) == []
        left -= len(piece)
    assert parser.feed(b"x" * left + frame(b"after")) == [b"after"]


def test_endless_garbage_does_not_fill_the_memory_and_the_next_message_is_found() -> None:
    parser = FrameParser()
    for _ in range(100):
        assert parser.feed(b"z" * MAX_HEADER_BYTES) == []
    assert parser.errors
    assert parser.feed(b"\r\n\r\n" + frame(b"{}")) == [b"{}"]
