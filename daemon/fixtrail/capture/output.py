"""Output of a command as it can be kept: its head and its tail, without anything a terminal would act on."""

import codecs
import re

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC: titles, links, shell marks
    r"|[ -/]*[0-~])"  # two-character escapes
)
_SCREEN = re.compile(r"\x1b\[\?(?:47|1047|1049)h.*?(?:\x1b\[\?(?:47|1047|1049)l|\Z)", re.DOTALL)
"""What a program draws on the alternate screen: an editor, a pager. A program that was cut short never leaves it."""
_SCREEN_LEFT = re.compile(r"\A(?:(?!\x1b\[\?(?:47|1047|1049)h).)*?\x1b\[\?(?:47|1047|1049)l", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


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

    def text(self, *, screens: bool = True) -> str:
        """Return what was kept, as clean text; where something was left out, a line says how much.

        ``screens`` is as :func:`clean` has it.
        """
        tail = bytes(self._tail[-self._tail_size :])
        if not self.dropped:
            return clean(bytes(self._head) + tail, screens=screens)
        # Neither end of the gap may show half a character.
        head = codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._head))
        cut = 0
        while cut < min(3, len(tail)) and tail[cut] & 0xC0 == 0x80:  # continuation bytes of a character cut in two
            cut += 1
        end = tail[cut:].decode("utf-8", "replace")
        if not screens:
            end = _SCREEN_LEFT.sub("", end, count=1)
        middle = f"… {self.dropped} bytes left out …"
        return f"{clean(head, screens=screens)}\n{middle}\n{clean(end, screens=screens)}"

    @property
    def full_screen(self) -> bool:
        """Whether something was drawn on the alternate screen, as far as it was kept."""
        return draws_full_screen((bytes(self._head) + bytes(self._tail)).decode("utf-8", "replace"))


def draws_full_screen(text: str) -> bool:
    """Whether this output enters or leaves the alternate screen: its program drew on the whole of it."""
    return _SCREEN.search(text) is not None or _SCREEN_LEFT.search(text) is not None


def clean(raw: bytes | str, *, screens: bool = True) -> str:
    """Return readable text: UTF-8 with U+FFFD for what is not, no escape sequences, no controls but tab and newline.

    Parameters
    ----------
    screens
        Keep what was drawn on the alternate screen. An editor's or a pager's screen is no text; but where hostile code
        printed it, nothing may be hidden.
    """
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    if not screens:
        text = _SCREEN.sub("", text)
    text = _ESCAPES.sub("", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)
