"""Makes the runs of an assessment, one after another, and puts together what they say.

The order: the final tree, which is the verdict; the code before the fix; the baseline's versions of the tests; then
again what changed or failed. Each but the first is made only when it can say something.
"""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from fixtrail_protocol.qa import Comparison, Environment, TestRun

from fixtrail.errors import FixtrailError
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.verdict.flaky import Tally, settle, together
from fixtrail.qa.verdict.outcomes import WHOLE, Split, outcomes, split
from fixtrail.qa.verdict.plan import Plan, Tree, make_plan, pack
from fixtrail.qa.verdict.selection import run_all, select
from fixtrail.qa.verdict.tamper import runtime
from fixtrail.settings import SandboxSettings
from fixtrail.store.tree import TreeStore

Progress = Callable[[str], None]
_Result = TypeVar("_Result")


class Prepare(Protocol):
    """Makes the image that tests run in, from the tree's own lock files."""

    async def __call__(
        self, tree_tar: Path, trace_id: str, settings: SandboxSettings, *, progress: Progress
    ) -> Environment:
        """Return the image; status ``failed`` when it cannot be made."""
        ...


@dataclass(frozen=True)
class Fixed:
    """A fix whose tests are to be run.

    Attributes
    ----------
    store
        Where both trees are.
    baseline, final
        Their ids; ``baseline`` is None when the trace does not know the code before the fix.
    argv
        The test command.
    """

    store: TreeStore
    baseline: str | None
    final: str
    argv: list[str]
    trace_id: str


@dataclass(frozen=True)
class Assessment:
    """The verdict, the image it was come by in (None: the one that is set), and what the runs say together."""

    tests: TestRun
    environment: Environment | None = None
    comparison: Comparison | None = None


async def assess_tests(
    fixed: Fixed, settings: SandboxSettings, *, progress: Progress, prepare: Prepare | None = None
) -> Assessment:
    """Run the tests of a fix before and after, and say what they show.

    Nothing in the engine, the image or the trees makes this raise. When the task is cancelled, the container that runs
    is removed first, and no further one is made.

    Parameters
    ----------
    progress
        Told in a few words which run is made and how far it is.
    prepare
        Makes an image with the tree's dependencies; None: tests run in ``settings.image`` as it is.
    """
    with tempfile.TemporaryDirectory(prefix="fixtrail-") as folder:
        try:
            tree = await _in_thread(lambda: pack(fixed.store, fixed.final, Path(folder)))
        except FixtrailError as error:
            return Assessment(TestRun(verdict="infra_error", reason=str(error), command=fixed.argv, tree=fixed.final))
        environment = None
        if prepare is not None:
            environment = await prepare(tree.tar, fixed.trace_id, settings, progress=progress)
            if environment.status == "failed":
                return Assessment(_without_environment(fixed, settings, environment), environment)
            if environment.image is not None:
                settings = settings.model_copy(update={"image": environment.image})
        return await _Assessing(fixed, settings, Path(folder), environment, progress).go(tree)


def _without_environment(fixed: Fixed, settings: SandboxSettings, environment: Environment) -> TestRun:
    code = "sandbox/environment-failed"
    return TestRun(
        verdict="infra_error",
        error_code=code,
        reason=f"{code}: {environment.reason or 'The image for the tests could not be made.'}",
        command=fixed.argv,
        tree=fixed.final,
        image=settings.image,
        output=environment.log,
    )


