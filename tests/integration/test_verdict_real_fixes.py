"""Five real fixes of real packages, undone and made again: fail-to-pass is what the fix is about, nothing else."""

import os
import subprocess
import tarfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from fixtrail.qa.verdict import Fixed, assess_tests
from fixtrail.store.tree import TreeStore
from fixtrail_protocol.commands import parse_test_command

from tests.support.sandbox import QUICK, engine, leftovers  # noqa: F401  engine is a fixture

SOURCES = os.environ.get("FIXTRAIL_FIXES")

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(SOURCES is None, reason="FIXTRAIL_FIXES is not set: run scripts/setup-fixes"),
    pytest.mark.usefixtures("engine"),
]


@dataclass(frozen=True)
class Real:
    """A fix that a release has: ``fixed`` stands in ``file``, ``broken`` is what it undoes it to."""

    archive: str
    file: str
    fixed: str
    broken: str
    command: str
    fail_to_pass: str
    at_least: int
    """Tests that pass before and after."""


FIXES = [
    Real(
        "boltons-24.0.0",
        "boltons/dictutils.py",
        "    def __getstate__(self):\n        return list(self.iteritems(multi=True))\n\n"
        "    def __setstate__(self, state):\n        self.clear()\n        self.update_extend(state)\n\n",
        "",  # an OrderedMultiDict cannot be pickled
        "python -m pytest -q --noconftest tests/test_dictutils.py",
        "tests.test_dictutils::test_omd_pickle",
        20,
    ),
    Real(
        "inflection-0.5.1",
        "inflection/__init__.py",
        "if not word or word.lower() in UNCOUNTABLES",
        "if word.lower() in UNCOUNTABLES",  # the plural of nothing is "s"
        "python -m pytest -q test_inflection.py",
        "test_inflection::test_pluralize_empty_string",
        400,
    ),
    Real(
        "more-itertools-10.5.0",
        "more_itertools/more.py",
        "        if self._index is None:\n            self._index = len(self._cache)\n\n"
        "        self.seek(max(self._index + count, 0))",
        "        self.seek(max(len(self._cache) + count, 0))",  # forgets where it was
        "python -m pytest -q tests/test_more.py",
        "tests.test_more.SeekableTest::test_relative_seek",
        400,
    ),
    Real(
        "tabulate-0.9.0",
        "tabulate/__init__.py",
        '        return string.lower() in ["inf", "-inf", "nan"]\n',
        "        return True\n",  # takes words such as "infinity" for numbers
        "python -m pytest -q test",
        "test.test_output::test_float_conversions",
        200,
    ),
    Real(
        "xmltodict-0.13.0",
        "xmltodict.py",
        "elif isinstance(v, bool):",
        "elif v is NotImplemented:",  # writes True where XML has true
        "python -m pytest -q tests",
        "tests.test_dicttoxml.DictToXMLTestCase::test_boolean_unparse",
        50,
    ),
]


def undone(real: Real, where: Path) -> Fixed:
    """Unpack the release, and write it without the fix and with it."""
    assert SOURCES is not None
    with tarfile.open(Path(SOURCES) / f"{real.archive}.tar.gz") as archive:
        archive.extractall(where, filter="data")
    workspace = where / real.archive
    subprocess.run(["git", "init", "--quiet", str(workspace)], check=True, capture_output=True)
    store = TreeStore(workspace, where / "objects")
    source = workspace / real.file
    text = source.read_text()
    assert text.count(real.fixed) == 1
    source.write_text(text.replace(real.fixed, real.broken))
    before = store.write()
    source.write_text(text)
    argv = parse_test_command(real.command)
    return Fixed(store, before, store.write(), argv, f"test-{uuid.uuid4().hex}")


@pytest.mark.parametrize("real", FIXES, ids=lambda real: real.archive)
async def test_fail_to_pass_is_what_the_fix_is_about(tmp_path: Path, real: Real) -> None:
    fixed = undone(real, tmp_path)

    found = await assess_tests(fixed, QUICK, progress=lambda _: None)

    assert found.comparison is not None
    assert (found.tests.verdict, found.comparison.status, found.comparison.reason) == ("passed", "compared", None)
    assert found.comparison.fail_to_pass == [real.fail_to_pass]
    assert (found.comparison.pass_to_fail, found.comparison.fail_to_fail, found.comparison.flaky) == ([], [], [])
    assert len(found.comparison.pass_to_pass) >= real.at_least
    assert (found.comparison.tamper, found.comparison.reruns) == ([], 2)
    assert leftovers(fixed.trace_id).containers == []
