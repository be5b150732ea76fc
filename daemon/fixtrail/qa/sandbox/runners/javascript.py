"""What jest and vitest have in common."""

import re
from collections.abc import Sequence

PATTERN_OPTIONS = frozenset({"-t", "--testNamePattern"})


def pattern(titles: Sequence[str]) -> str:
    """Return a regular expression, as JavaScript has them, that matches these titles and no others."""
    escaped = (re.sub(r"[\\^$.*+?()\[\]{}|/]", r"\\\g<0>", title) for title in titles)
    return "^(" + "|".join(dict.fromkeys(escaped)) + ")$"
