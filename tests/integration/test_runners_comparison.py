"""Before and after a fix with runners beside pytest: the same lists, also where the tests did not compile before."""

from pathlib import Path

import pytest
from fixtrail.qa.verdict import assess_tests

from tests.integration.test_runners_verdicts import COMMANDS
from tests.support.fixes import Lists, make_fix
from tests.support.runners import SETTINGS, runners_image, sample  # noqa: F401  runners_image is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.runners, pytest.mark.usefixtures("runners_image")]

CODE = {
    "unittest": ("calc.py", "a + b"),
    "go": ("calc.go", "a + b"),
    "cargo": ("src/lib.rs", "a + b"),
    "jest": ("calc.js", "a + b"),
    "vitest": ("calc.js", "a + b"),
}


@pytest.mark.parametrize(
    ("runner", "fail_to_pass", "pass_to_pass"),
    [
        ("unittest", ["tests.test_calc.AddTest::test_adds"], []),
        (
            "go",
            ["example.com/calc::TestAdd"],
            [f"example.com/calc::TestDivide{part}" for part in ("", "/exact", "/by_zero")],
        ),
        ("cargo", ["tests/sums.rs::adds", "tests/sums.rs::nested::adds_again"], []),
        ("jest", ["calc.test.js::adds", "calc.test.js::add takes negative numbers (too)"], []),
        ("vitest", ["calc.test.js::adds", "calc.test.js::add > takes negative numbers (too)"], []),
    ],
)
async def test_a_fix_is_told_test_by_test(
    tmp_path: Path, runner: str, fail_to_pass: list[str], pass_to_pass: list[str]
) -> None:
    after = sample(runner, "passing")
    name, right = CODE[runner]
    before = after | {name: after[name].replace(right, "a - b")}
    assert before != after

    found = await assess_tests(make_fix(tmp_path, before, after, COMMANDS[runner]), SETTINGS, progress=lambda _: None)

    assert found.tests.verdict == "passed"
    lists = Lists.of(found.comparison)
    assert (sorted(lists.fail_to_pass), lists.pass_to_pass) == (sorted(fail_to_pass), pass_to_pass)
    assert (lists.pass_to_fail, lists.fail_to_fail) == ([], [])


@pytest.mark.parametrize(
    ("runner", "name", "call", "names"),
    [
        ("go", "calc.go", "Add", {"TestAdd", "TestDivide", "TestDivide/exact", "TestDivide/by_zero"}),
        ("cargo", "src/lib.rs", "add", {"adds", "nested::adds_again"}),
        ("maven", "src/main/java/com/example/Calc.java", "add", {"adds", "addsNegativeNumbers"}),
    ],
)
async def test_tests_of_what_was_not_there_before_failed_before(
    tmp_path: Path, runner: str, name: str, call: str, names: set[str]
) -> None:
    after = sample(runner, "passing")
    before = after | {name: after[name].replace(f"{call}(", f"{call}_old(")}

    found = await assess_tests(make_fix(tmp_path, before, after, COMMANDS[runner]), SETTINGS, progress=lambda _: None)

    assert found.tests.verdict == "passed"
    assert {each.partition("::")[2] for each in Lists.of(found.comparison).fail_to_pass} == names
