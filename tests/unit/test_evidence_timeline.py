"""Commands, test runs and how they ended, on the timeline."""

import pytest
from fixtrail.qa.evidence.commands import calls_of, is_part, is_test, reads, restores, runs_project
from fixtrail.qa.evidence.timeline import Gap, TreeMove, build_timeline
from fixtrail_protocol.events import Event
from pydantic import TypeAdapter

from tests.judge.text import parse
from tests.support.traces import event, example

EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])


def line(*documents):
    return build_timeline(EVENTS.validate_python(list(documents)))


def command(seq, text, exit_code, output="", **more):
    return event(seq, "terminal_command", command=text, exit_code=exit_code, output=output, **more)


@pytest.mark.parametrize(
    ("text", "tests", "part"),
    [
        ("pytest", True, False),
        ("python -m pytest -q", True, False),
        ("cd src && PYTHONPATH=. uv run pytest tests", True, False),
        ("pytest -q tests/test_a.py", True, True),
        ('pytest -k "a and b" 2>&1 | tee log.txt', True, True),
        ("coverage run -m pytest", True, False),
        ("npm run test:unit", True, False),
        ("npm t", True, False),
        ("npx jest src/a.test.js", True, True),
        ("make check", True, False),
        ("cargo test", True, False),
        ("go test ./...", True, False),
        ("./gradlew :app:test", True, False),
        ("python manage.py test", True, False),
        ("timeout 60 ./run_tests.sh", True, False),
        ("cargo check", False, False),
        ("pytest --collect-only", False, False),
        ("pip install pytest", False, False),
        ("grep -rn pytest .", False, False),
        ('git commit -m "run pytest"', False, False),
        ("echo pytest", False, False),
        ("test -f setup.py", False, False),
        ("cat tests/test_a.py", False, False),
        ("vim pytest.ini", False, False),
        ("", False, False),
        ("'unbalanced", False, False),
    ],
)
def test_a_command_line_runs_tests_or_it_does_not(text, tests, part):
    found = [call for call in calls_of(text) if is_test(call)]
    assert bool(found) is tests
    assert any(is_part(call) for call in found) is part


def test_a_command_line_is_read_as_a_shell_would_split_it():
    calls = calls_of("A=1 sudo -E python3 -m ledger 'a b' > out.txt; git checkout -- src/a.py && cat \"x y.py\"")
    assert [(call.program, call.arguments) for call in calls] == [
        ("ledger", ("a b",)),
        ("git", ("checkout", "--", "src/a.py")),
        ("cat", ("x y.py",)),
    ]
    assert runs_project(calls[0])
    assert restores(calls[1]) == ("src/a.py",)
    assert reads(calls[2], "docs/x y.py")


@pytest.mark.parametrize(
    "text", ["ruff check .", "python -m pip list", "git diff --exit-code", "ls nothing", "make lint"]
)
def test_a_tool_is_no_program_of_the_project(text):
    assert not any(runs_project(call) for call in calls_of(text))


@pytest.mark.parametrize(
    ("text", "exit_code", "output", "outcome"),
    [
        ("pytest", 0, "", "passed"),
        ("pytest", 1, "", "failed"),
        ("pytest", 5, "no tests ran in 0.01s", None),
        ("pytest", 2, "1 error in 0.1s", "failed"),
        ("pytest", 130, "", None),
        ("pytest", 127, "pytest: command not found", None),
        ("pytest", None, "", None),
        ("pytest", None, "3 passed in 0.1s", "passed"),
        ("pytest | tail -1", 0, "", None),
        ("pytest | tail -1", 0, "1 failed, 2 passed in 0.1s", "failed"),
        ("pytest || true", 0, "", None),
        ("pytest; echo done", 0, "", None),
        ("make build && pytest", 0, "", "passed"),
        ("python -m unittest", 1, "FAILED (failures=1, errors=2)", "failed"),
        ("npm test", 1, "Tests:       1 failed, 6 passed, 7 total", "failed"),
    ],
)
def test_a_run_ended_as_code_and_counts_say_or_nobody_knows(text, exit_code, output, outcome):
    (run,) = line(command(1, text, exit_code, output)).runs
    assert run.is_test
    assert run.outcome == outcome


def test_a_command_and_its_results_are_one_run():
    ran = command(1, "npm test", 0)
    told = {"failed": 1, "passed": 2, "command_event_id": ran["event_id"]}
    (run,) = line(ran, event(2, "test_result", **told), event(3, "test_result", **told)).runs
    assert (run.outcome, run.passed, run.failed, len(run.result_ids)) == ("failed", 4, 2, 2)


def test_a_result_that_names_no_command_belongs_to_the_one_right_before_it():
    assert len(line(command(1, "pytest", 0), event(2, "test_result", passed=2)).runs) == 1
    between = event(2, content="a thought")
    assert len(line(command(1, "pytest", 0), between, event(3, "test_result", passed=2)).runs) == 2
    assert len(line(command(1, "ls", 0), event(2, "test_result", passed=2)).runs) == 2


def test_a_document_of_the_first_schema_is_read_as_well():
    timeline = build_timeline(EVENTS.validate_python(example("seed-1.0.json")["events"]))
    assert [len(timeline.steps), len(timeline.runs), len(timeline.edits), len(timeline.views)] == [1, 1, 1, 1]
    assert timeline.runs[0].outcome == "passed"
    assert timeline.edits[0].by_developer


def test_edits_are_the_developers_unless_somebody_else_made_them():
    vim = command(9, "vim src/a.py", 0)
    edits = [
        event(number, "code_edit", file_path="src/a.py", diff="x", **({"cause": vim["event_id"]} if cause else {}))
        | {"actor": actor}
        for number, (actor, cause) in enumerate(
            [
                ("developer", False),
                ("unknown", False),
                ("tool", True),
                ("tool", False),
                ("git", False),
                ("agent", False),
            ],
            1,
        )
    ]
    assert [edit.by_developer for edit in line(*edits, vim).edits] == [True, True, True, False, False, False]


def test_gaps_pauses_and_moves_of_the_tree_are_on_it():
    timeline = parse("pause\nresume\ngap invalid_event\ngit stash src/a.py", "gaps").events
    kinds = [type(entry) for entry in build_timeline(timeline).entries]
    assert kinds == [Gap, Gap, TreeMove]
