"""docs/measures.md and the code name the same measures, claims, places and labels."""

import re
from pathlib import Path

import pytest
from fixtrail.qa.evidence.claims.check import OTHER
from fixtrail.qa.evidence.claims.forms import FORMS
from fixtrail.qa.evidence.label import _TAMPERED, OUTCOMES, REQUIRED, REQUIRED_OF_A_FIX
from fixtrail.qa.evidence.measures import MAX_EVENTS, MEASURES
from fixtrail_protocol.process import Label, Place

PAGE = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> list[str]:
    return re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE)


def test_every_measure_has_its_row_and_no_other():
    assert first_cells(section("Measures")) == list(MEASURES)
    assert f"({MAX_EVENTS} at the most" in section("Measures")


def test_every_kind_of_claim_has_its_row_and_no_other():
    kinds = list(dict.fromkeys(form.kind for form in FORMS))
    assert sorted(first_cells(section("Claims"))) == sorted([*kinds, OTHER])


@pytest.mark.parametrize("place", Place.__args__)
def test_every_place_is_explained(place):
    assert f"`{place}`" in section("Reasoning steps")


def test_every_label_and_what_it_rests_on_is_in_the_rule():
    rule = section("The label")
    named = {*Label.__args__, *OUTCOMES.values(), *REQUIRED, REQUIRED_OF_A_FIX, *_TAMPERED}
    assert [name for name in named if f"`{name}`" not in rule] == []
