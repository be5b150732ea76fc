"""Measures at their edges: runs that were under way, code that came back, gaps, long lists of events."""

import pytest
from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.evidence.measures import MAX_EVENTS
from fixtrail.qa.evidence.timeline import build_timeline
from fixtrail_protocol.events import Event
from pydantic import TypeAdapter

from tests.judge.text import parse
from tests.support.traces import event, example

EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
EDIT = "edit src/a.py\n    -a\n    +b\n"
BACK = "edit src/a.py\n    -b\n    +a\n"
RED = "$ pytest -q -> 1\ntests 1 failed\n"
GREEN = "$ pytest -q -> 0\ntests 2 passed\n"
THOUGHT = "think\n    Hm.\n"


def measures(text):
    trace = parse(text + "\n---\n", "measured")
    return assess(build_timeline(trace.events, consent=trace.consent)).measures


def values(text, *names):
    found = measures(text)
    return [found[name].value for name in names]


def test_a_run_counts_for_the_final_code_only_if_it_began_after_the_change():
    before = event(1, "code_edit", file_path="a.py", diff="@@ -1 +1 @@\n-a\n+b\n")
    during = event(3, "code_edit", file_path="a.py", diff="@@ -1 +1 @@\n-b\n+c\n")
    run = event(4, "terminal_command", command="pytest", exit_code=0) | {"timestamp": event(2)["timestamp"]}

    def rerun(*documents):
        return assess(build_timeline(EVENTS.validate_python(documents))).measures["rerun_after_last_edit"].value

    assert rerun(before, run) is True
    assert rerun(before, during, run) is False
    own = during | {"data": {**during["data"], "cause": run["event_id"]}, "actor": "tool"}
    assert rerun(before, own, run) is True, "what the run itself wrote changes nothing"


def test_content_that_is_what_it_was_at_the_run_needs_no_other_run():
    assert values(EDIT + GREEN + BACK + EDIT, "rerun_after_last_edit", "wrong_turns_undone") == [True, 0]
    assert values(EDIT + GREEN + BACK, "rerun_after_last_edit") == [False]


def test_text_that_was_saved_after_the_run_was_not_tested():
    assert values(EDIT + GREEN + "save src/a.py", "rerun_after_last_edit") == [False]
    assert values(EDIT + "save src/a.py\n" + GREEN, "rerun_after_last_edit") == [True]


def test_git_may_move_the_code_from_under_a_run_and_prose_does_not():
    assert values(EDIT + GREEN + "git stash src/b.py", "rerun_after_last_edit") == [False]
    assert values(EDIT + GREEN + "edit docs/guide.md\n    +words\n", "rerun_after_last_edit") == [True]
    assert values(EDIT + GREEN + "git checkout README.md", "rerun_after_last_edit") == [True]


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        (EDIT + GREEN, True),
        (EDIT + RED + GREEN, True),  # the same command, the later run
        (EDIT + RED + "$ pytest -q -k b -> 0\ntests 1 passed\n", False),  # the whole failed, a part passes
        (EDIT + "$ pytest -q -> ?\n", None),
    ],
)
def test_the_last_run_of_each_command_line_counts(text, passed):
    assert values(text, "final_run_passed") == [passed]


@pytest.mark.parametrize(
    "gap", ["pause\nresume\n", "gap invalid_event\n", "gap no_shell_integration\n", "gap new_reason\n"]
)
def test_no_becomes_null_where_something_may_be_missing(gap):
    names = ("reproduced_before_edit", "hypothesis_before_edit", "rerun_after_last_edit", "regression_test_added")
    assert values(EDIT, *names) == [False, False, False, False]
    assert values(gap + EDIT, *names)[:2] == [None, None]
    assert values(EDIT + gap, *names)[2:] == [None, None]
    assert values(gap + RED + EDIT + GREEN, *names)[0] is True, "what is there is there"


@pytest.mark.parametrize("reason", ["lone_surrogate", "unsaved_buffer", "path_outside"])
def test_a_gap_in_which_no_event_is_lost_changes_nothing(reason):
    assert values(f"gap {reason}\n{EDIT}", "reproduced_before_edit") == [False]


def test_a_slip_of_the_fingers_is_no_wrong_turn():
    assert values(EDIT + BACK, "wrong_turns_undone", "dead_ends") == [0, 0]
    assert values(EDIT + THOUGHT + BACK, "wrong_turns_undone", "dead_ends") == [1, 1]


def test_a_turn_that_git_takes_back_is_one():
    assert values(EDIT + RED + "$ git checkout -- src/a.py -> 0\n", "wrong_turns_undone") == [1]
    assert values(EDIT + RED + "$ git checkout -- src/other.py -> 0\n", "wrong_turns_undone") == [0]


def test_without_ids_a_turn_is_known_by_its_diff():
    def edit(seq, there, back):
        return event(
            seq, "code_edit", file_path="a.py", diff=f"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-{there}\n+{back}\n"
        )

    timeline = build_timeline(EVENTS.validate_python([edit(1, "x", "y"), event(2), edit(3, "y", "x")]))
    assert assess(timeline).measures["wrong_turns_undone"].value == 1


def test_a_hypothesis_that_is_given_up_is_a_dead_end_once():
    guess = "hypothesis\n    The cache is stale.\n"
    assert values(guess + "think\n    That was not it.\n", "dead_ends") == [1]
    assert values(guess + EDIT + RED + BACK + "think\n    That was not it.\n", "dead_ends") == [1]
    assert values("think\n    That was not it.\n", "dead_ends") == [0]


def test_consent_that_is_not_known_is_not_taken_for_given():
    trace = parse(EDIT + "\n---\n", "unknown")
    unknown = assess(build_timeline(trace.events)).measures
    assert unknown["exploration_breadth"].value is None
    assert unknown["files_viewed_before_edit"].value is None
    assert values(EDIT, "exploration_breadth", "files_viewed_before_edit") == [0, 0]


def test_a_file_that_a_command_shows_was_viewed_and_a_new_one_need_not_be():
    assert values("$ git show HEAD:src/a.py -> 0\n" + EDIT, "files_viewed_before_edit") == [1]
    assert values("$ cat src/b.py -> 0\n" + EDIT, "files_viewed_before_edit") == [0]
    assert values("new src/c.py\n    +x\n", "files_viewed_before_edit") == [None]


def test_a_long_list_of_events_is_cut_and_counted():
    many = measures("".join(f"edit src/a.py\n    -{number}\n    +{number + 1}\n" for number in range(MAX_EVENTS + 5)))
    found = many["edits_between_runs"]
    assert (found.value, len(found.events), found.events_left_out) == (MAX_EVENTS + 5, MAX_EVENTS, 5)


def test_the_first_schema_has_values_and_names_no_events():
    process = assess(build_timeline(EVENTS.validate_python(example("seed-1.0.json")["events"])))
    assert process.measures["rerun_after_last_edit"].value is True
    assert process.measures["rerun_after_last_edit"].events == []
    assert process.measures["rerun_after_last_edit"].events_left_out == 2
    assert process.steps == []
    assert process.claims == []


def test_no_events_at_all_say_nothing():
    process = assess(build_timeline([]))
    assert process.measures["reproduced_before_edit"].value is None
    assert process.claims == process.steps == process.flags == []
