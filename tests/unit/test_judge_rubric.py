"""Rubric and prompt of grounded mode: text that does not change under its version, and rubrics of one's own."""

import re
from pathlib import Path

import pytest
from fixtrail.errors import UsageError
from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.judge.facts import find_facts
from fixtrail.qa.judge.grounded_prompt import VERSION, draft_prompt
from fixtrail.qa.judge.rubric import BUILT_IN, MAX_CHARS, find_problem, load_rubric
from fixtrail_protocol.qa import DIMENSIONS

from tests.support.timelines import timeline_of

RUBRIC_V2 = "7a5ef31faa9fc9bc17e066cccbb8018152b362ff2615c4d59cad7f6f36fc5b1d"
PROMPT_V2 = "e5e0b93fada908193e8e510b1a1d7d4f6510c049dc37f912218227de825c0483"


def prompt_hash() -> str:
    timeline = timeline_of()
    return draft_prompt(timeline, find_facts(timeline, assess(timeline)), load_rubric(None), 16_000).hash


def test_the_text_of_a_version_never_changes() -> None:
    """Scores are compared by these hashes. Another wording is another version: add files, leave these."""
    assert (BUILT_IN, VERSION) == ("rubric_v2", "v2")
    assert (load_rubric(None).hash, prompt_hash()) == (RUBRIC_V2, PROMPT_V2)


def test_the_built_in_rubric_has_five_anchors_for_each_dimension() -> None:
    text = load_rubric(None).text

    assert find_problem(text) is None
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == list(DIMENSIONS)
    assert len(re.findall(r"^- (?:0|0\.25|0\.5|0\.75|1): \S", text, re.MULTILINE)) == 25


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("## depth", "## breadth", "breadth is no dimension"),
        ("## depth", "### depth", "no heading '## depth'"),
        ("## depth", "## validation", "more than one heading '## validation'"),
        ("- 0.25: A cause is named only", "- 0.3: A cause is named only", "hypothesis_formation has no text for 0.25"),
        ("- 1: It is said why", "- 1:", "depth has no text for 1"),
        ("- 1: It is said why", "- 0.9: more\n- 1: It is said why", "depth has a text for something else"),
        ("- 1: It is said why", "- 1: twice\n- 1: It is said why", "two for one"),
    ],
)
def test_a_rubric_that_lacks_something_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = load_rubric(None).text
    assert old in text
    path = tmp_path / "own.md"
    path.write_text(re.sub(rf"{re.escape(old)}.*" if new == "- 1:" else re.escape(old), new, text))

    with pytest.raises(UsageError) as refused:
        load_rubric(path)

    assert refused.value.code == "judge/rubric-invalid"
    assert problem in refused.value.message


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * (MAX_CHARS + 1)])
def test_what_is_no_text_or_too_long_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.md").write_bytes(content)
    with pytest.raises(UsageError, match="cannot be used"):
        load_rubric(tmp_path / "own.md")


def test_a_folder_is_no_rubric(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_rubric(tmp_path)
