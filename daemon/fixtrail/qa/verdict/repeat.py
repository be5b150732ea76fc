"""Repeats a run from its receipt, and says what is not as it was."""

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from fixtrail_protocol.qa import TestRun

from fixtrail.errors import UnavailableError
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.verdict.outcomes import outcomes
from fixtrail.qa.verdict.plan import pack
from fixtrail.settings import SandboxSettings
from fixtrail.store.tree import TreeStore

MAX_DIFFERENCES = 50


@dataclass(frozen=True)
class Repetition:
    """A run and its repetition; ``differences`` are sentences, none when both say the same."""

    run: TestRun
    differences: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether verdict and results are what they were."""
        return not self.differences


async def repeat_run(
    store: TreeStore,
    receipt: TestRun,
    settings: SandboxSettings,
    trace_id: str,
    *,
    flaky: Collection[str] = (),
    hide: Callable[[TestRun], TestRun] = lambda run: run,
    progress: Callable[[str], None] = lambda _: None,
) -> Repetition:
    """Make the run of ``receipt`` again: the same tree, image, command and limits.

    Parameters
    ----------
    settings
        For what a receipt does not tell, such as how much output is kept.
    flaky
        Tests that may end differently.
    hide
        Redacts a run as the receipt was redacted.

    Raises
    ------
    UnavailableError
        ``verify/nothing-to-rerun``: the receipt is of no run that was made. ``verify/tree-gone``: the tree is not kept
        any more. ``docker/…``: the engine or the image is not there.
    """
    if receipt.tree is None or receipt.image_digest is None or not receipt.command:
        raise UnavailableError(
            "verify/nothing-to-rerun",
            f"The trace holds no run that came as far as its tests (verdict {receipt.verdict}).",
            "Finalize it first.",
        )
    with tempfile.TemporaryDirectory(prefix="fixtrail-") as folder:
        try:
            tree = pack(store, receipt.tree, Path(folder))
        except UnavailableError as error:
            if error.code != "git/failed":
                raise
            raise UnavailableError(
                "verify/tree-gone",
                f"The tree {receipt.tree} that was tested is not there any more: {error.message}",
                "Its files lie beside the trace and in the repository it was recorded in.",
            ) from None
        job = Job(argv=receipt.command, tree_tar=tree.tar, tree_id=tree.id, trace_id=trace_id)
        run = hide(await run_tests(job, _as_before(receipt, settings), progress=progress))
    if run.error_code is not None and run.error_code.startswith("docker/"):
        raise UnavailableError(run.error_code, (run.reason or "").removeprefix(f"{run.error_code}: "))
    return Repetition(run, differences(receipt, run, flaky))


def _as_before(receipt: TestRun, settings: SandboxSettings) -> SandboxSettings:
    """Return settings that ask for what the receipt says was asked for."""
    asked = receipt.limits
    changes = {
        "image": receipt.image_digest,
        "memory_bytes": asked.memory_bytes if asked else None,
        "cpus": asked.cpus if asked else None,
        "pids": asked.pids if asked else None,
        "timeout_seconds": asked.timeout_seconds if asked else None,
    }
    return settings.model_copy(update={name: value for name, value in changes.items() if value is not None})


def differences(receipt: TestRun, run: TestRun, flaky: Collection[str] = ()) -> list[str]:
    """Return in sentences what is not the same in two runs, tests in ``flaky`` left aside."""
    found = []
    old, new = outcomes(receipt), outcomes(run)
    old_tests, new_tests = (
        {name: outcome for name, outcome in (known.tests if known else {}).items() if name not in flaky}
        for known in (old, new)
    )
    # A verdict that rests on flaky tests may be another one each time.
    if receipt.verdict != run.verdict and not (
        flaky and {receipt.verdict, run.verdict} <= {"passed", "failed", "flaky"}
    ):
        found.append(f"The verdict was {receipt.verdict} and is {run.verdict}.")
    for name in [*old_tests, *(name for name in new_tests if name not in old_tests)]:
        was, now = old_tests.get(name, "not there"), new_tests.get(name, "not there")
        if was != now:
            found.append(f"{name} was {was} and is {now}.")
    if len(found) > MAX_DIFFERENCES:
        return [*found[:MAX_DIFFERENCES], f"… and {len(found) - MAX_DIFFERENCES:,} more differences."]
    return found
