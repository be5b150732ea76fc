"""Values after a name that says they are secret: ``password = "…"``, ``API_KEY=…``, ``--token …``."""

from typing import NamedTuple

WORDS = (
    r"(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|"
    r"encryption[_-]?key|auth[_-]?key|account[_-]?key|master[_-]?key|secret[_-]?key|credential|cookie[_-]?secret|salt|auth)"
)
_AFTER = r"(?:[_-]?(?:prod|dev|test|staging|v?\d+|key|value|base|b64|base64|raw|live|primary|secondary|old|new|hash))*"
KEY = r"(?i:[A-Za-z0-9_.-]*" + WORDS + _AFTER + r")"
"""A name that ends with such a word: ``max_tokens`` and ``token_count`` do not."""

_SHOUTED = (
    r"(?:^|[\s;&\"'+-])[A-Z0-9_]*(?:PASSW(?:OR)?D|PASSPHRASE|PWD|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY|"
    r"SIGNING_KEY|ENCRYPTION_KEY|AUTH_KEY|SECRET_KEY|MASTER_KEY|CREDENTIAL)(?:_?(?:PROD|DEV|TEST|KEY|VALUE|OLD|NEW|\d+))*"
)
"""A variable of the environment, as a shell or an ``.env`` file sets it."""


class Naming(NamedTuple):
    """A way in which a value follows its name."""

    name: str
    pattern: str
    quoted: bool
    sure: bool = False
    """The place leaves no doubt that a literal follows."""


_TYPE = r"(?:\s*:\s*[A-Za-z_][A-Za-z0-9_\[\]. |]*?)?"

NAMINGS: tuple[Naming, ...] = (
    Naming(
        "key-name",
        KEY + r"\\?[\"']?\]?" + _TYPE + r"\s*(?::=|=>|===?|:|=)\s*[rbuf]{0,2}\\?[\"'`]([^\"'`\\\n]{4,200})\\?[\"'`]",
        quoted=True,
    ),
    Naming("key-name", r"\(\s*[\"']" + KEY + r"[\"']\s*,\s*[\"']([^\"'\n]{4,200})[\"']\s*\)", quoted=True),
    Naming("key-name", _SHOUTED + r"=([^\s\"'`()]{4,200})", quoted=False, sure=True),
    Naming(
        "key-name", r"(?:^|[\s,;{(?&\"'+-])" + KEY + r"[\"']?\s?[:=]\s*([^\s\"'`,;(){}\[\]<>&|]{6,200})", quoted=False
    ),
    Naming("flag", r"(?:^|\s)--?" + KEY + r"(?:\s+|=)[\"']?([^\s\"'`-][^\s\"'`]{3,})", quoted=False, sure=True),
    Naming("key-name", r"(?i)<" + KEY + r">([^<\s]{4,200})</", quoted=True),
    Naming("key-name", r"(?i)<key>" + KEY + r"</key>\s*<string>([^<]{4,200})</string>", quoted=True),
    Naming("key-name", r"(?i)\b(?:identified\s+by|password)\s+[\"']([^\"'\n]{4,200})[\"']", quoted=True),
    Naming("key-name", r"(?:^|\s)(?i:pass)\s?[:=]\s?([^\s\"'`,;(){}\[\]<>&|]{6,200})", quoted=False),
    Naming("flag", r"\bsshpass\s+-p\s*[\"']?([^\s\"']{4,200})", quoted=False, sure=True),
    Naming("netrc", r"^\s*password\s+([^\s]{6,})\s*$", quoted=False),
)
