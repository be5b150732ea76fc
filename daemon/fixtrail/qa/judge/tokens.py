"""How many tokens a text takes, without any model's tokenizer: an estimate that is meant to be too high."""

import string

_WORDS = (string.ascii_letters + string.whitespace).encode()
_DIGITS = string.digits.encode()


def estimate_tokens(text: str) -> int:
    """Return about how many tokens ``text`` takes, rather too many than too few.

    Three ASCII letters or blanks count as one token, two other ASCII signs as one, each digit as one, and outside of
    ASCII each byte of UTF-8 as one. Byte-level tokenizers never need more than one token a byte; on English and code
    they need about one for four characters, and some of them give each digit its own.
    """
    data = text.encode("utf-8", "replace")
    other = len(data.translate(None, _WORDS))
    words = len(data) - other
    rest = data.translate(None, _WORDS + _DIGITS)
    digits = other - len(rest)
    beyond = len(rest) - len(rest.decode("ascii", "ignore"))
    signs = len(rest) - beyond
    return -(-words // 3) + digits + -(-signs // 2) + beyond
