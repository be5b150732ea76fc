"""Unified diffs that ``git apply`` and ``patch`` accept.

Common head and tail are trimmed before difflib looks: one edit in 20,000 lines then costs a tenth.
Runs off the event loop.
"""

import difflib
import re
from collections.abc import Iterator

CONTEXT = 3
_PLAIN = re.compile(r'^[^\x00-\x1f"\\\x7f]+$')
_ESCAPES = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", '"': '"', "\\": "\\"}


def _name(prefix: str, path: str) -> str:
    """Write a file name as git does: C-quoted when it holds control characters, quotes or backslashes."""
    name = prefix + path
    if _PLAIN.match(name):
        return name + ("\t" if " " in name else "")
    quoted = "".join(
        "\\" + _ESCAPES[char]
        if char in _ESCAPES
        else f"\\{ord(char):03o}"
        if ord(char) < 0x20 or char == "\x7f"
        else char
        for char in name
    )
    return f'"{quoted}"'


def _lines(text: str) -> list[str]:
    """Split at line feeds only, as git and patch do; a carriage return stays part of its line."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def _trim(old: list[str], new: list[str]) -> tuple[int, int]:
    """Return how many lines at the head and at the tail are the same."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head, tail


def _groups(a: list[str], b: list[str], lead: int, trail: int) -> Iterator[list[tuple[str, int, int, int, int]]]:
    """Yield the hunks; ``lead`` and ``trail`` lines at the ends are the same, and are context whatever difflib finds.

    Left to difflib they might be matched with other equal lines, and the last hunk would end without context though
    the file goes on: git takes that for the end of the file.
    """
    matcher = difflib.SequenceMatcher(None, a[lead : len(a) - trail], b[lead : len(b) - trail])
    middle = [(tag, i1 + lead, i2 + lead, j1 + lead, j2 + lead) for tag, i1, i2, j1, j2 in matcher.get_opcodes()]
    before = [("equal", 0, lead, 0, lead)] if lead and middle else []
    after = [("equal", len(a) - trail, len(a), len(b) - trail, len(b))] if trail and middle else []
    matcher.opcodes = [*before, *middle, *after]  # type: ignore[attr-defined]
    yield from matcher.get_grouped_opcodes(CONTEXT)


def _range(start: int, length: int) -> str:
    """Write a hunk's range; an empty one names the line before it (POSIX diff -u)."""
    if length == 1:
        return str(start + 1)
    return f"{start + (1 if length else 0)},{length}"


def _body(mark: str, lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line
        if not line.endswith("\n"):
            yield "\n\\ No newline at end of file\n"


def unified_diff(
    path: str,
    old: str | None,
    new: str | None,
    *,
    old_mode: str | None = None,
    new_mode: str | None = None,
    old_path: str | None = None,
) -> tuple[str, int, int]:
    """Compare two texts of one file.

    Parameters
    ----------
    path
        Relative to the repository, POSIX.
    old, new
        The texts; None where the file does not exist.
    old_mode, new_mode
        Git's modes, where they are known: a new, deleted or moved file, or a change of the mode, is then told in
        git's extended headers, which also say what has no lines (an empty file).
    old_path
        The file was moved from here.

    Returns
    -------
    diff, added, removed
        The unified diff, empty when nothing changed, and how many lines were added and removed.
    """
    before, after = _lines(old or ""), _lines(new or "")
    head, tail = _trim(before, after)
    lead, trail = min(head, CONTEXT), min(tail, CONTEXT)
    head -= lead
    a, b = before[head : len(before) - tail + trail], after[head : len(after) - tail + trail]
    parts: list[str] = []
    added = removed = 0
    for group in _groups(a, b, lead, trail):
        first, last = group[0], group[-1]
        old_range = _range(first[1] + head, last[2] - first[1])
        new_range = _range(first[3] + head, last[4] - first[3])
        parts.append(f"@@ -{old_range} +{new_range} @@\n")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                parts.extend(_body(" ", a[i1:i2]))
                continue
            removed += i2 - i1
            added += j2 - j1
            parts.extend(_body("-", a[i1:i2]))
            parts.extend(_body("+", b[j1:j2]))
    headers = _headers(old is None, new is None, old_mode, new_mode, path, old_path)
    source = "/dev/null" if old is None else _name("a/", old_path or path)
    target = "/dev/null" if new is None else _name("b/", path)
    if parts:
        headers += f"--- {source}\n+++ {target}\n" + "".join(parts)
    return headers, added, removed


def _headers(
    created: bool, deleted: bool, old_mode: str | None, new_mode: str | None, path: str, old_path: str | None
) -> str:
    """Write what git says before the hunks when more than lines has changed."""
    lines: list[str] = []
    if created and new_mode:
        lines = [f"new file mode {new_mode}"]
    elif deleted and old_mode:
        lines = [f"deleted file mode {old_mode}"]
    elif old_mode and new_mode and old_mode != new_mode:
        lines = [f"old mode {old_mode}", f"new mode {new_mode}"]
    if old_path is not None:
        lines += [f"rename from {_name('', old_path).rstrip(chr(9))}", f"rename to {_name('', path).rstrip(chr(9))}"]
    if not lines:
        return ""
    names = [_name("a/", old_path or path).rstrip("\t"), _name("b/", path).rstrip("\t")]
    return "\n".join([f"diff --git {names[0]} {names[1]}", *lines, ""])
