"""Claims: what is one, what is none, and what the record says of it at four moments of a session."""

import pytest
from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.evidence.claims import FORMS, Proposal
from fixtrail.qa.evidence.timeline import build_timeline
from fixtrail_protocol.process import Process

from tests.judge.text import parse

START = """
open src/rates.py
view src/rates.py 1-20 for 5
"""
FAILED = f"""{START}
$ pytest -q -> 1
    | KeyError: 'x'
    | 2 failed, 3 passed in 0.1s
tests 3 passed 2 failed
    failed tests/test_rates.py::test_empty
    failed tests/test_rates.py::test_limits[2.0]
    passed tests/test_rates.py::test_plain
"""
PASSED = f"""{FAILED}
edit src/rates.py
    -a
    +b
$ pytest -q -> 0
    | 5 passed in 0.1s
tests 5 passed
"""
STALE = f"""{PASSED}
edit src/rates.py
    -c
    +d
"""
SHORT = {"s": "supported", "c": "contradicted", "u": "unverifiable"}


def said(scene: str, words: str, *, after: str = "", proposals=()) -> Process:
    """Assess a session in which ``words`` are written after ``scene``; the claims of that step alone count."""
    text = f"{scene.strip()}\nthink\n" + "\n".join(f"    {line}" for line in words.split("\n")) + f"\n{after}\n---\n"
    trace = parse(text, "said")
    step = next(event.event_id for event in trace.events if event.event_type == "reasoning_step")
    timeline = build_timeline(trace.events, consent=trace.consent)
    return assess(timeline, [Proposal(step or "", quote) for quote in proposals])


def found(scene: str, words: str, **more) -> list[tuple[str, str]]:
    return [(claim.kind, claim.status) for claim in said(scene, words, **more).claims]


# Words; what they come to after a failed run, after a run that passed, after a further edit, with no run at all.
DECIDED = [
    ("All tests pass now.", "tests_pass", "csuu"),
    ("The tests pass.", "tests_pass", "csuu"),
    ("The whole suite is green.", "tests_pass", "csuu"),
    ("Everything passes.", "tests_pass", "csuu"),
    ("All green.", "tests_pass", "csuu"),
    ("The tests no longer fail.", "tests_pass", "csuu"),
    ("Nothing fails.", "tests_pass", "csuu"),
    ("With this, all tests pass.", "tests_pass", "csuu"),
    ("The last run passed.", "tests_pass", "cssu"),
    ("All tests passed in the last run.", "tests_pass", "cssu"),
    ("All the tests passed.", "tests_pass", "cssu"),
    ("The other tests pass.", "tests_pass", "usuu"),  # of a run with failures it is not told which are meant
    ("The new test passes.", "tests_pass", "usuu"),
    ("All tests pass on main.", "tests_pass", "ussu"),
    ("Before the change all tests passed.", "tests_pass", "ussu"),
    ("All tests pass except one.", "tests_pass", "uuuu"),
    ("test_plain passes", "tests_pass", "ssuu"),  # the same command had run it before
    ("`test_empty` passes now.", "tests_pass", "csuu"),
    ("test_limits passes", "tests_pass", "csuu"),  # one of its cases failed
    ("test_unknown passes", "tests_pass", "uuuu"),
    ("The tests still fail.", "tests_fail", "scuu"),
    ("The tests don't pass yet.", "tests_fail", "scuu"),
    ("Not all tests pass.", "tests_fail", "scuu"),
    ("test_empty still fails", "tests_fail", "scuu"),
    ("It still fails.", "tests_fail", "suuu"),  # it: what?
    ("The integration tests fail.", "tests_fail", "suuu"),
    ("The tests fail on empty input.", "tests_fail", "suuu"),
    ("The tests failed.", "tests_fail", "sssu"),
    ("Tests fail without the fix.", "tests_fail", "sssu"),
    ("The last test run failed.", "tests_fail", "sccu"),
    ("Two tests fail.", "test_count", "scuu"),
    ("2 failed.", "test_count", "sssu"),
    ("7 tests failed.", "test_count", "ccuu"),
    ("Two of five tests failed.", "test_count", "sssu"),
    ("Seventeen tests failed.", "test_count", "ccuu"),
    ("All five tests pass.", "test_count", "csuu"),
    ("No test fails.", "test_count", "csuu"),
    ("Of the 5 requests 3 failed.", "test_count", "uuuu"),
    ("I ran the tests.", "ran_tests", "sssu"),
    ("I re-ran the suite after the change.", "ran_tests", "usuu"),
    ("I haven't run the tests yet.", "not_ran_tests", "ccss"),
    ("I haven't run the whole suite yet.", "not_ran_tests", "uuss"),
    ("I ran the linter.", "ran_command", "uuuu"),
    ("The exit code was 1.", "exit_code", "sssu"),
    ("pytest exited with 9.", "exit_code", "cccu"),
    ("It exits with code 9.", "exit_code", "uuuu"),  # of what, and when, is not told
    ("It raises a KeyError.", "error_seen", "sssu"),
    ("It raises a ValueError.", "error_seen", "uuuu"),
    ("I reproduced it.", "reproduced", "sssu"),
    ("It works now.", "works", "usuu"),
    ("Still the same error.", "still_broken", "suuu"),
    ("I read src/rates.py.", "read_file", "ssss"),
    ("I looked at money.py.", "read_file", "uuuu"),
    ("I changed rates.py.", "changed_file", "cssc"),
    ("I fixed the bug in rates.py.", "changed_file", "ussu"),  # it may have been fixed in another file
    ("I only changed rates.py.", "only_changed", "ussu"),
    ("I haven't touched rates.py.", "untouched", "sccs"),
    ("The tests are unchanged.", "untouched", "ssss"),
    ("I reverted that change.", "reverted", "uuuu"),
    ("I added a regression test for it.", "added_test", "cccc"),
    ("Nothing else uses it.", "nothing_else", "uuuu"),
]


