"""Tests that end differently on the same code, in the real engine. Nothing is kept between runs, so chance decides."""

from pathlib import Path

import pytest
from fixtrail.qa.verdict import assess_tests

from tests.support.fixes import Lists, make_fix
from tests.support.sandbox import QUICK, engine  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

MANY = QUICK.model_copy(update={"reruns": 20})
# Of forty coins one shows the other side in twenty-one throws, but for a chance of 40 in two million for each.
COINS = """
    import os
    import pytest

    @pytest.mark.parametrize("coin", range(40))
    def test_coin(coin):
        assert os.urandom(1)[0] % 2
"""
BUG = "def answer():\n    return 41\n"
FIX = "def answer():\n    return 42\n"
ANSWER = "from answer import answer\n\ndef test_answer():\n    assert answer() == 42\n"


async def test_failures_that_do_not_repeat_make_the_verdict_flaky(tmp_path: Path) -> None:
    before = {"answer.py": BUG, "test_answer.py": ANSWER, "tests/test_coins.py": COINS}
    fixed = make_fix(tmp_path, before, {"answer.py": FIX}, "python -m pytest -q")

    found = await assess_tests(fixed, MANY, progress=lambda _: None)

    assert found.tests.verdict == "flaky"
    assert "did not fail each time" in (found.tests.reason or "")
    assert found.tests.failed
    assert found.comparison is not None
    assert 1 <= found.comparison.reruns <= 20
    flaky = {test.name: test for test in found.comparison.flaky}
    failed = {case.name for case in found.tests.cases or [] if case.outcome == "failed"}
    assert failed <= flaky.keys()
    assert all(test.passed >= 1 and test.failed >= 1 for test in flaky.values())
    assert all(name.startswith("tests.test_coins::test_coin[") for name in flaky)
    lists = Lists.of(found.comparison)
    assert lists.fail_to_pass[0] == "test_answer::test_answer"
    assert not flaky.keys() & {*lists.fail_to_pass, *lists.pass_to_fail, *lists.fail_to_fail, *lists.pass_to_pass}


async def test_a_failure_that_repeats_is_a_failure_whatever_is_flaky_beside_it(tmp_path: Path) -> None:
    wrong = "def test_wrong():\n    assert False\n"
    before = {"answer.py": BUG, "test_coins.py": COINS, "test_wrong.py": wrong}
    fixed = make_fix(tmp_path, before, {"answer.py": FIX})

    found = await assess_tests(fixed, QUICK, progress=lambda _: None)

    assert found.tests.verdict == "failed"
    assert found.comparison is not None
    assert found.comparison.reruns == 3
    assert found.comparison.flaky
    assert Lists.of(found.comparison).fail_to_fail[-1] == "test_wrong::test_wrong"


async def test_a_runner_without_a_report_is_flaky_as_a_whole(tmp_path: Path) -> None:
    # Ends with failure four times in five: the first run fails, or the test has nothing to say of reruns.
    check = "import os, sys\nsys.exit(os.urandom(1)[0] % 5 != 0)\n"
    fixed = make_fix(tmp_path, {"a.py": "", "check.py": check}, {"a.py": "x = 1\n"}, "python check.py")

    found = await assess_tests(fixed, MANY, progress=lambda _: None)

    assert found.comparison is not None
    if found.tests.verdict == "flaky":
        assert [test.name for test in found.comparison.flaky] == ["(all tests)"]
        assert Lists.of(found.comparison) == Lists([], [], [], [])
    else:
        assert found.tests.verdict == "passed"


async def test_without_a_baseline_flaky_tests_are_told_all_the_same(tmp_path: Path) -> None:
    fixed = make_fix(tmp_path, {"test_coins.py": COINS}, {})

    found = await assess_tests(fixed, MANY, progress=lambda _: None)

    assert found.tests.verdict == "flaky"
    assert found.comparison is not None
    assert found.comparison.status == "not_possible"
    assert found.comparison.flaky
