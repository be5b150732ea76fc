"""The label: outcome and process in one word, and none where an input is missing."""

import pytest
from fixtrail.qa.evidence.label import label
from fixtrail_protocol.process import Claim, Measure, Process
from fixtrail_protocol.reasoning import Reasoning
from fixtrail_protocol.testing import Comparison, TamperFlag, TestRun

SOUND = ("reproduced_before_edit", "hypothesis_before_edit", "rerun_after_last_edit", "final_run_passed")
COMPARED = Comparison(status="compared", fail_to_pass=["test_a"])
STEP = "01997c00-0000-7000-8000-000000000001"


def process(*, flags=(), claims=(), **values) -> Process:
    measures = {name: Measure(value=values.get(name, True)) for name in SOUND}
    return Process(measures=measures, claims=list(claims), flags=list(flags))


def claim(status, proposed_by="rule") -> Claim:
    return Claim(step=STEP, kind="tests_pass", quote="all tests pass", status=status, proposed_by=proposed_by)


def ran(verdict) -> TestRun:
    return TestRun(verdict=verdict, command=["pytest"])


@pytest.mark.parametrize(
    ("verdict", "comparison", "sound", "expected"),
    [
        ("passed", COMPARED, True, "sound_fix"),
        ("passed", COMPARED, False, "lucky_fix"),
        ("passed", None, True, "unproven_fix"),
        ("passed", None, False, "unproven_fix"),
        ("passed", Comparison(status="not_possible"), True, "unproven_fix"),
        ("passed", Comparison(status="compared", pass_to_pass=["test_a"]), True, "unproven_fix"),
        ("failed", None, True, "sound_attempt"),
        ("failed", COMPARED, False, "weak_attempt"),
        *((verdict, COMPARED, True, "unlabelled") for verdict in ("timeout", "oom", "infra_error", "no_tests")),
        *((verdict, COMPARED, True, "unlabelled") for verdict in ("flaky", "unknown")),
    ],
)
def test_outcome_and_process_give_the_label(verdict, comparison, sound, expected):
    assert label(ran(verdict), comparison, process(hypothesis_before_edit=sound))[0] == expected


def test_without_a_run_there_is_no_label():
    assert label(None, None, process()) == ("unlabelled", "No label: the tests were not run.")


@pytest.mark.parametrize("name", SOUND)
def test_each_required_measure_is_enough_to_spoil_a_fix(name):
    found, why = label(ran("passed"), COMPARED, process(**{name: False}))
    assert found == "lucky_fix"
    assert why.startswith("Tests that failed before pass; ")


@pytest.mark.parametrize("name", SOUND)
def test_a_missing_input_gives_no_label_and_is_named(name):
    found, why = label(ran("passed"), COMPARED, process(**{name: None}))
    assert found == "unlabelled"
    assert name in why


def test_a_sign_against_it_counts_even_where_another_input_is_missing():
    found, _ = label(ran("passed"), COMPARED, process(reproduced_before_edit=None, hypothesis_before_edit=False))
    assert found == "lucky_fix"


def test_an_attempt_may_end_with_a_failing_run():
    assert label(ran("failed"), None, process(final_run_passed=False))[0] == "sound_attempt"


def test_a_contradicted_claim_spoils_it_unless_only_a_model_found_it():
    assert label(ran("passed"), COMPARED, process(claims=[claim("contradicted")]))[0] == "lucky_fix"
    assert label(ran("passed"), COMPARED, process(claims=[claim("unverifiable")]))[0] == "sound_fix"
    assert label(ran("passed"), COMPARED, process(claims=[claim("contradicted", "model")]))[0] == "sound_fix"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("tests_weakened", "unproven_fix"), ("exit_hook", "unproven_fix"), ("configuration_touched", "sound_fix")],
)
def test_bent_tests_prove_nothing(kind, expected):
    bent = COMPARED.model_copy(update={"tamper": [TamperFlag(kind=kind, detail="x")]})
    assert label(ran("passed"), bent, process())[0] == expected


def test_the_score_has_no_part_in_it_and_a_flag_is_told():
    for score in (None, 1.0, 5.0):
        judged = Reasoning(status="scored" if score else "not_configured", score=score)
        assert label(ran("passed"), COMPARED, process(), judged) == label(ran("passed"), COMPARED, process())
    found, why = label(ran("passed"), COMPARED, process(flags=["addresses_judge"]))
    assert found == "sound_fix"
    assert why.endswith("Text in the trace addresses its judge: read it before use.")


def test_a_process_that_could_not_be_assessed_gives_no_label():
    assert label(ran("passed"), COMPARED, Process(measures={}))[0] == "unlabelled"
