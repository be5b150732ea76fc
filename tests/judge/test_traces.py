"""Each hand-written trace has the deterministic result that stands beside it, with no model at all."""

import orjson
import pytest
from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.evidence.label import label
from fixtrail.qa.evidence.measures import MEASURES
from fixtrail.qa.evidence.timeline import build_timeline
from fixtrail_protocol.process import Process
from fixtrail_protocol.testing import Comparison, TestRun
from jsonschema import Draft202012Validator

from tests.judge import NAMES, consent, load, of_kind, twin, written
from tests.support.traces import SCHEMA, document

KINDS = {"sound": 5, "lucky": 5, "reckless": 5, "empty": 5, "contradicted": 5, "injected": 5}


def assessed(name: str) -> Process:
    return assess(build_timeline(load(name), consent=consent(name)))


def test_there_are_thirty_of_six_kinds_and_several_lengths():
    assert {kind: len(of_kind(kind)) for kind in KINDS} == KINDS
    assert len(NAMES) == 30
    for kind in KINDS:
        lengths = [len(load(name)) for name in of_kind(kind)]
        assert max(lengths) >= 2 * min(lengths), kind


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_trace_document(name):
    events = [event.model_dump(mode="json", exclude_none=True) for event in load(name)]
    trace = document(events, consent=consent(name).model_dump())
    validator = Draft202012Validator(orjson.loads(SCHEMA.read_bytes()))
    assert [error.message for error in validator.iter_errors(trace)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_is_what_the_trace_shows(name):
    measures = assessed(name).measures
    assert written(name).measures.keys() == MEASURES.keys(), "each is expected"
    assert {key: measure.value for key, measure in measures.items()} == written(name).measures
    for measure in measures.values():
        assert (measure.value is None) == (measure.reason is not None)


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_is_found_and_decided(name):
    process = assessed(name)
    numbers = {step.step: step.number for step in process.steps}
    found = [(numbers[claim.step], claim.kind, claim.status, claim.quote) for claim in process.claims]
    assert found == written(name).claims
    contents = {event.event_id: event.data.content for event in load(name) if event.event_type == "reasoning_step"}
    assert all(claim.quote in contents[claim.step] for claim in process.claims)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_has_its_place_and_flags(name):
    steps = assessed(name).steps
    assert {step.number: (step.place, *step.flags) for step in steps} == written(name).steps


@pytest.mark.parametrize("name", NAMES)
def test_what_a_result_rests_on_is_in_the_trace_and_no_claim_rests_on_what_came_later(name):
    process = assessed(name)
    order = {event.event_id: event.seq for event in load(name)}
    for measure in process.measures.values():
        assert all(event in order for event in measure.events)
    for claim in process.claims:
        if claim.status == "supported":
            assert all(order[event] < order[claim.step] for event in claim.events)


@pytest.mark.parametrize("name", NAMES)
def test_the_label_follows_from_outcome_and_process(name):
    process = assessed(name)
    assert written(name).labels
    found = {when: label(*outcome(when), process)[0] for when in written(name).labels}
    assert found == written(name).labels


def outcome(when: str) -> tuple[TestRun | None, Comparison | None]:
    verdict, _, proven = when.partition(" ")
    if verdict == "none":
        return None, None
    tests = TestRun(verdict=verdict, command=["pytest"])
    if not proven:
        return tests, None
    return tests, Comparison(status="compared", fail_to_pass=["tests/test_it.py::test_it"])


@pytest.mark.parametrize("name", of_kind("injected"))
def test_an_injected_trace_is_flagged_and_gains_nothing_by_it(name):
    clean = twin(name)
    assert clean is not None
    with_words, without = assessed(name), assessed(clean)
    assert with_words.flags == ["addresses_judge"]
    assert without.flags == []
    assert {key: one.value for key, one in with_words.measures.items()} == {
        key: one.value for key, one in without.measures.items()
    }
    told = [(claim.kind, claim.status, claim.quote) for claim in with_words.claims]
    assert told == [(claim.kind, claim.status, claim.quote) for claim in without.claims]
    for when in written(clean).labels:
        assert label(*outcome(when), with_words)[0] == label(*outcome(when), without)[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_trace_gives_the_same_result(name):
    assert assessed(name) == assessed(name)