async def _in_thread(work: Callable[[], _Result]) -> _Result:
    """Run ``work`` in a thread; a cancel waits for its end, so that nobody writes into a folder that goes."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


@dataclass
class _Side:
    """One tree with the runs made on it."""

    words: str
    tree: Tree
    tally: Tally = field(default_factory=Tally)


class _Assessing:
    """The state of one assessment."""

    def __init__(
        self,
        fixed: Fixed,
        settings: SandboxSettings,
        folder: Path,
        environment: Environment | None,
        progress: Progress,
    ) -> None:
        self._fixed = fixed
        self._settings = settings
        self._folder = folder
        self._environment = environment
        self._progress = progress
        self._plan = Plan()
        self._runs = 0
        self._planned: int | None = None
        self._reruns = 0

    async def go(self, tree: Tree) -> Assessment:
        after = _Side("the fixed code", tree)
        async with asyncio.TaskGroup() as group:
            planning = group.create_task(_in_thread(self._make_plan))  # git works while the tests run
            running = group.create_task(self._run(after, self._fixed.argv))
        final, self._plan = running.result(), planning.result()
        found = Comparison(status="not_possible", reason=self._plan.reason, test_files=self._plan.test_files)
        parted = Split()
        before = original = None
        worth = self._worth(final)
        self._planned = 1 + worth.count("b") + worth.count("o")
        if "b" in worth and self._plan.before is not None:
            before = _Side("the code before the fix", self._plan.before)
            found.before = await self._run(before, run_all(self._fixed.argv, final.runner))
            parted = self._compare(found, final)
        elif found.reason is None:
            found.reason = f"The tests on the fixed code gave no results to compare ({final.verdict})."
        if "o" in worth and self._plan.original is not None:
            original = _Side("the tests as they were before the fix", self._plan.original)
            found.original = await self._run(original, run_all(self._fixed.argv, final.runner))
        self._planned = None
        await self._again(after, before, final, parted, found)
        found.flaky = together(after.tally, *([before.tally] if before is not None else []))
        names = {test.name for test in found.flaky}
        stable = parted.without(names)
        found.fail_to_pass, found.pass_to_pass = stable.fail_to_pass, stable.pass_to_pass
        found.pass_to_fail, found.fail_to_fail = stable.pass_to_fail, stable.fail_to_fail
        found.reruns = self._reruns
        found.tamper = [*self._plan.flags, *runtime.in_final_run(final)]
        if found.original is not None:
            found.tamper += runtime.against_original(final, found.original, flaky=names, removed=self._plan.removed)
        return Assessment(settle(final, after.tally.flaky().values()), self._environment, found)

    def _make_plan(self) -> Plan:
        fixed = self._fixed
        return make_plan(fixed.store, fixed.baseline, fixed.final, self._settings.test_files, self._folder)

    def _worth(self, final: TestRun) -> str:
        """Return which runs can say something now: ``b`` for before, ``o`` for the original tests."""
        worth = "b" if final.verdict in ("passed", "failed") and self._plan.before is not None else ""
        # Where all tests were deleted there is nothing to compare, and all the more to look at.
        if final.verdict in ("passed", "failed", "no_tests") and self._plan.original is not None:
            worth += "o" if outcomes(final) is not None or final.verdict == "no_tests" else ""
        return worth

    def _compare(self, found: Comparison, final: TestRun) -> Split:
        assert found.before is not None
        parted = split(found.before, final)
        if parted is None:
            why = found.before.reason or f"verdict {found.before.verdict}"
            found.reason = f"The tests on the code before the fix gave no results to compare: {why}"
            return Split()
        found.status, found.reason = "compared", parted.reason
        return parted

    async def _again(
        self, after: _Side, before: _Side | None, final: TestRun, parted: Split, found: Comparison
    ) -> None:
        """Run again what changed or failed; the rule stands in docs/verdicts.md."""
        known = outcomes(final)
        if final.verdict not in ("passed", "failed"):
            return
        failing = known.failing() if known is not None else [*parted.pass_to_fail, *parted.fail_to_fail]
        if known is None and final.verdict == "failed":
            failing = [WHOLE]
        first = list(dict.fromkeys([*failing, *parted.changed]))
        await self._once_more(after, first, final)
        if before is not None and found.before is not None:
            lost = outcomes(found.before)
            unsure = [name for name in parted.changed if not after.tally.is_flaky(name)]
            # What could not be collected is no matter of chance.
            unsure = [name for name in unsure if lost is None or not lost.lost(name)]
            await self._once_more(before, unsure, final)
        while names := [name for name in failing if not after.tally.is_flaky(name)]:
            if not await self._once_more(after, names, final):
                break

    async def _once_more(self, side: _Side, names: list[str], final: TestRun) -> bool:
        """Run ``names`` again on ``side``; False: there is nothing to run, or no run left to make."""
        if not names or self._reruns >= self._settings.reruns:
            return False
        self._reruns += 1
        argv = select(self._fixed.argv, final.runner, names, self._plan.paths)
        if argv is None:
            argv = run_all(self._fixed.argv, final.runner)
        await self._run(side, argv, what="again, for flaky tests, on ")
        return True

    async def _run(self, side: _Side, argv: list[str], *, what: str = "") -> TestRun:
        self._runs += 1
        of = f" of {self._planned}" if self._planned is not None and self._planned >= self._runs else ""
        place = f"run {self._runs}{of}, {what}{side.words}"

        def say(words: str) -> None:
            self._progress(f"{words} ({place})")

        job = Job(argv=argv, tree_tar=side.tree.tar, tree_id=side.tree.id, trace_id=self._fixed.trace_id)
        run = await run_tests(job, self._settings, progress=say)
        side.tally.add(run)
        return run