@pytest.mark.parametrize(("words", "kind", "statuses"), DECIDED, ids=[words for words, _, _ in DECIDED])
def test_a_claim_is_decided_by_what_was_recorded_before_it(words, kind, statuses):
    for scene, status in zip((FAILED, PASSED, STALE, START), statuses, strict=True):
        assert found(scene, words) == [(kind, SHORT[status])]


NO_CLAIMS = [
    "If the tests pass, I will commit.",
    "I'll commit when all tests pass.",
    "The tests should pass now.",
    "Do all tests pass?",
    "I think all tests pass.",
    "I expect that all tests pass.",
    "Now I need all tests to pass.",
    "We want to see that all tests pass.",
    "Once all tests pass, I'm done.",
    "Unless all tests pass, this is wrong.",
    "I hope the build works and all tests pass.",
    "The docs say that all tests pass.",
    "CI says all tests passed.",
    "> all tests pass",
    '"All tests pass" is what he wrote.',
    "```\nall tests pass\n```",
    "$ echo all tests pass",
    "In theory all tests pass.",
    "Almost all tests pass.",
    "Sometimes the tests fail.",
    "The tests pass and fail at random.",
    "The test passes a None into the function.",
    "These tests pass strings, not numbers.",
    "The failing test is about empty input.",
    "The tests that failed are gone.",
    "Test failures come from the lookup.",
    "It passes the value through.",
    "It no longer raises KeyError.",
    "I did not read rates.py.",
    "The parser reads config.json at startup.",
    "The last release didn't change rates.py.",
    "Never change rates.py directly.",
    "It can't be fixed without changing rates.py.",
    "I haven't changed rates.py's public API.",
    "I haven't touched the test data.",
    "I wrote a test file.",
    "I created a test user.",
    "I should add a test.",
    "That did not fix it.",
    "I couldn't reproduce it.",
    "Let me make sure that all tests pass.",
    "The linter passes.",
]


@pytest.mark.parametrize("words", NO_CLAIMS)
@pytest.mark.parametrize("scene", [FAILED, PASSED], ids=["failed", "passed"])
def test_what_is_asked_hoped_planned_denied_or_said_by_others_is_no_claim(scene, words):
    assert found(scene, words) == []


def test_every_form_has_words_that_fit_it():
    kinds = {kind for _, kind, _ in DECIDED} | {"only_fails_on"}
    assert kinds == {form.kind for form in FORMS}
    for form in FORMS:
        assert form.pattern.search(form.says if form.cased else form.says.lower()), form.says


def test_what_happens_after_the_step_decides_nothing():
    assert found(FAILED, "All tests pass now.", after="$ pytest -q -> 0\ntests 5 passed") == [
        ("tests_pass", "contradicted")
    ]
    assert found(STALE, "All tests pass now.", after="$ pytest -q -> 1\ntests 1 failed") == [
        ("tests_pass", "unverifiable")
    ]


@pytest.mark.parametrize("gap", ["gap invalid_event", "pause\nresume", "gap no_shell_integration"])
def test_where_a_run_may_be_missing_nothing_is_contradicted(gap):
    assert found(f"{FAILED}\n{gap}", "All tests pass now.") == [("tests_pass", "unverifiable")]
    assert found(f"{FAILED}\ngap lone_surrogate", "All tests pass now.") == [("tests_pass", "contradicted")]


