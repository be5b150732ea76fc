"""Apply a unified diff exactly: every line of context has to stand where the diff says it does."""

import re

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class PatchError(ValueError):
    """The diff does not fit the text, or is no diff."""


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def apply_diff(base: str, diff: str) -> str:
    """Return ``base`` changed by ``diff``, one file's unified diff as :mod:`fixtrail.capture.diffs` writes it.

    Raises
    ------
    PatchError
        Says which line does not fit.
    """
    old, lines = _lines(base), diff.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    new: list[str] = []
    taken = place = 0
    while place < len(lines) and not lines[place].startswith("@@"):
        place += 1
    while place < len(lines):
        header = _HUNK.match(lines[place])
        if header is None:
            raise PatchError(f"line {place + 1} of the diff is no hunk")
        start, count = int(header[1]), int(header[2] or 1)
        wanted = int(header[4] or 1)
        first = start if count == 0 else start - 1
        if first < taken or first > len(old):
            raise PatchError(f"the hunk at line {start} lies outside the file")
        new += old[taken:first]
        taken, made = first, len(new)
        place += 1
        while place < len(lines) and (taken - first < count or len(new) - made < wanted):
            mark, text = lines[place][:1], lines[place][1:]
            place += 1
            if place < len(lines) and lines[place].startswith("\\"):
                place += 1
            else:
                text += "\n"
            if mark in (" ", "-"):
                if taken >= len(old) or old[taken] != text:
                    raise PatchError(f"line {taken + 1} of the file is not what the diff expects")
                taken += 1
            elif mark != "+":
                raise PatchError(f"line {place} of the diff begins with {mark!r}")
            if mark in (" ", "+"):
                new.append(text)
        if taken - first != count or len(new) - made != wanted:
            raise PatchError(f"the hunk at line {start} is cut short")
    return "".join(new + old[taken:])
