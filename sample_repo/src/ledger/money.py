"""Amounts are whole cents; text is only for people."""


def parse_amount(text: str) -> int:
    """Return the cents in an amount such as ``12.34`` or ``-0.05``."""
    sign = -1 if text.strip().startswith("-") else 1
    units, _, cents = text.strip().lstrip("+-").partition(".")
    return sign * (int(units or 0) * 100 + int(cents.ljust(2, "0")[:2] or 0))


def format_cents(cents: int) -> str:
    """Write cents as an amount with two decimals."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
