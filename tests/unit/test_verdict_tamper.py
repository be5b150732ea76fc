"""Each detector of bent tests: what it sees, and what it lets pass."""

import textwrap

import pytest
from fixtrail.qa.verdict.tamper import Fix, in_files
from fixtrail.qa.verdict.tamper.source import ChangedFile

Sides = tuple[str | None, str | None]


def flags(files: dict[str, Sides], before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return what is flagged for files with their contents before and after: kind to tests, or else to file."""
    changed = [
        ChangedFile(
            path,
            *(None if text is None else textwrap.dedent(text).encode() for text in sides),
            is_test="test" in path and path != "pytest.ini",
            is_configuration="test" not in path or path == "pytest.ini",
        )
        for path, sides in files.items()
    ]
    found: dict[str, list[str]] = {}
    for flag in in_files(Fix(changed, before, after)):
        found.setdefault(flag.kind, []).extend(flag.tests or [flag.file_path or ""])
    return found


ONE = """
    import pytest

    def test_one():
        assert f() == 1
        with pytest.raises(ValueError):
            f(-1)

    class TestTwo:
        def test_two(self):
            self.assertEqual(f(), 1)
            assert g()
"""


def change(old: str, new: str, text: str = ONE) -> dict[str, list[str]]:
    assert old in text
    return flags({"test_a.py": (text, text.replace(old, new))})


def test_deleted_tests_and_files():
    assert change("test_one", "test_uno") == {}, "renamed"
    assert change("test_one", "check_one") == {"tests_deleted": ["test_one"]}, "nobody runs it by this name"
    assert change("class TestTwo", "class TestOther") == {}
    assert flags({"test_a.py": (ONE, "def test_one():\n    pass\n")})["tests_deleted"] == ["TestTwo::test_two"]
    assert flags({"tests/data.json": ("{}", None), "tests/helpers.py": ("x = 1\n", None)}) == {}
    assert flags({"test_a.py": (ONE, None)}) == {"tests_deleted": ["test_one", "TestTwo::test_two"]}
    assert flags({"a.test.js": ("it('x')", None)}) == {"tests_deleted": ["a.test.js"]}
    assert flags({"test_a.py": (ONE, None), "test_b.py": (None, ONE)}) == {}, "moved"
    assert flags({"test_a.py": (ONE, "def broken(:\n")}) == {}, "the runs say that it cannot be imported"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("assert f() == 1", "assert True"),
        ("assert f() == 1", "assert f() == 1 or True"),
        ("assert f() == 1", "assert (f() == 1, 'why')"),
        ("assert f() == 1", "pass"),
        ("assert f() == 1", "return"),
        ("assert f() == 1", "if False:\n            assert f() == 1"),
        ("assert f() == 1", "try:\n            assert f() == 1\n        except Exception:\n            pass"),
        ("with pytest.raises(ValueError):\n            f(-1)", "f(1)"),
    ],
)
def test_fewer_assertions_that_can_fail(old: str, new: str):
    assert change(old, new) == {"tests_weakened": ["test_one"]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("f() == 1", "f() == 2"),
        ("assert g()", "assert g()\n            assert not g(1)"),
        ("assert f() == 1", "for n in (1, 2):\n            assert f() == n"),
        ("assert f() == 1", "try:\n            assert f() == 1\n        except ValueError:\n            pass"),
        (
            "assert f() == 1",
            "try:\n            x = f()\n        except Exception:\n            raise\n        assert x == 1",
        ),
    ],
)
def test_as_many_assertions_are_not_flagged(old: str, new: str):
    assert change(old, new) == {}


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("def test_one", "@pytest.mark.skip\n    def test_one", "test_one"),
        ("def test_one", "@pytest.mark.xfail(reason='later')\n    def test_one", "test_one"),
        ("class TestTwo", "@unittest.skipIf(True, '')\n    class TestTwo", "TestTwo"),
        ("assert g()", "assert g()\n            self.skipTest('x')", "TestTwo::test_two"),
        ("assert f() == 1", "assert f() == 1\n        raise unittest.SkipTest", "test_one"),
        ("import pytest", "import pytest\n    pytestmark = pytest.mark.skip", "(the whole file)"),
        ("import pytest", "import pytest\n    pytest.importorskip('nothing')", "(the whole file)"),
        ("class TestTwo:", "class TestTwo:\n        __test__ = False", "TestTwo"),
    ],
)
def test_skips_that_are_new(old: str, new: str, where: str):
    assert change(old, new) == {"tests_skipped": [where]}


def test_a_new_test_that_is_skipped_and_a_skip_that_was_there_are_not_flagged():
    skipped = ONE.replace("def test_one", "@pytest.mark.skip\n    def test_one")
    assert change("assert g()", "assert g(1)", skipped) == {}
    assert flags({"test_a.py": (ONE, ONE + "\n    @pytest.mark.skip\n    def test_new():\n        pass\n")}) == {}
    assert flags({"test_a.py": (None, skipped)}) == {}


@pytest.mark.parametrize(
    ("path", "old", "new", "flagged"),
    [
        ("conftest.py", None, "x = 1\n", ["conftest_touched"]),
        ("sub/conftest.py", "x = 1\n", None, ["conftest_touched"]),
        ("pytest.ini", "[pytest]\n", "[pytest]\naddopts = -k nothing\n", ["configuration_touched"]),
        ("pyproject.toml", "[project]\nversion = '1'\n", "[project]\nversion = '2'\n", []),
        ("pyproject.toml", "", "[tool.pytest.ini_options]\naddopts = '-k x'\n", ["configuration_touched"]),
        ("pyproject.toml", "", "not toml [", ["configuration_touched"]),
        ("setup.cfg", "[metadata]\nname = a\n", "[metadata]\nname = b\n", []),
        ("setup.cfg", None, "[tool:pytest]\naddopts = -x\n", ["configuration_touched"]),
        ("package.json", '{"version": "1"}', '{"version": "2"}', []),
        ("package.json", "{}", '{"scripts": {"test": "true"}}', ["configuration_touched"]),
        ("Makefile", "test:\n\tpytest\n", "test:\n\ttrue\n", ["configuration_touched"]),
    ],
)
def test_configuration_is_flagged_where_it_concerns_tests(path: str, old: str, new: str, flagged: list[str]):
    assert list(flags({path: (old, new)})) == flagged


def test_shadows_of_the_runner():
    after = ("pytest.py", "_pytest/__init__.py", "sitecustomize.py", "hook.pth", "src/pytest.py", "unittest/notes.txt")
    found = in_files(Fix([], before=("hook.pth",), after=after))
    told = {flag.file_path: "came with" in flag.detail for flag in found}
    assert told == {"_pytest/__init__.py": True, "hook.pth": False, "pytest.py": True, "sitecustomize.py": True}


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)\n",
        "from os import _exit\ndef pytest_sessionfinish():\n    _exit(0)\n",
        "import atexit, os\natexit.register(os._exit, 0)\n",
        "def f():\n    raise SystemExit(0)\n",
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
        "def hook(report):\n    report.outcome = 'passed'\n",
    ],
)
def test_ways_to_end_the_run_or_rewrite_results(code: str):
    assert list(flags({"test_a.py": ("", code)})) == ["exit_hook"]
    assert flags({"test_a.py": (code, code + "x = 1\n")}) == {}, "it was there before"


def test_a_script_at_the_end_of_a_test_file_is_no_exit_hook():
    code = "import sys, unittest\nif __name__ == '__main__':\n    sys.exit(unittest.main())\n"
    assert flags({"test_a.py": ("", code)}) == {}


@pytest.mark.parametrize(
    "source", ["(" * 5_000, "x = '\\d'\n", "\0", "# coding: no-such\n", "x = " + "-" * 99_999 + "1"]
)
def test_a_hostile_source_breaks_nothing(source: str):
    flags({"test_a.py": (ONE, source), "conftest.py": (source, source)})
