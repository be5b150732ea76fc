"""A run made again from its receipt, in the real engine."""

from pathlib import Path

import pytest
from fixtrail.errors import UnavailableError
from fixtrail.qa.verdict import assess_tests, repeat_run
from fixtrail_protocol.qa import TestRun

from tests.support.fixes import make_fix
from tests.support.sandbox import QUICK, engine, leftovers  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

BEFORE = {"calc.py": "x = 1\n", "test_calc.py": "from calc import x\n\ndef test_x():\n    assert x == 2\n"}
AFTER = {"calc.py": "x = 2\n"}


async def test_the_same_run_gives_the_same(tmp_path: Path) -> None:
    fixed = make_fix(tmp_path, BEFORE, AFTER)
    found = await assess_tests(fixed, QUICK, progress=lambda _: None)
    assert found.comparison is not None
    assert found.comparison.before is not None
    elsewhere = QUICK.model_copy(update={"image": "fixtrail-no-such-image:1", "memory_bytes": 2**30})

    for receipt in (found.tests, found.comparison.before):
        again = await repeat_run(fixed.store, receipt, elsewhere, fixed.trace_id)

        assert (again.same, again.differences) == (True, [])
        assert again.run.verdict == receipt.verdict
        assert (again.run.tree, again.run.image_digest) == (receipt.tree, receipt.image_digest)
        assert (again.run.command, again.run.limits) == (receipt.command, receipt.limits)
    assert leftovers(fixed.trace_id).containers == []


async def test_other_results_are_named(tmp_path: Path) -> None:
    fixed = make_fix(tmp_path, BEFORE, AFTER)
    found = await assess_tests(fixed, QUICK, progress=lambda _: None)
    document = found.tests.model_dump()
    document["verdict"], document["exit_code"] = "failed", 1
    document["cases"][0]["outcome"] = "failed"
    document["cases"].append({"name": "test_calc::test_gone", "outcome": "passed"})
    receipt = TestRun.model_validate(document)

    again = await repeat_run(fixed.store, receipt, QUICK, fixed.trace_id)
    loose = await repeat_run(fixed.store, receipt, QUICK, fixed.trace_id, flaky=["test_calc::test_x"])

    assert again.differences == [
        "The verdict was failed and is passed.",
        "test_calc::test_x was failed and is passed.",
        "test_calc::test_gone was passed and is not there.",
    ]
    assert loose.differences == ["test_calc::test_gone was passed and is not there."]


async def test_what_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = make_fix(tmp_path, BEFORE, AFTER)
    found = await assess_tests(fixed, QUICK, progress=lambda _: None)

    async def code_of(**changes: object) -> str:
        with pytest.raises(UnavailableError) as gone:
            await repeat_run(fixed.store, found.tests.model_copy(update=changes), QUICK, fixed.trace_id)
        assert gone.value.exit_code == 3
        assert "\n" not in str(gone.value)
        return gone.value.code

    assert await code_of(tree="1" * 40) == "verify/tree-gone"
    assert await code_of(image_digest="sha256:" + "1" * 64) == "docker/image-missing"
    assert await code_of(image_digest=None) == "verify/nothing-to-rerun"
    blob = next(entry.blob for path, entry in fixed.store.load(fixed.final).files() if path == "calc.py")
    (fixed.store.folder / "objects" / blob[:2] / blob[2:]).unlink()
    assert await code_of() == "verify/tree-gone"
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    assert await code_of(tree=fixed.store.empty_tree()) == "docker/unavailable"