def test_a_run_that_was_under_way_when_the_step_was_written_may_be_meant():
    trace = parse(
        f"{FAILED.strip()}\nthink\n    All tests pass now.\n$ pytest -q -> 0\ntests 5 passed\n---\n", "under way"
    )
    *earlier, step, command, result = trace.events
    begun = command.model_copy(update={"timestamp": earlier[-1].timestamp})
    timeline = build_timeline([*earlier, step, begun, result], consent=trace.consent)
    assert [claim.status for claim in assess(timeline).claims] == ["unverifiable"]


def test_a_run_of_some_tests_says_nothing_of_all():
    scene = f"{START}\n$ pytest -q -k empty -> 0\ntests 1 passed"
    assert found(scene, "The tests pass.") == [("tests_pass", "supported")]
    assert found(scene, "All tests pass.") == [("tests_pass", "unverifiable")]


def test_only_fails_on_is_read_from_the_names_of_the_tests():
    assert found(FAILED, "It only fails on empty input.") == [("only_fails_on", "unverifiable")]
    scene = f"{START}\n$ pytest -q -> 1\ntests 3 passed 1 failed\n    failed tests/test_a.py::test_empty_input"
    assert found(scene, "It only fails on empty input.") == [("only_fails_on", "supported")]
    assert found(scene, "It only fails if the input is empty.") == [("only_fails_on", "supported")]


def test_commands_are_found_by_what_they_run():
    commands = ("npm run lint", "rg -n BRACKETS src", "git bisect run ./t.sh", "cat src/money.py")
    scene = START + "\n".join(f"$ {command} -> 0" for command in commands)
    for words in ("I ran the linter.", "I grepped for it.", "I bisected it.", "git bisect points at a commit."):
        assert found(scene, words) == [("ran_command", "supported")], words
    assert found(scene, "I read money.py.") == [("read_file", "supported")]


def test_code_that_came_back_was_reverted_and_is_untouched_or_not_told():
    scene = f"{PASSED}\nedit src/rates.py\n    -b\n    +a"
    assert found(scene, "I undid my change.") == [("reverted", "supported")]
    assert found(scene, "I haven't changed rates.py.") == [("untouched", "unverifiable")]


def test_a_quote_stands_in_the_step_letter_for_letter():
    words = "  Now  `test_empty`\u2019s gone \u2014 but **all** tests  pass."
    (claim,) = said(PASSED, words).claims
    assert (claim.kind, claim.status, claim.quote) == ("tests_pass", "supported", "but **all** tests  pass.")
    assert claim.quote in words


def test_a_step_is_contradicted_if_one_of_its_claims_is():
    statuses = {
        words: said(FAILED, words).steps[0].status for words in ("2 failed. All tests pass.", "2 failed.", "Hm.")
    }
    assert list(statuses.values()) == ["contradicted", "supported", "unverifiable"]


def test_a_model_may_propose_a_claim_and_code_decides_it():
    words = "I ran the tests; everything is splendid. If all tests pass I stop."
    process = said(
        FAILED, words, proposals=["everything is splendid", "all tests pass", "never said", "I ran the tests"]
    )
    told = [(claim.kind, claim.status, claim.quote, claim.proposed_by) for claim in process.claims]
    assert told == [
        ("ran_tests", "supported", "I ran the tests", "rule"),
        ("other", "unverifiable", "everything is splendid", "model"),
        ("other", "unverifiable", "all tests pass", "model"),  # the "if" beside it counts
    ]


def test_a_model_cannot_make_a_part_of_a_sentence_say_the_opposite():
    process = said(PASSED, "I do not believe that all tests pass.", proposals=["all tests pass"])
    assert [claim.status for claim in process.claims] == ["unverifiable"]


def test_claims_over_the_limit_are_counted_and_the_contradicted_ones_stay(monkeypatch):
    monkeypatch.setattr("fixtrail.qa.evidence.assess.MAX_CLAIMS", 3)
    process = said(FAILED, "2 failed. 3 passed. I ran the tests. I read rates.py. All tests pass now.")
    assert [claim.kind for claim in process.claims] == ["test_count", "test_count", "tests_pass"]
    assert process.claims_left_out == 2


@pytest.mark.parametrize(
    "words",
    [
        "all the the the the tests " * 2_000,
        "a" * 50_000,
        "- " * 20_000,
        " " * 50_000 + "x",
        "only " * 10_000,
        "'" * 50_000,
    ],
    ids=["subject", "word", "dashes", "spaces", "only", "quotes"],
)
def test_a_long_hostile_text_is_read_and_holds_nothing(words):
    assert said(FAILED, words).claims == []
