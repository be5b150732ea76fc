"""Hostile tests that want a pass they do not deserve. What cannot be told from a pass is at the end, by name."""

from pathlib import Path

import pytest

from tests.support.hostile import attack
from tests.support.sandbox import engine  # noqa: F401  a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

BAD = "def test_bad():\n    assert 1 + 1 == 3\n"
GOOD = "def test_sum():\n    assert 1 + 1 == 2\n"
REPORT = (
    '<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="0" tests="1">'
    '<testcase classname="test_it" name="test_bad" time="0.001"/></testsuite></testsuites>'
)
FORGE = f"""
import atexit, os, sys

def forge():
    with open("/fixtrail/out/junit.xml", "w") as report:
        report.write({REPORT!r})
"""

# What is in the tree, the verdict, and words of its reason.
FORGERIES: dict[str, tuple[dict[str, str], str, str]] = {
    "a summary printed by a test": (
        {"test_it.py": "import os\ndef test_bad():\n    os.write(1, b'1 passed in 0.01s\\n')\n    assert False\n"},
        "failed",
        "",
    ),
    "a report by the test, which then leaves": (
        {"test_it.py": FORGE + "def test_bad():\n    forge()\n    os._exit(0)\n"},
        "unknown",
        "never said that it came to its end",
    ),
    "a report by conftest, which then leaves": (
        {"conftest.py": FORGE + "forge()\nos._exit(0)\n", "test_it.py": BAD},
        "unknown",
        "never said that it came to its end",
    ),
    "a report by conftest, which then raises SystemExit": (
        {"conftest.py": FORGE + "forge()\nsys.exit(0)\n", "test_it.py": BAD},
        "unknown",
        "never said that it came to its end",
    ),
    "a report rewritten at exit": (
        {"test_it.py": FORGE + BAD + "def leave():\n    forge()\n    os._exit(0)\natexit.register(leave)\n"},
        "unknown",
        "1 tests or files that they failed",
    ),
    "a report rewritten when the session ends": (
        {
            "conftest.py": FORGE + "import pytest\n@pytest.hookimpl(trylast=True)\n"
            "def pytest_unconfigure(config):\n    forge()\n    os._exit(0)\n",
            "test_it.py": BAD,
        },
        "unknown",
        "1 tests or files that they failed",
    ),
    "an exit code bent by conftest": (
        {"conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n", "test_it.py": BAD},
        "unknown",
        "1 failed",
    ),
    "more tests in the report than ran": (
        {
            "conftest.py": FORGE
            + "def pytest_unconfigure(config):\n    forge()\n    os._exit(0)\n"
            + "def pytest_collection_modifyitems(items):\n    del items[1:]\n",
            "test_it.py": GOOD + BAD + "import pytest\npytestmark = pytest.mark.skip\n",
        },
        "unknown",
        "pytest said so of 0",
    ),
    "os._exit in a test": (
        {"test_it.py": "import os\ndef test_bad():\n    os._exit(0)\n"},
        "unknown",
        "no JUnit report",
    ),
    "os._exit in conftest": ({"conftest.py": "import os\nos._exit(0)\n", "test_it.py": BAD}, "unknown", "no JUnit"),
    "sys.exit in conftest": ({"conftest.py": "import sys\nsys.exit(0)\n", "test_it.py": BAD}, "unknown", "no JUnit"),
    "pytest.exit with success, before the failure": (
        {"test_it.py": GOOD + "import pytest\ndef test_done():\n    pytest.exit('done', returncode=0)\n" + BAD},
        "unknown",
        "stopped before all the tests",
    ),
    "should stop, with success": (
        {
            "conftest.py": "def pytest_runtest_teardown(item):\n    item.session.shouldstop = 'done'\n"
            "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
            "test_it.py": GOOD + BAD,
        },
        "unknown",
        "stopped before all the tests",
    ),
    "the report's file made a link": (
        {
            "conftest.py": "import os\nfor name in ('junit.xml', 'x'):\n    try:\n"
            "        os.symlink('/work/mine.xml', f'/fixtrail/out/{name}')\n    except OSError:\n        pass\n",
            "mine.xml": REPORT,
            "test_it.py": BAD,
        },
        "failed",
        "",
    ),
    "garbage on the witness's stream": (
        {"test_it.py": "def test_good():\n    open('/proc/1/fd/2', 'w').write('1-a passed and more\\n')\n"},
        "unknown",
        "wrote into the stream",
    ),
    "a runner of its own in the option": (
        {"pytest.ini": "[pytest]\naddopts = -p mine\n", "mine.py": FORGE + "forge()\nos._exit(0)\n", "test_it.py": BAD},
        "unknown",
        "never said that it began",
    ),
    "the witness kept out": (
        {"pytest.ini": "[pytest]\naddopts = -p no:fixtrail_witness\n", "test_it.py": GOOD},
        "unknown",
        "never said that it began",
    ),
    "a process that outlives the tests and rewrites the report": (
        {
            "test_it.py": FORGE + "import time\ndef test_bad():\n    if os.fork() == 0:\n        os.setsid()\n"
            "        time.sleep(0.3)\n        forge()\n        time.sleep(600)\n    assert False\n"
        },
        "failed",
        "",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_pass_is_none(tmp_path: Path, name: str) -> None:
    files, verdict, reason = FORGERIES[name]

    receipt = await attack(tmp_path, files, "python3 -m pytest -q -s")

    assert receipt.verdict == verdict, receipt.output
    assert reason in (receipt.reason or "")


SHADOWS = {
    "pytest.py": {"pytest.py": FORGE + "forge()\nprint('1 passed')\n", "test_it.py": BAD},
    "a package named pytest": {"pytest/__init__.py": "", "pytest/__main__.py": FORGE + "forge()\n", "test_it.py": BAD},
    "a package named _pytest": {
        "_pytest/__init__.py": FORGE + "forge()\nos._exit(0)\n",
        "_pytest/config.py": "",
        "test_it.py": BAD,
    },
    "a package named pluggy": {"pluggy.py": FORGE + "forge()\nos._exit(0)\n", "test_it.py": BAD},
}


@pytest.mark.parametrize("name", SHADOWS)
async def test_a_runner_in_the_runners_place_is_found_out(tmp_path: Path, name: str) -> None:
    receipt = await attack(tmp_path, SHADOWS[name], "python3 -m pytest -q")

    assert (receipt.verdict, receipt.exit_code) == ("unknown", 0), receipt.output
    assert "never said that it began" in (receipt.reason or "")


async def test_a_script_named_pytest_is_found_out(tmp_path: Path) -> None:
    files = {"bin/pytest": "#!/usr/bin/env python3\n" + FORGE + "forge()\n", "test_it.py": BAD}

    assert (await attack(tmp_path, files, "bin/pytest -q")).verdict == "unknown"


@pytest.mark.parametrize("name", ["sitecustomize.py", "usercustomize.py", "evil.pth"])
async def test_files_that_python_loads_at_its_start_are_not_loaded_from_the_tree(tmp_path: Path, name: str) -> None:
    code = FORGE + "forge()\nos._exit(0)\n"
    files = {name: "import mine\n" if name.endswith(".pth") else code, "mine.py": code, "test_it.py": BAD}

    receipt = await attack(tmp_path, files, "python3 -m pytest -q")

    assert (receipt.verdict, receipt.failed) == ("failed", 1), receipt.output


async def test_behind_a_script_the_witness_speaks_too(tmp_path: Path) -> None:
    files = {"check.sh": "#!/bin/sh\npytest -q\n", "conftest.py": FORGE + "forge()\nos._exit(0)\n", "test_it.py": BAD}

    receipt = await attack(tmp_path, files, "./check.sh")

    assert (receipt.verdict, receipt.runner) == ("unknown", None)
    assert "never said that it came to its end" in (receipt.reason or "")


async def test_the_witness_changes_nothing_for_honest_tests(tmp_path: Path) -> None:
    files = {
        "test_it.py": """
            import os, subprocess, sys
            import pytest

            pytest_plugins = ["pytester"]

            def test_surroundings():
                assert not any("witness" in entry for entry in sys.path)
                assert "PYTHONPATH" not in os.environ
                assert "PYTEST_PLUGINS" not in os.environ

            def test_of_a_plugin(pytester):
                pytester.makepyfile("def test_inner():\\n    assert False\\n")
                pytester.runpytest_inprocess().assert_outcomes(failed=1)
                pytester.runpytest_subprocess().assert_outcomes(failed=1)

            def test_fork():
                if os.fork() == 0:
                    os._exit(0)
                os.wait()

            @pytest.mark.xfail
            def test_expected():
                assert False

            @pytest.mark.skip
            def test_later():
                assert False
        """
    }

    receipt = await attack(tmp_path, files, "pytest -q")

    assert (receipt.verdict, receipt.passed, receipt.skipped) == ("passed", 3, 2), receipt.output


STILL_FORGED = {
    "pytest bent from inside": {
        "conftest.py": "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n"
        "    outcome = yield\n    outcome.get_result().outcome = 'passed'\n",
        "test_it.py": BAD,
    },
    "a liar who knows the witness": {
        "conftest.py": FORGE + "forge()\nimport fixtrail_witness as told\nlines = ''\n"
        "voice = [each for each in __import__('gc').get_objects() if type(each).__name__ == '_Voice'][0]\n"
        "voice.say('passed')\nvoice.say('ended')\nos._exit(0)\n",
        "test_it.py": BAD,
    },
}


@pytest.mark.parametrize("name", STILL_FORGED)
async def test_what_runs_inside_pytest_can_still_lie(tmp_path: Path, name: str) -> None:
    """Kept as a test, so that docs/threat-model.md does not promise more than there is."""
    assert (await attack(tmp_path, STILL_FORGED[name], "pytest -q")).verdict == "passed"
