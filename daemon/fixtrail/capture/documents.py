"""The text of open documents, kept in step with the editor.

Kept as a list of lines, so that a keystroke costs the lines it touches and not the length of the file.
Positions are UTF-16 code units unless the editor agreed otherwise (LSP 3.17, "Text Documents").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""LSP ends a line at \\n, \\r\\n and \\r, and nowhere else (``str.splitlines`` knows eight more)."""


def split_lines(text: str) -> list[str]:
    """Split ``text`` into lines as LSP counts them, each with its ending."""
    return _LINE.findall(text)


def _index(line: str, character: int, encoding: Encoding) -> int:
    """Turn a position in code units into an index into ``line``; past the end means the end of the line's text."""
    if encoding == "utf-32" or line.isascii():
        index = character
    elif encoding == "utf-16":
        units = 0
        index = len(line)
        for place, char in enumerate(line):
            if units >= character:
                index = place
                break
            units += 2 if ord(char) > 0xFFFF else 1
    else:
        index = len(line.encode("utf-8", "surrogatepass")[:character].decode("utf-8", "ignore"))
    return min(index, len(line.rstrip("\r\n")))


@dataclass(slots=True)
class Document:
    """One open document."""

    uri: str
    language_id: str | None
    version: int
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.lines)

    def apply(self, changes: Sequence[Mapping[str, Any]], encoding: Encoding) -> None:
        """Apply ``contentChanges`` of a ``didChange``, in order.

        Raises
        ------
        KeyError, TypeError
            A change does not have the shape LSP gives it.
        """
        for change in changes:
            span = change.get("range")
            if span is None:
                self.lines = split_lines(change["text"])
            else:
                start, end = span["start"], span["end"]
                self._replace(
                    (start["line"], start["character"]), (end["line"], end["character"]), change["text"], encoding
                )

    def _replace(self, start: tuple[int, int], end: tuple[int, int], text: str, encoding: Encoding) -> None:
        lines = self.lines
        count = len(lines)
        first, last = min(start[0], count), min(end[0], count)
        prefix = lines[first][: _index(lines[first], start[1], encoding)] if first < count else ""
        suffix = lines[last][_index(lines[last], end[1], encoding) :] if last < count else ""
        # Past the last line there is no text; an insertion there goes on after a last line without an ending.
        if first == count and count and not lines[-1].endswith(("\n", "\r")):
            first -= 1
            prefix = lines[first]
        stop = last + 1
        middle = prefix + text + suffix
        # A \r and a \n that come to stand together are one ending: pull the neighbours in and split again.
        if middle.startswith("\n") and first > 0 and lines[first - 1].endswith("\r"):
            first -= 1
            middle = lines[first] + middle
        if middle and stop < count and (not middle.endswith("\n")):
            middle += lines[stop]
            stop += 1
        lines[first:stop] = split_lines(middle)


class DocumentStore:
    """All documents the editor has open, by URI."""

    def __init__(self) -> None:
        self.encoding: Encoding = "utf-16"
        self.documents: dict[str, Document] = {}

    def open(self, uri: str, text: str, *, language_id: str | None = None, version: int = 0) -> Document:
        """Take over a document that was opened."""
        document = Document(uri=uri, language_id=language_id, version=version, lines=split_lines(text))
        self.documents[uri] = document
        return document

    def change(self, uri: str, changes: Sequence[Mapping[str, Any]], version: int) -> Document | None:
        """Apply changes; None when the document was never opened (an editor's mistake)."""
        document = self.documents.get(uri)
        if document is not None:
            document.apply(changes, self.encoding)
            document.version = version
        return document

    def close(self, uri: str) -> Document | None:
        """Let go of a document."""
        return self.documents.pop(uri, None)
