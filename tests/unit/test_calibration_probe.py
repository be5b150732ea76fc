"""Variants of traces are traces, and probes tell a good judge from one that does not look."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from fixtrail.qa.calibration.probe import Scores, compare, probe, summarise
from fixtrail.qa.calibration.variants import (
    PADDING,
    PRAISE,
    TRANSFORMATIONS,
    Events,
    Relation,
    contradiction_added,
    decisive_run_removed,
    hypothesis_after_edit,
    steps_shuffled,
    variants,
)
from fixtrail_protocol.events import Event
from fixtrail_protocol.qa import DIMENSIONS
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.support.traces import event, example

ADAPTER: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
MIDDLE = dict.fromkeys(DIMENSIONS, 0.5)
NAMES = [
    "steps_shuffled",
    "decisive_run_removed",
    "hypothesis_after_edit",
    "padding_added",
    "praise_added",
    "contradiction_added",
]


def recorded(name: str = "recorded-1.1.json") -> list[Event]:
    return ADAPTER.validate_python(example(name)["events"])


def events_of(*made: tuple[str, dict[str, Any]]) -> list[Event]:
    return ADAPTER.validate_python([event(seq, kind, **data) for seq, (kind, data) in enumerate(made, start=1)])


def thoughts(events: Sequence[Event]) -> list[str]:
    return [found.data.content for found in events if found.event_type == "reasoning_step"]


def check_valid(events: Sequence[Event], original: Sequence[Event]) -> None:
    """Assert that ``events`` could stand in a document: it can be read, and nothing in it contradicts itself."""
    ADAPTER.validate_python([found.model_dump(exclude_none=True) for found in events])
    ids = [found.event_id for found in events if found.event_id]
    assert len(ids) == len(set(ids))
    numbers = [found.seq for found in events if found.seq is not None]
    assert numbers == sorted(set(numbers))
    if [found.timestamp for found in original] == sorted(found.timestamp for found in original):
        assert [found.timestamp for found in events] == sorted(found.timestamp for found in events)
    known = {found.event_id for found in original}
    for found in events:
        data = found.data.model_dump()
        named = [*(data.get("refs") or ()), data.get("cause"), data.get("command_event_id")]
        assert all(name in ids for name in named if name in known and name is not None)


@pytest.mark.parametrize("name", ["recorded-1.1.json", "seed-1.0.json"])
def test_each_variant_is_a_trace_and_the_original_stays_as_it_was(name: str) -> None:
    events = recorded(name)
    before = [found.model_copy(deep=True) for found in events]

    made = variants(events)

    assert len(made) >= 4
    for variant in made:
        check_valid(variant.events, events)
        assert variant.events != events
        assert variants(events) == made, "the same trace gives the same variants"
    assert events == before


def test_a_whole_trace_has_every_variant() -> None:
    assert [variant.name for variant in variants(recorded())] == NAMES


step = st.builds(
    lambda content, kind: ("reasoning_step", {"content": content} | ({"kind": kind} if kind else {})),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["hypothesis", "observation", "decision", "check", None]),
)
other = st.sampled_from(
    [
        ("code_edit", {"file_path": "a.py", "diff": ""}),
        ("terminal_command", {"command": "pytest -q", "exit_code": 0}),
        ("terminal_command", {"command": "cat tests/pytest.ini", "exit_code": 0}),
        ("test_result", {"passed": 3, "failed": 0, "exit_code": 0}),
        ("test_result", {"passed": 3, "failed": 1, "exit_code": 1}),
        ("test_result", {}),
        ("file_open", {"file_path": "a.py"}),
    ]
)


@given(st.lists(step | other, max_size=12))
def test_whatever_the_trace_its_variants_are_traces(made: list[tuple[str, dict[str, Any]]]) -> None:
    events = events_of(*made)

    for variant in variants(events):
        check_valid(variant.events, events)
        assert thoughts(variant.events)


def test_no_step_stands_where_it_stood() -> None:
    events = recorded()

    variant = steps_shuffled(events)

    assert variant is not None
    pairs = list(zip(thoughts(events), thoughts(variant.events), strict=True))
    assert all(one != other for one, other in pairs)
    assert sorted(one for one, _ in pairs) == sorted(other for _, other in pairs)
    assert steps_shuffled(events_of(("reasoning_step", {"content": "a"}), ("reasoning_step", {"content": "b"}))) is None


def test_the_run_after_the_edit_goes_with_what_was_said_of_it_and_the_one_before_stays() -> None:
    events = events_of(
        ("terminal_command", {"command": "pytest -q", "exit_code": 1}),
        ("reasoning_step", {"content": "The test fails at the border."}),
        ("code_edit", {"file_path": "a.py", "diff": ""}),
        ("terminal_command", {"command": "cat tests/test_a.py", "exit_code": 0}),
        ("terminal_command", {"command": "pytest -q", "exit_code": 0}),
        ("reasoning_step", {"content": "All green."}),
        ("reasoning_step", {"content": "The price list has no upper edge."}),
    )

    variant = decisive_run_removed(events)

    assert variant is not None
    assert [found.event_id for found in variant.events] == [events[place].event_id for place in (0, 1, 2, 3, 6)]
    assert [found.seq for found in variant.events] == [1, 2, 3, 4, 5]
    assert decisive_run_removed(events[:4]) is None, "there is none after the edit"
    assert decisive_run_removed(events[:2]) is None, "there is no edit"


def test_references_to_the_run_that_went_are_gone() -> None:
    run = event(2, "terminal_command", command="./check", exit_code=0)
    events = ADAPTER.validate_python(
        [
            event(1, "code_edit", file_path="a.py", diff=""),
            run,
            event(3, "test_result", passed=1, exit_code=0, command_event_id=run["event_id"]),
            event(4, "git_change", kind="head", cause=run["event_id"]),
            event(5, content="Done."),
        ]
    )

    variant = decisive_run_removed(events)

    assert variant is not None
    assert [found.event_type for found in variant.events] == ["code_edit", "git_change", "reasoning_step"]
    check_valid(variant.events, events)


def test_the_hypothesis_comes_after_the_last_edit_at_the_moments_of_the_places() -> None:
    events = events_of(
        ("reasoning_step", {"content": "It stops."}),
        ("reasoning_step", {"content": "The comparison is strict.", "kind": "hypothesis"}),
        ("code_edit", {"file_path": "a.py", "diff": ""}),
        ("reasoning_step", {"content": "It works."}),
    )

    variant = hypothesis_after_edit(events)

    assert variant is not None
    assert thoughts(variant.events) == ["It stops.", "The comparison is strict.", "It works."]
    assert [found.event_type for found in variant.events][1:3] == ["code_edit", "reasoning_step"]
    assert [found.timestamp for found in variant.events] == [found.timestamp for found in events]
    assert variant.events[2].event_id == events[1].event_id


@pytest.mark.parametrize(
    ("result", "claim"),
    [({"failed": 1}, "All tests passed"), ({"exit_code": 0}, "failed with the same"), (None, "whole test suite")],
)
def test_the_claim_contradicts_what_was_recorded(result: dict[str, Any] | None, claim: str) -> None:
    made = [("reasoning_step", {"content": "a"}), *([("test_result", result)] if result else [])]

    variant = contradiction_added(events_of(*made))

    assert variant is not None
    assert variant.events[-1].event_type == "reasoning_step"
    assert claim in thoughts(variant.events)[-1]


DROP = Relation(drops=frozenset({"depth", "validation"}), no_rise=frozenset({"depth"}))


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [
        ({"depth": 0.5, "validation": 0.5}, {"depth": 0.25, "validation": 0.5}, True),
        ({"depth": 0.5, "validation": 0.5}, {"depth": 0.5, "validation": 0.25}, True),
        ({"depth": 0.5, "validation": 0.5}, {"depth": 0.5, "validation": 0.5}, False),
        ({"depth": 0.5, "validation": 0.5}, {"depth": 0.75, "validation": 0.25}, False),
        ({"depth": 0, "validation": 0}, {"depth": 0, "validation": 0}, None),
        ({"depth": 0.5}, {"depth": 0.25}, None),
        (None, {"depth": 0.5, "validation": 0.5}, None),
        ({"depth": 0.5, "validation": 0.5}, None, None),
    ],
)
def test_how_scores_are_compared(before: Scores | None, after: Scores | None, right: bool | None) -> None:
    assert compare(before, after, DROP) is right


def test_a_small_change_is_none_for_a_judge_that_wavers() -> None:
    risen = MIDDLE | {"depth": 0.6}

    assert compare(MIDDLE, risen, Relation()) is False
    assert compare(MIDDLE, risen, Relation(), tolerance=0.1) is True
    assert compare(risen, MIDDLE, DROP, tolerance=0.1) is False


def scripted(sign: float):  # type: ignore[no-untyped-def]
    """Return a judge that knows the trace: ``sign`` -1 marks every flaw down, 0 sees none, +1 likes it."""
    flawless = recorded()

    async def judge(events: Events) -> Scores:
        scores = dict(MIDDLE)
        said = " ".join(thoughts(events))
        if PRAISE in said or any(text in said for text in PADDING):
            change = max(sign, 0.0)  # a good judge is not moved at all
            return {name: mark + 0.25 * change for name, mark in scores.items()}
        if [found.event_id for found in events] != [found.event_id for found in flawless]:
            return {name: mark + 0.25 * sign for name, mark in scores.items()}
        return scores

    return judge


@pytest.mark.parametrize(
    ("sign", "flaws", "flattery"),
    [pytest.param(-1, 1, 1, id="perfect"), pytest.param(0, 0, 1, id="constant"), pytest.param(1, 0, 0, id="inverted")],
)
async def test_the_share_is_what_the_judge_deserves(sign: float, flaws: float, flattery: float) -> None:
    said: list[str] = []

    outcomes = await probe([("a", recorded()), ("b", recorded())], scripted(sign), said.append)

    found = summarise(outcomes)
    assert list(found) == NAMES
    for name, summary in found.items():
        expected = flattery if name in ("padding_added", "praise_added") else flaws
        assert (summary.n, summary.abstained, summary.no_room) == (2, 0, 0)
        assert summary.right.value == expected
        assert summary.right.low is not None
        assert summary.right.high is not None
        assert summary.right.low <= expected <= summary.right.high
    assert len(said) == 2 * (len(TRANSFORMATIONS) + 1)


async def test_a_judge_that_abstains_is_asked_once_and_counted() -> None:
    asked = []

    async def judge(events: Events) -> None:
        asked.append(events)

    found = summarise(await probe([(str(uuid.UUID(int=1)), recorded())], judge, lambda _: None))

    assert len(asked) == 1
    assert {(summary.n, summary.abstained, summary.right.value) for summary in found.values()} == {(0, 1, None)}


async def test_where_nothing_can_drop_it_is_said() -> None:
    async def judge(_: Events) -> Scores:
        return dict.fromkeys(DIMENSIONS, 0.0)

    found = summarise(await probe([("a", recorded()), ("b", [])], judge, lambda _: None))

    assert (found["steps_shuffled"].n, found["steps_shuffled"].no_room) == (0, 1)
    assert found["praise_added"].right.value == 1
