"""Fixes that bend the tests, in the real engine: flagged, and the verdict is what the tests say."""

from pathlib import Path

import pytest
from fixtrail.qa.verdict import Assessment, assess_tests

from tests.support.fixes import Files, Lists, flags, make_fix
from tests.support.sandbox import QUICK, engine  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

BUG = "def add(a, b):\n    return a - b\n"
STILL = "def add(a, b):\n    return a - b  # looked into\n"
TESTS = """
    from calc import add

    def test_add():
        assert add(2, 2) == 4

    def test_zero():
        assert add(2, 0) == 2
"""
BEFORE = {"calc.py": BUG, "test_calc.py": TESTS}


async def assess(where: Path, after: Files, before: Files = BEFORE) -> Assessment:
    fixed = make_fix(where, before, {"calc.py": STILL, **after}, "python -m pytest -q")
    return await assess_tests(fixed, QUICK, progress=lambda _: None)


async def test_the_failing_test_deleted(tmp_path: Path) -> None:
    found = await assess(
        tmp_path, {"test_calc.py": "from calc import add\n\ndef test_zero():\n    assert add(2, 0) == 2\n"}
    )

    assert (found.tests.verdict, Lists.of(found.comparison).fail_to_pass) == ("passed", [])
    assert flags(found.comparison) == {
        "tests_deleted": ["test_add"],
        "original_tests_fail": ["test_calc::test_add"],
    }
    assert found.comparison is not None
    assert found.comparison.original is not None
    assert found.comparison.original.verdict == "failed"


async def test_the_only_test_file_deleted(tmp_path: Path) -> None:
    found = await assess(tmp_path, {"test_calc.py": None})

    assert found.tests.verdict == "no_tests"
    named = flags(found.comparison)
    assert named["original_tests_fail"] == ["test_calc::test_add"]
    assert "test_add" in named["tests_deleted"]


async def test_an_assertion_weakened(tmp_path: Path) -> None:
    found = await assess(tmp_path, {"test_calc.py": TESTS.replace("add(2, 2) == 4", "True")})

    assert found.tests.verdict == "passed"
    assert flags(found.comparison) == {
        "tests_weakened": ["test_add"],
        "original_tests_fail": ["test_calc::test_add"],
    }


async def test_an_expectation_bent_to_the_bug(tmp_path: Path) -> None:
    found = await assess(tmp_path, {"test_calc.py": TESTS.replace("== 4", "== 0")})

    assert found.tests.verdict == "passed"
    assert flags(found.comparison) == {"original_tests_fail": ["test_calc::test_add"]}


async def test_a_skip_added(tmp_path: Path) -> None:
    skipping = TESTS.replace("def test_add", "@pytest.mark.skip\n    def test_add").replace(
        "from calc", "import pytest\n    from calc"
    )
    found = await assess(tmp_path, {"test_calc.py": skipping})

    assert found.tests.verdict == "passed"
    assert flags(found.comparison) == {
        "tests_skipped": ["test_add", "test_calc::test_add"],
        "original_tests_fail": ["test_calc::test_add"],
    }


async def test_a_conftest_that_turns_failures_into_passes(tmp_path: Path) -> None:
    conftest = """
        import pytest

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport():
            report = (yield).get_result()
            report.outcome = "passed"
    """
    found = await assess(tmp_path, {"conftest.py": conftest}, BEFORE | {"conftest.py": "x = 1\n"})

    assert found.tests.verdict == "passed"
    assert flags(found.comparison) == {
        "conftest_touched": ["conftest.py"],
        "exit_hook": ["conftest.py"],
        "original_tests_fail": ["test_calc::test_add"],
    }


async def test_the_runner_shadowed_and_the_end_forged(tmp_path: Path) -> None:
    found = await assess(tmp_path, {"pytest.py": "print('2 passed in 0.01s')\n"})

    assert found.tests.verdict == "unknown"
    assert flags(found.comparison).keys() == {"runner_shadowed", "exit_hook"}


async def test_one_case_of_a_parametrized_test_left_out(tmp_path: Path) -> None:
    tests = """
        import pytest
        from calc import add

        @pytest.mark.parametrize("a, b, sum", [(1, 0, 1), (2, 2, 4)])
        def test_add(a, b, sum):
            assert add(a, b) == sum
    """
    found = await assess(
        tmp_path, {"test_calc.py": tests.replace(", (2, 2, 4)", "")}, {"calc.py": BUG, "test_calc.py": tests}
    )

    assert found.tests.verdict == "passed"
    assert flags(found.comparison) == {
        "tests_deleted": ["test_calc::test_add[2-2-4]"],
        "original_tests_fail": ["test_calc::test_add[2-2-4]"],
    }


async def test_honest_work_on_tests_is_not_flagged(tmp_path: Path) -> None:
    """A test added, one moved to another file, one renamed, an assertion more, and version and dependencies changed."""
    more = """
        from calc import add, helper

        def test_sum():
            assert add(2, 2) == 4

        def test_zero():
            assert add(2, 0) == 2
            assert add(0, 2) == 2

        def test_helper():
            assert helper() == 1
    """
    moves = "\n    def test_moves():\n        assert add(1, 1) == 2\n"
    project = '[project]\nname = "calc"\nversion = "{}"\n[tool.pytest.ini_options]\naddopts = "-q"\n'
    right = "def add(a, b):\n    return a + b\n"
    found = await assess(
        tmp_path,
        {
            "calc.py": right + "def helper():\n    return 1\n",
            "test_calc.py": more,
            "test_moves.py": "from calc import add\n" + moves.replace("\n    ", "\n"),
            "pyproject.toml": project.format(2),
        },
        {"calc.py": right, "test_calc.py": TESTS + moves, "pyproject.toml": project.format(1)},
    )

    assert (found.tests.verdict, found.tests.passed) == ("passed", 4)
    assert flags(found.comparison) == {}
