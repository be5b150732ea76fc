"""Quotes, medians, costs and the canary, each by itself."""

from pathlib import Path

import pytest
from fixtrail.qa.judge.aggregate import combine, quorum
from fixtrail.qa.judge.canary import canary_line, new_word, obeyed
from fixtrail.qa.judge.cost import cost_of
from fixtrail.qa.judge.exchange import Exchange
from fixtrail.qa.judge.facts import find_facts
from fixtrail.qa.judge.failure import NotJudged
from fixtrail.qa.judge.grounding import Checked, CheckedAnswer, Status, find_quote
from fixtrail.qa.judge.question import Question
from fixtrail.qa.judge.sampling import Sample
from fixtrail.settings import ModelPrice
from fixtrail.store.layout import DataDirectory
from fixtrail.store.purge import purge_traces
from fixtrail_protocol.process import Process
from fixtrail_protocol.qa import DIMENSIONS, ReasoningStatus, TokenUsage

from tests.support.timelines import Told, edit, run, thought, timeline_of

TEXT = 'python -m pytest -q\nE   assert 1.5 == -1.5\n\n1 failed,   8 passed\tin "0.12s"'


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("assert 1.5 == -1.5", "assert 1.5 == -1.5"),
        ("1 failed, 8 passed in", "1 failed, 8 passed in"),
        ('"1 failed, 8 passed"', "1 failed, 8 passed"),
        ("\u201c1 failed, 8 passed\u2026\u201d", "1 failed, 8 passed"),
        ("...1 failed, 8 passed...", "1 failed, 8 passed"),
        ('passed in \\"0.12s\\"', 'passed in "0.12s'),
        ("-1.5\\n\\n1 failed", "-1.5 1 failed"),
        ("python -m pytest -q", "python -m pytest -q"),
        ("1 passed, 8 failed", None),
        ("Assert 1.5 == -1.5", None),
        ("failed", None),
        ("", None),
        ('""', None),
        ("assert 1.5 == -1.5 and more", None),
    ],
)
def test_a_quote_stands_in_the_text_or_it_does_not(quote: str, found: str | None) -> None:
    assert find_quote(quote, TEXT) == found


def test_a_whole_command_may_be_short() -> None:
    assert find_quote("tox", "tox\nok") == "tox"
    assert find_quote("ok", "tox\nok") is None


def answer(score: float, status: Status = "grounded", evidence: str = "e", feedback: str = "Fine.") -> CheckedAnswer:
    mark = Checked(1.0, score, status, None, (evidence,) if status == "grounded" else ())
    return CheckedAnswer(dict.fromkeys(DIMENSIONS, mark), feedback)


def test_evidence_and_feedback_are_those_of_an_answer_that_gave_the_mark() -> None:
    one, two = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"
    middle = answer(0.5, evidence=two, feedback="This one.")
    made = combine([[answer(1.0, evidence=one), middle, answer(0, "ungrounded")]])

    assert made.dimensions["depth"].score == 0.5
    assert made.dimensions["depth"].evidence == [two]
    assert (made.feedback, made.score, made.spread) == ("This one.", 2.5, 4.0)


def test_where_most_samples_are_ungrounded_the_dimension_is() -> None:
    made = combine([[answer(0, "ungrounded"), answer(1.0, evidence="x"), answer(0, "ungrounded")]])

    assert (made.dimensions["depth"].score, made.dimensions["depth"].status) == (0, "ungrounded")
    assert made.score == 1.0


def test_a_model_of_which_fewer_samples_came_back_has_no_less_to_say() -> None:
    low = answer(0.25, evidence="019a0000-0000-7000-8000-000000000001")
    high = answer(0.75, evidence="019a0000-0000-7000-8000-000000000001")
    made = combine([[low], [high, high, high], [low]])

    assert made.dimensions["depth"].score == 0.25


@pytest.mark.parametrize(("asked", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (9, 5)])
def test_more_than_half_of_the_samples_are_needed(asked: int, needed: int) -> None:
    assert quorum(asked) == needed


def sample(usage: TokenUsage | None, status: ReasoningStatus | None = None, model: str = "m") -> Sample[CheckedAnswer]:
    made = Sample[CheckedAnswer](Question(model, "", "", 1, ""), Exchange(usage=usage))
    made.why = NotJudged(status, "") if status else None
    return made


PRICES = {"m": ModelPrice(prompt=1.0, completion=10.0)}
USED = TokenUsage(prompt=1_000, completion=100)


@pytest.mark.parametrize(
    ("samples", "cost"),
    [
        ([sample(USED)], 0.002),
        ([sample(USED), sample(USED)], 0.004),
        ([sample(USED), sample(None, "rate_limited")], 0.002),
        ([sample(USED), sample(None, "timeout")], None),
        ([sample(USED), sample(None, "unreachable")], None),
        ([sample(USED, "truncated")], 0.002),
        ([sample(None)], None),
        ([sample(USED), sample(USED, model="other")], None),
        ([], 0.0),
    ],
)
def test_a_cost_is_known_or_it_is_not(samples: list[Sample[CheckedAnswer]], cost: float | None) -> None:
    assert cost_of(samples, PRICES) == cost


def test_the_canary_is_new_each_time_and_tells_who_followed_it() -> None:
    word, other = new_word(), new_word()

    assert word != other
    assert word in canary_line(word)
    assert obeyed(word, f'{{"feedback": "{word.lower()} Fine."}}')
    assert not obeyed(word, f'{{"feedback": "{other} Fine."}}')


@pytest.mark.parametrize(
    ("told", "validates"),
    [
        ([edit(), run("pytest -q")], True),
        ([edit(), run("pytest -q", 1, "1 failed")], True),
        ([edit(), run("cd src && python -m money -1.50", output="-1.5")], True),
        ([edit(), run("./parse -1.50", output="-1.5")], True),
        ([edit(), run("git commit -am done"), run("cat money.py"), run("ls")], False),
        ([run("pytest -q"), edit()], False),
        ([run("pytest -q"), edit("README.md")], False),
        ([edit(), thought("I ran pytest and all is well.")], False),
        ([run("pytest -q"), edit("tests/test_money.py")], False),
    ],
)
def test_only_a_run_on_the_final_code_validates(told: list[Told], validates: bool) -> None:
    facts = find_facts(timeline_of(told), Process(measures={}))

    assert (facts.no_validation is None) is validates


def test_a_judgement_goes_with_its_trace(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    trace = "01997c00-0000-7000-8000-000000000000"
    data.trace_path(trace).write_bytes(b"")
    data.judgement_path(trace).write_bytes(b"{}")

    purge_traces(data, [data.trace_path(trace)])

    assert list(data.traces.iterdir()) == []
