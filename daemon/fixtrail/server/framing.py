"""Base protocol of LSP: ``Content-Length`` headers and bodies, out of whatever chunks arrive."""

import re

MAX_HEADER_BYTES = 8 * 1024
MAX_BODY_BYTES = 256 * 1024 * 1024

_LENGTH = re.compile(rb"(?:^|\r\n)content-length:[ \t]*(\d{1,12})[ \t]*(?=\r\n|$)", re.IGNORECASE)


class FramingError(ValueError):
    """Bytes that are no message were skipped."""


def frame(body: bytes) -> bytes:
    """Return ``body`` with its header."""
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class FrameParser:
    """Cuts a byte stream into message bodies. It never gives up: what is no message is skipped and told."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lengths: dict[bytes, int] = {}
        self._skip = 0
        self.errors: list[FramingError] = []
        """What was skipped since the caller last emptied this list."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return every body that is complete now."""
        if self._skip:
            skipped = min(self._skip, len(chunk))
            self._skip -= skipped
            chunk = chunk[skipped:]
        buffer = self._buffer
        buffer += chunk
        bodies: list[bytes] = []
        place = 0
        while True:
            end = buffer.find(b"\r\n\r\n", place)
            if end < 0:
                if len(buffer) - place > MAX_HEADER_BYTES:
                    self.errors.append(FramingError("a header is too long"))
                    # The next header may have begun in what is kept.
                    place = max(buffer.rfind(b"Content-Length:", place + 1), len(buffer) - 64)
                break
            start = end + 4
            length = self._length(bytes(buffer[place:end]))
            if length is None:
                self.errors.append(FramingError("a header names no Content-Length"))
                place = start
                continue
            if length > MAX_BODY_BYTES:
                self.errors.append(FramingError(f"a message of {length} bytes is too long"))
                present = min(len(buffer) - start, length)
                self._skip = length - present
                place = start + present
                continue
            if len(buffer) - start < length:
                break
            place = start + length
            bodies.append(bytes(buffer[start:place]))
        if place:
            del buffer[:place]
        return bodies

    def _length(self, header: bytes) -> int | None:
        """Read the length out of a header. The same few headers come again and again: they are remembered."""
        known = self._lengths.get(header)
        if known is not None:
            return known
        match = _LENGTH.search(header)
        if match is None:
            return None
        if len(self._lengths) > 4_096:
            self._lengths.clear()
        self._lengths[header] = length = int(match[1])
        return length
