"""The final tests on the code before and after a fix, in the real engine."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.verdict import Assessment, Fixed, assess_tests
from fixtrail.settings import SandboxSettings
from fixtrail_protocol.qa import Environment, TestRun

from tests.support.fixes import Lists, make_fix
from tests.support.sandbox import IMAGE, QUICK, engine, leftovers  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

BUG = "def add(a, b):\n    return a - b\n\n\ndef sub(a, b):\n    return a - b\n"
FIX = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"
TESTS = """
    from calc import add, sub

    def test_add():
        assert add(2, 2) == 4

    def test_zero():
        assert add(2, 0) == 2

    def test_sub():
        assert sub(2, 2) == 0

    def test_known():
        assert add(0.1, 0.2) == 0.3
"""


async def assess(fixed: Fixed, settings: SandboxSettings = QUICK) -> Assessment:
    found = await assess_tests(fixed, settings, progress=lambda _: None)
    left = leftovers(fixed.trace_id)
    assert (left.containers, left.volumes) == ([], [])
    return found


async def test_each_test_is_sorted_by_how_it_ended_before_and_after(tmp_path: Path) -> None:
    fixed = make_fix(tmp_path, {"calc.py": BUG, "test_calc.py": TESTS}, {"calc.py": FIX})
    said: list[str] = []

    found = await assess_tests(fixed, QUICK, progress=said.append)

    assert found.comparison is not None
    assert (found.tests.verdict, found.comparison.status, found.comparison.reason) == ("failed", "compared", None)
    assert Lists.of(found.comparison) == Lists(
        ["test_calc::test_add"],
        ["test_calc::test_zero", "test_calc::test_sub"],
        [],
        ["test_calc::test_known"],
    )
    assert (found.tests.tree, found.comparison.before and found.comparison.before.tree) == (fixed.final, fixed.baseline)
    assert (found.comparison.original, found.comparison.test_files, found.comparison.flaky) == (None, [], [])
    assert found.comparison.tamper == []
    assert "Running the tests (run 1, the fixed code)" in said
    assert "Running the tests (run 2 of 2, the code before the fix)" in said
    assert Assessment(found.tests, None, type(found.comparison).model_validate(found.comparison.model_dump())) == found


async def test_a_clear_fix_needs_two_runs_more_and_they_run_only_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[TestRun] = []

    async def watched(job: Job, settings: SandboxSettings, *, progress: Callable[[str], None]) -> TestRun:
        runs.append(await run_tests(job, settings, progress=progress))
        return runs[-1]

    monkeypatch.setattr("fixtrail.qa.verdict.assess.run_tests", watched)
    tests = TESTS.replace("== 0.3", "> 0.3")
    ini = "[pytest]\npythonpath = src\naddopts = -x\n"
    before = {"src/calc.py": BUG, "tests/test_calc.py": tests, "pytest.ini": ini}
    fixed = make_fix(tmp_path, before, {"src/calc.py": FIX}, "python -m pytest -q -k calc tests")

    found = await assess(fixed)

    changed = ["tests.test_calc::test_add", "tests.test_calc::test_known"]
    assert found.comparison is not None
    assert (found.tests.verdict, found.comparison.reruns) == ("passed", 2)
    assert Lists.of(found.comparison).fail_to_pass == changed
    assert [len(run.cases or []) for run in runs] == [4, 4, 2, 2]
    assert [run.tree for run in runs] == [fixed.final, fixed.baseline, fixed.final, fixed.baseline]
    assert all([case.name for case in run.cases or []] == changed for run in runs[2:])


async def test_none_is_run_again_when_that_is_set(tmp_path: Path) -> None:
    fixed = make_fix(tmp_path, {"calc.py": BUG, "test_calc.py": TESTS}, {"calc.py": FIX})

    found = await assess(fixed, QUICK.model_copy(update={"reruns": 0}))

    assert found.comparison is not None
    assert (found.tests.verdict, found.comparison.reruns) == ("failed", 0)


async def test_a_regression_is_pass_to_fail(tmp_path: Path) -> None:
    broken = FIX.replace("return a - b", "return a * b")
    tests = TESTS.replace("== 0.3", "> 0.3")
    fixed = make_fix(tmp_path, {"calc.py": BUG, "test_calc.py": tests}, {"calc.py": broken})

    found = await assess(fixed)

    assert found.tests.verdict == "failed"
    assert Lists.of(found.comparison).pass_to_fail == ["test_calc::test_sub"]
    assert Lists.of(found.comparison).fail_to_pass == ["test_calc::test_add", "test_calc::test_known"]
    assert found.comparison is not None
    assert found.comparison.reruns == 3


async def test_a_new_test_file_that_cannot_be_imported_before_the_fix_fails_before(tmp_path: Path) -> None:
    fixed = make_fix(
        tmp_path,
        {"calc.py": FIX, "tests/test_old.py": "def test_old():\n    pass\n"},
        {
            "calc.py": FIX + "def double(a):\n    return 2 * a\n",
            "tests/test_double.py": """
                import json, pathlib
                from calc import double

                class TestDouble:
                    def test_numbers(self):
                        for number, twice in json.loads(pathlib.Path("tests/data.json").read_text()):
                            assert double(number) == twice

                def test_text():
                    assert double("a") == "aa"
            """,
            "tests/data.json": "[[1, 2], [2, 4]]",
        },
        "python -m pytest -q",
    )

    found = await assess(fixed)

    assert found.tests.verdict == "passed"
    assert Lists.of(found.comparison) == Lists(
        ["tests.test_double.TestDouble::test_numbers", "tests.test_double::test_text"],
        ["tests.test_old::test_old"],
        [],
        [],
    )
    assert found.comparison is not None
    assert found.comparison.test_files == ["tests/data.json", "tests/test_double.py"]
    assert found.comparison.reason is None
    assert found.comparison.reruns == 1, "what cannot be imported is no matter of chance"


async def test_a_conftest_that_cannot_be_loaded_before_the_fix_fails_every_test_before(tmp_path: Path) -> None:
    fixed = make_fix(
        tmp_path,
        {"calc.py": FIX, "test_calc.py": TESTS.replace("== 0.3", "> 0.3")},
        {"calc.py": FIX + "unit = 1\n", "conftest.py": "from calc import unit\n"},
    )

    found = await assess(fixed)

    lists = Lists.of(found.comparison)
    assert len(lists.fail_to_pass) == 4
    assert lists.pass_to_pass == []


async def test_a_bug_that_never_ends_is_compared_as_a_whole(tmp_path: Path) -> None:
    fixed = make_fix(
        tmp_path,
        {"calc.py": "def add(a, b):\n    while True:\n        pass\n", "test_calc.py": TESTS},
        {"calc.py": FIX, "test_calc.py": "from calc import add\n\ndef test_add():\n    assert add(2, 2) == 4\n"},
    )

    found = await assess(fixed, QUICK.model_copy(update={"timeout_seconds": 8.0, "reruns": 0}))

    assert found.comparison is not None
    assert found.comparison.before is not None
    assert (found.tests.verdict, found.comparison.before.verdict) == ("passed", "timeout")
    assert Lists.of(found.comparison).fail_to_pass == ["(all tests)"]
    assert "no end of their own" in (found.comparison.reason or "")


async def test_a_runner_without_a_report_is_compared_by_its_exit_code(tmp_path: Path) -> None:
    check = "from calc import add\nassert add(2, 2) == 4\n"
    fixed = make_fix(tmp_path, {"calc.py": BUG, "check.py": check}, {"calc.py": FIX}, "python check.py")

    found = await assess(fixed)

    assert found.tests.verdict == "passed"
    assert Lists.of(found.comparison) == Lists(["(all tests)"], [], [], [])
    assert found.comparison is not None
    assert "exit code alone" in (found.comparison.reason or "")


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ({}, "Nothing differs"),
        ({"test_calc.py": TESTS + "\n    def test_more():\n        pass\n"}, "Only test files"),
        ({"test_calc.py": "import os\nos._exit(0)\n", "calc.py": FIX}, "gave no results to compare (unknown)"),
    ],
    ids=["nothing changed", "only tests changed", "no end"],
)
async def test_where_there_is_nothing_to_compare_it_says_why(
    tmp_path: Path, after: dict[str, str], reason: str
) -> None:
    found = await assess(make_fix(tmp_path, {"calc.py": BUG, "test_calc.py": TESTS}, after))

    assert found.comparison is not None
    assert found.comparison.status == "not_possible"
    assert reason in (found.comparison.reason or "")
    assert found.comparison.before is None


@pytest.mark.parametrize(
    ("baseline", "reason"), [(None, "does not know the code before"), ("1" * 40, "not kept as a whole")]
)
async def test_without_a_baseline_there_is_a_verdict_and_a_reason(
    tmp_path: Path, baseline: str | None, reason: str
) -> None:
    made = make_fix(tmp_path, {"calc.py": BUG, "test_calc.py": TESTS.replace("== 0.3", "> 0.3")}, {"calc.py": FIX})

    found = await assess(Fixed(made.store, baseline, made.final, made.argv, made.trace_id))

    assert found.tests.verdict == "passed"
    assert found.comparison is not None
    assert found.comparison.status == "not_possible"
    assert reason in (found.comparison.reason or "")


async def test_an_environment_that_cannot_be_made_is_no_failure_of_the_tests(tmp_path: Path) -> None:
    fixed = make_fix(tmp_path, {"calc.py": BUG}, {"calc.py": FIX})

    async def fails(tree_tar: Path, trace_id: str, settings: SandboxSettings, *, progress: object) -> Environment:
        assert tree_tar.stat().st_size > 0
        return Environment(status="failed", reason="No such package.", log="ERROR: No matching distribution")

    found = await assess_tests(fixed, QUICK, progress=lambda _: None, prepare=fails)

    assert (found.tests.verdict, found.tests.error_code) == ("infra_error", "sandbox/environment-failed")
    assert "No such package" in (found.tests.reason or "")
    assert "No matching distribution" in (found.tests.output or "")
    assert found.comparison is None


async def test_all_runs_are_made_in_the_image_of_the_environment(tmp_path: Path) -> None:
    fixed = make_fix(tmp_path, {"calc.py": BUG, "test_calc.py": TESTS}, {"calc.py": FIX})

    async def base(tree_tar: Path, trace_id: str, settings: SandboxSettings, *, progress: object) -> Environment:
        return Environment(status="base", image=IMAGE)

    settings = QUICK.model_copy(update={"image": "fixtrail-no-such-image:1"})
    found = await assess_tests(fixed, settings, progress=lambda _: None, prepare=base)

    assert found.environment is not None
    assert found.comparison is not None
    assert found.comparison.before is not None
    assert (found.tests.image, found.comparison.before.image) == (IMAGE, IMAGE)
    assert found.tests.image_digest == found.comparison.before.image_digest
