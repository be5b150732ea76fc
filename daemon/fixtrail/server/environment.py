"""Installs a recorded project's dependencies while its developer works, so that finalize need not wait for them."""

import asyncio
import contextlib
import logging
import tempfile
from pathlib import Path

from fixtrail_protocol.commands import CommandError, parse_test_command

from fixtrail.settings import SandboxSettings
from fixtrail.store.tree import TreeStore

logger = logging.getLogger(__name__)

END_SECONDS = 2.0
"""How long the end of a recording waits for a build to take its container away; what is left then is reaped later."""


class EnvironmentAhead:
    """At most one build in the background. Nothing that goes wrong in it reaches anybody: finalize will say it."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def begin(
        self, store: TreeStore, tree: str, trace_id: str, test_command: str | None, settings: SandboxSettings
    ) -> None:
        """Begin with the environment of ``tree``, if the user lets dependencies be downloaded at all."""
        if not settings.prepare or settings.network_builds != "allow" or self._task is not None:
            return
        self._task = asyncio.create_task(self._prepare(store, tree, trace_id, test_command, settings))

    async def end(self) -> None:
        """Call a build off that still runs."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=END_SECONDS)

    async def _prepare(
        self, store: TreeStore, tree: str, trace_id: str, test_command: str | None, settings: SandboxSettings
    ) -> None:
        from fixtrail.qa.sandbox.environment import prepare_environment

        argv: list[str] = []
        with contextlib.suppress(CommandError):
            argv = parse_test_command(test_command) if test_command is not None else []

        def write(target: Path) -> None:
            with target.open("wb") as file:
                store.write_tar(tree, file, whole=True)

        try:
            with tempfile.TemporaryDirectory(prefix="fixtrail-") as folder:
                tar = Path(folder) / "tree.tar"
                await asyncio.to_thread(write, tar)
                made = await prepare_environment(tar, trace_id, settings, argv=argv, background=True)
        except Exception as error:  # noqa: BLE001  a convenience must not disturb the recording
            logger.warning("environment ahead trace=%s failed=%s", trace_id, type(error).__name__)
            return
        logger.info("environment ahead trace=%s status=%s ms=%s", trace_id, made.status, made.duration_ms)
