"""Takes apart what a container prints, as the engine's attach stream brings it."""

from collections.abc import Callable

_HEADER_BYTES = 8
_STANDARD_ERROR = 2


class Demultiplexer:
    """Takes an attach stream apart into what was printed.

    Each frame has a header of 8 bytes, the stream's number and the payload's length as a big-endian 32-bit number
    (Docker Engine API, "Attach to a container", stream format). Frames may be cut anywhere.

    Parameters
    ----------
    sink
        Called with each piece of payload, standard output and error in the order they came.
    errors
        Called with what came as standard error instead, if given.
    """

    def __init__(self, sink: Callable[[bytes], None], errors: Callable[[bytes], None] | None = None) -> None:
        self._output = self._sink = sink
        self._errors = errors or sink
        self._header = b""
        self._left = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes off the wire."""
        position = 0
        while position < len(data):
            if self._left:
                payload = data[position : position + self._left]
                self._sink(payload)
                self._left -= len(payload)
                position += len(payload)
                continue
            part = data[position : position + _HEADER_BYTES - len(self._header)]
            self._header += part
            position += len(part)
            if len(self._header) == _HEADER_BYTES:
                self._left = int.from_bytes(self._header[4:], "big")
                self._sink = self._errors if self._header[0] == _STANDARD_ERROR else self._output
                self._header = b""
