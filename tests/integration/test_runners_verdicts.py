"""Each runner's sample project, in the engine: every way its tests can end, and the cases that are told."""

from pathlib import Path

import pytest
from fixtrail.qa.sandbox import run_tests
from fixtrail.qa.sandbox.runners import select
from fixtrail_protocol.qa import TestRun

from tests.support.runners import SETTINGS, runners_image, sample  # noqa: F401  runners_image is a fixture
from tests.support.sandbox import job, leftovers

pytestmark = [pytest.mark.docker, pytest.mark.runners, pytest.mark.usefixtures("runners_image")]

COMMANDS = {
    "pytest": "python -m pytest -q",
    "unittest": "python -m unittest",
    "go": "go test ./...",
    "cargo": "cargo test",
    "jest": "jest",
    "vitest": "vitest run",
    "maven": "mvn -B test",
}
RUNNERS = list(COMMANDS)


async def run(where: Path, runner: str, state: str | None, command: str | None = None) -> TestRun:
    """Run a sample's tests, and see to it that nothing is left of the container."""
    task = job(where, sample(runner, state), command or COMMANDS[runner])
    receipt = await run_tests(task, SETTINGS)
    found = leftovers(task.trace_id)
    assert (found.containers, found.volumes) == ([], [])
    return receipt
