"""Is this a secret? Placeholders, names in code, and how random a word is."""

import re
from itertools import pairwise

_PLACEHOLDER = re.compile(
    r"^(?:[x*.#_?-]+|<.*>?|\$.*|%.*%|\{\{.*|\{.*\}|@.*|:.*|none|null|nil|undefined|true|false|yes|no|todo|tbd|n/a|empty|"
    r"string|str|bytes|int|bool|any|object|text|value|values|key|name|user|username|admin|root|guest|localhost|"
    r"password\d*|passwd|secret|token|apikey|api[_-]key|bearer|basic|digest|required|optional|hidden|masked|enabled|"
    r"disabled|default|test(?:ing)?\d*|foo\w*|bar|baz|qux|hunter2?|letmein|abc\d*|1234\d*|0+|deadbeef)$",
    re.IGNORECASE,
)
_HINTS = re.compile(
    r"example|placeholder|change[-_ ]?(?:me|it|this)|your[-_ ]|[-_ ]here\b|dummy|redacted|fixme|sample|insert[-_ ]|"
    r"replace[-_ ]|x{5,}|\*{4,}|\.{3,}|<[^>]*>|\$\{|\{\{|123456789|abcdefgh|fake|not[-_]?a?[-_]?real",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"^(?:[A-Za-z_$][\w$]*(?:\.|::|->)[\w.$:>-]*|self\b.*|this\b.*|os\..*|env\..*|process\..*|settings\..*|config\..*|"
    r"[a-z_]+\d?|[A-Z_]+|[A-Z][a-z]+(?:[A-Z][a-z]+)*|[a-z]+(?:[A-Z][a-z]+)+)$"
)
_HEX = re.compile(r"^(?:0x)?[0-9a-fA-F]+$")
_UUID = re.compile(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
_VERSION = re.compile(r"^v?\d+(?:[._-]\d+)+(?:[-+.]?\w+)*$")

SHORTEST_RANDOM = 24
LONGEST_RANDOM = 200


def is_placeholder(value: str) -> bool:
    """Whether a value stands where a secret goes and is none."""
    plain = value.strip().strip("\"'`")
    return (
        "[REDACTED:" in value
        or not plain
        or bool(_PLACEHOLDER.match(plain))
        or bool(_HINTS.search(plain))
        or (len(set(plain.lower())) <= 3)
    )


def is_code(value: str) -> bool:
    """Whether an unquoted value is a name or a member rather than a literal."""
    if value.isidentifier() and changes(value.replace("_", "")) < 0.35:
        return True
    return bool(_CODE.match(value)) or bool(_VERSION.match(value)) or "\\" in value[:1]


def is_word(value: str) -> bool:
    """Whether a quoted value is a word or a sentence rather than a secret."""
    if value.count(" ") >= 2:
        return True
    letters = (
        value.replace("_", "").replace("-", "").replace(" ", "").replace(".", "").replace("/", "").replace(":", "")
    )
    return letters.isalpha() and (len(letters) < 16 or changes(letters) < 0.3)


def _kind(char: str) -> int:
    if char.isdigit():
        return 0
    if char.isupper():
        return 1
    return 2 if char.islower() else 3


def changes(value: str) -> float:
    """Return how often the kind of character (digit, upper, lower, other) changes from one to the next, 0 to 1.

    Words and names in camel case change at word boundaries only, some 0.3 at the most; of random characters of base 62
    about 0.6 of the neighbours differ.
    """
    kinds = [_kind(char) for char in value]
    return sum(left != right for left, right in pairwise(kinds)) / max(len(kinds) - 1, 1)


def is_random(value: str) -> bool:
    """Whether a word of base-64 characters is random enough to be a secret; hashes and ids are not."""
    if not SHORTEST_RANDOM <= len(value) <= LONGEST_RANDOM or _HEX.match(value) or _UUID.match(value):
        return False
    digits = sum(char.isdigit() for char in value)
    upper = sum(char.isupper() for char in value)
    lower = sum(char.islower() for char in value)
    if digits < 3 or upper < 3 or lower < 3:
        return False
    if "/" in value and any(part.isalpha() and part.islower() and len(part) > 3 for part in value.split("/")):
        return False  # a path
    if ("_" in value or "-" in value) and any(
        len(part) > 3 and part.isalpha() and (part.islower() or part.isupper()) for part in re.split("[-_/]", value)
    ):
        return False  # a name made of words
    return changes(value) >= 0.38
