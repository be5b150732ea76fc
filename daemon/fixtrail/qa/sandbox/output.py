"""Keeps the head and the tail of what a container prints, in memory that does not grow with it."""

import codecs
import re
from collections.abc import Callable

_HEADER_BYTES = 8
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC: titles, links, shell marks
    r"|[ -/]*[0-~])"  # two-character escapes
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


class Demultiplexer:
    """Takes an attach stream apart into what was printed.

    Each frame has a header of 8 bytes, the stream's number and the payload's length as a big-endian 32-bit number
    (Docker Engine API, "Attach to a container", stream format). Frames may be cut anywhere.

    Parameters
    ----------
    sink
        Called with each piece of payload, standard output and error in the order they came.
    """

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
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
                self._header = b""


class HeadAndTail:
    """The first and the last of a stream of bytes; what is between is counted and dropped.

    Parameters
    ----------
    budget
        Bytes kept in all, half head and half tail. Memory stays under twice that.
    """

    def __init__(self, budget: int) -> None:
        self._head_size = budget // 2
        self._tail_size = budget - self._head_size
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self.total += len(data)
        room = self._head_size - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data[-self._tail_size :]
        if len(self._tail) > 2 * self._tail_size:
            del self._tail[: -self._tail_size]

    @property
    def dropped(self) -> int:
        """Bytes left out of the middle."""
        return self.total - len(self._head) - min(len(self._tail), self._tail_size)

    def text(self) -> str:
        """Return what was kept, as clean text; where something was left out, a line says how much."""
        tail = bytes(self._tail[-self._tail_size :])
        if not self.dropped:
            return clean(bytes(self._head) + tail)
        # Neither end of the gap may show half a character.
        head = codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._head))
        cut = 0
        while cut < min(3, len(tail)) and tail[cut] & 0xC0 == 0x80:  # continuation bytes of a character cut in two
            cut += 1
        return f"{clean(head)}\n… {self.dropped} bytes left out …\n{clean(tail[cut:])}"


def clean(raw: bytes | str) -> str:
    """Return readable text: UTF-8 with U+FFFD for what is not, no escape sequences, no controls but tab and newline."""
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    text = _ESCAPES.sub("", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)
