"""Editing a document by ranges, against the plain reading of the rule: cut the text, put the new one in."""

import pytest
from fixtrail.capture.documents import Document, DocumentStore, Encoding, split_lines
from hypothesis import given
from hypothesis import strategies as st

PIECES = ["a", "b", "\n", "\r", "\r\n", "é", "\U0001f600", "\u2028", "\x0b", "\x0c", "\x85", "c d"]
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
positions = st.tuples(st.integers(0, 13), st.integers(0, 8))


def width(char: str, encoding: Encoding) -> int:
    if encoding == "utf-8":
        return len(char.encode())
    return 2 if encoding == "utf-16" and ord(char) > 0xFFFF else 1


def place(text: str, position: tuple[int, int], encoding: Encoding) -> int:
    """The reference: walk over the text, and stop where the position is."""
    line, column = position
    index = 0
    while line and index < len(text):
        if text[index] == "\n" or (text[index] == "\r" and text[index + 1 : index + 2] != "\n"):
            line -= 1
        index += 1
    if line:
        return len(text)
    units = 0
    while index < len(text) and text[index] not in "\r\n" and units < column:
        units += width(text[index], encoding)
        index += 1
    return index


def change(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, object]:
    span = {name: {"line": at[0], "character": at[1]} for name, at in (("start", start), ("end", end))}
    return {"range": span, "text": text}


@given(
    texts,
    st.lists(st.tuples(positions, positions, texts), min_size=1, max_size=4),
    st.sampled_from(["utf-16", "utf-32"]),
)
def test_any_edits_give_what_the_rule_says(text: str, edits: list[object], encoding: Encoding) -> None:
    document = Document("file:///a", None, 0, split_lines(text))
    for one, other, new in edits:  # type: ignore[misc]
        start, end = sorted((one, other))
        first = place(text, start, encoding)
        text = text[:first] + new + text[max(place(text, end, encoding), first) :]
        document.apply([change(start, end, new)], encoding)
        assert document.text == text
        assert document.lines == split_lines(text)


@given(texts)
def test_splitting_loses_nothing_and_knows_three_endings(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert len(lines) == len(text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")) - (not text)


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_the_column_after_an_emoji(encoding: Encoding, column: int) -> None:
    document = Document("file:///a", None, 0, ["\U0001f600x\n"])
    document.apply([change((0, column), (0, column + 1), "y")], encoding)
    assert document.text == "\U0001f600y\n"


def test_a_whole_text_replaces_everything_and_changes_come_in_order() -> None:
    store = DocumentStore()
    store.open("file:///a", "old", version=1)
    document = store.change("file:///a", [{"text": "one\ntwo\n"}, change((1, 0), (1, 3), "2")], 5)
    assert document is not None
    assert (document.text, document.version) == ("one\n2\n", 5)
    assert store.change("file:///never-opened", [{"text": "x"}], 1) is None
    assert store.close("file:///a") is document
    assert store.close("file:///a") is None
