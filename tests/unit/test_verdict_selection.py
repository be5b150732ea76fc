"""How pytest is told to run only some tests."""

import pytest
from fixtrail.qa.verdict.selection import MAX_SELECTED, RUN_ALL, node_ids, run_all, select

PATHS = {"tests/test_a.py", "tests/sub/test_b.py", "sub/project/tests/test_c.py", "src/pkg/mod.py", "pytest.ini"}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("tests.test_a::test_x", "tests/test_a.py::test_x"),
        ("tests.test_a.TestK::test_x[a.b-c::d]", "tests/test_a.py::TestK::test_x[a.b-c::d]"),
        ("tests.test_a.Outer.Inner::test_x", "tests/test_a.py::Outer::Inner::test_x"),
        ("tests.sub.test_b", "tests/sub/test_b.py"),
        ("tests.test_c::test_x", "sub/project/tests/test_c.py::test_x"),
    ],
)
def test_a_reports_name_becomes_a_node_id(name: str, wanted: str):
    assert node_ids([name], PATHS) == [wanted]


@pytest.mark.parametrize("name", ["nowhere::test_x", "tests.test_a::test_x[#x00]", "tests.test_a.TestK"])
def test_a_name_that_cannot_be_placed_is_not_guessed(name: str):
    assert node_ids([name], PATHS) is None


def test_a_name_that_may_be_in_two_files_is_not_guessed():
    assert node_ids(["test_a::test_x"], {"one/test_a.py", "two/test_a.py"}) is None


@pytest.mark.parametrize(
    ("argv", "kept"),
    [
        (["pytest"], ["pytest"]),
        (["python", "-m", "pytest", "-q", "tests"], ["python", "-m", "pytest", "-q"]),
        (["pytest", "tests/", "-k", "tests", "-x"], ["pytest", "-k", "tests", "-x"]),
        (["pytest", ".", "--cov=src", "tests/test_a.py::test_x"], ["pytest", "--cov=src"]),
        (["coverage", "run", "-m", "pytest", "-q"], ["coverage", "run", "-m", "pytest", "-q"]),
        (["pytest", "-q", "--", "tests/test_a.py"], ["pytest", "-q"]),
        (["uv", "run", "pytest", "-p", "no:randomly", "./tests"], ["uv", "run", "pytest", "-p", "no:randomly"]),
    ],
)
def test_the_commands_own_paths_give_way(argv: list[str], kept: list[str]):
    wanted = [*kept, *RUN_ALL, "tests/test_a.py::test_x"]
    assert select(argv, "pytest", ["tests.test_a::test_x"], PATHS) == wanted


@pytest.mark.parametrize(
    ("argv", "runner"),
    [
        (["pytest", "--of-some-plug-in", "tests"], "pytest"),
        (["pytest", "nowhere"], "pytest"),
        (["./check.sh"], "pytest"),
        (["./check.sh"], None),
    ],
)
def test_where_it_cannot_be_told_the_whole_command_runs(argv: list[str], runner: str | None):
    assert select(argv, runner, ["tests.test_a::test_x"], PATHS) is None


def test_many_tests_are_run_whole():
    names = [f"tests.test_a::test_{number}" for number in range(MAX_SELECTED + 1)]
    assert select(["pytest"], "pytest", names, PATHS) is None
    assert select(["pytest"], "pytest", names[1:], PATHS) is not None


def test_runs_that_are_compared_stop_at_nothing():
    assert run_all(["pytest", "-x", "--", "tests"], "pytest") == ["pytest", "-x", *RUN_ALL, "--", "tests"]
    assert run_all(["make", "test"], None) == ["make", "test"]
