"""How strictly an answer is read, and the score that is made of it."""

import json
from typing import Any

import pytest
from fixtrail.qa.judge.answer import FEEDBACK_CHARS, Answer, read_answer, tidy_feedback, total_score
from fixtrail_protocol.qa import DIMENSIONS

VALID: dict[str, Any] = {"feedback": "Fine.", **dict.fromkeys(DIMENSIONS, 0.5)}


def test_a_valid_answer_gives_a_mark_for_each_dimension() -> None:
    answer = read_answer(json.dumps(VALID | {"depth": 1, "validation": 0.62}), Answer)

    assert answer is not None
    assert answer.marks() == dict.fromkeys(DIMENSIONS, 0.5) | {"depth": 1.0, "validation": 0.62}
    assert list(answer.marks()) == list(DIMENSIONS)


def test_a_total_of_the_model_is_not_heard() -> None:
    answer = read_answer(json.dumps(VALID | {"score": 5.0, "total": 5.0}), Answer)

    assert answer is not None
    assert total_score(answer.marks()) == 2.5


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize(
    "mark", ["1.01", "-0.1", "5", "NaN", "Infinity", "-Infinity", "1e400", "true", '"0.5"', "null", "[1]"]
)
def test_what_is_no_mark_from_0_to_1_is_refused(dimension: str, mark: str) -> None:
    content = json.dumps(VALID).replace(f'"{dimension}": 0.5', f'"{dimension}": {mark}')

    assert mark in content
    assert read_answer(content, Answer) is None


@pytest.mark.parametrize("key", list(VALID))
def test_an_answer_that_lacks_a_key_is_refused(key: str) -> None:
    assert read_answer(json.dumps({name: value for name, value in VALID.items() if name != key}), Answer) is None


@pytest.mark.parametrize("wrap", ["```json\n%s\n```", "```\n%s\n```", "  ```JSON\r\n%s\r\n```\n", "\n%s\n"])
def test_json_as_the_one_code_block_is_read(wrap: str) -> None:
    assert read_answer(wrap % json.dumps(VALID, indent=1), Answer) == read_answer(json.dumps(VALID), Answer) is not None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "I would give full marks.",
        "null",
        "[]",
        "Here you are:\n```json\n" + json.dumps(VALID) + "\n```",
        json.dumps(VALID) + json.dumps(VALID),
        json.dumps(VALID)[:-1],
        "[" * 100_000,
    ],
)
def test_json_amid_other_text_and_no_json_are_refused(content: str) -> None:
    assert read_answer(content, Answer) is None


@pytest.mark.parametrize(
    ("marks", "total"),
    [([0, 0, 0, 0, 0], 1.0), ([0.25, 0.25, 0.25, 0, 0], 1.0), ([0.3, 0.3, 0.3, 0.1, 0.1], 1.1), ([1, 1, 1, 1, 1], 5.0)],
)
def test_the_total_is_the_sum_and_at_least_one(marks: list[float], total: float) -> None:
    assert total_score(dict(zip(DIMENSIONS, marks, strict=True))) == total


def test_the_schema_asks_for_the_dimensions_and_feedback_and_enumerates_the_marks() -> None:
    schema = Answer.model_json_schema()

    assert schema["required"] == ["feedback", *DIMENSIONS]
    for name in DIMENSIONS:
        assert schema["properties"][name]["enum"] == [0, 0.25, 0.5, 0.75, 1]
        assert "maximum" not in schema["properties"][name]


def test_feedback_is_made_safe_to_show() -> None:
    assert tidy_feedback(" Good.\n\x1b[31mRed\x07\u202e text\ud800 ") == "Good. [31mRed text"
    assert tidy_feedback(" \n\t ") is None


def test_long_feedback_ends_with_a_whole_sentence() -> None:
    feedback = tidy_feedback("One sentence that is fine. " * 100)

    assert feedback is not None
    assert len(feedback) <= FEEDBACK_CHARS
    assert feedback.endswith("that is fine.")


def test_long_feedback_without_a_sentence_is_cut_at_a_word() -> None:
    feedback = tidy_feedback("word " * 1_000)

    assert feedback is not None
    assert len(feedback) <= FEEDBACK_CHARS
    assert feedback.endswith("word…")
