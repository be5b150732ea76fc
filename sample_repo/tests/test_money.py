import pytest

from ledger import format_cents, parse_amount


@pytest.mark.parametrize(("text", "cents"), [("12.34", 1234), ("-0.05", -5), ("7", 700), ("1.5", 150)])
def test_parse_amount(text: str, cents: int) -> None:
    assert parse_amount(text) == cents


@pytest.mark.parametrize(("cents", "text"), [(1234, "12.34"), (-5, "-0.05"), (0, "0.00")])
def test_format_cents(cents: int, text: str) -> None:
    assert format_cents(cents) == text
