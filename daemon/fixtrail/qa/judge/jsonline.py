"""One JSON object on one line, of which nothing can be taken for an end of the line, of the fence or of a message."""

import json
import re
from collections.abc import Mapping

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# '<' opens the control tokens of local models (<|im_end|>, </s>) and our own fence; the others end a line for some
# readers. All of them stand inside JSON strings only, where the escape means the same character.
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<\x7f\x85\u2028\u2029"})

Value = int | str | None | list[str] | dict[str, int]


def json_line(entry: Mapping[str, Value]) -> str:
    """Return ``entry`` as JSON on one line; a half character becomes U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", json.dumps(entry, ensure_ascii=False)).translate(_ESCAPES)
