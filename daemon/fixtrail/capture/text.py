"""Make text fit to be stored: bounded length, whole characters."""

import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def bound(text: str, limit: int) -> tuple[str, int]:
    """Keep the head and the tail of a long text.

    Parameters
    ----------
    limit
        Bytes of UTF-8 to keep, half of them at each end.

    Returns
    -------
    text, dropped
        The text with a line in the middle that says how much is missing, and how many bytes are.
    """
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text, 0
    half = limit // 2
    head = raw[:half].decode("utf-8", "ignore")
    tail = raw[-half:].decode("utf-8", "ignore")
    dropped = len(raw) - len(head.encode()) - len(tail.encode())
    return f"{head}\n[… {dropped} bytes left out …]\n{tail}", dropped


def join_surrogates(text: str) -> tuple[str, int]:
    """Join surrogate pairs that arrived apart, and replace each that stands alone by U+FFFD.

    Returns
    -------
    text, replaced
        Text that UTF-8 can hold, and how many characters were replaced.
    """
    if not _SURROGATE.search(text):
        return text, 0
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _SURROGATE.subn(REPLACEMENT, joined)


def scrub(value: Any) -> tuple[Any, int]:
    """Apply :func:`join_surrogates` to every string of a JSON value, keys included."""
    if isinstance(value, str):
        return join_surrogates(value)
    count = 0
    if isinstance(value, list):
        items = []
        for item in value:
            clean, replaced = scrub(item)
            items.append(clean)
            count += replaced
        return items, count
    if isinstance(value, dict):
        result: dict[Any, Any] = {}
        for key, item in value.items():
            clean_key, replaced = scrub(key)
            clean, more = scrub(item)
            result[clean_key] = clean
            count += replaced + more
        return result, count
    return value, 0
