"""The two ways to come by an image: a recipe in a closed container, or a Dockerfile in the engine's own build."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fixtrail.errors import UnavailableError
from fixtrail.qa.sandbox.engine import Engine, engine_trouble
from fixtrail.qa.sandbox.environment import engine_build
from fixtrail.qa.sandbox.environment.access import read_access
from fixtrail.qa.sandbox.environment.confinement import PROGRAM_MISSING
from fixtrail.qa.sandbox.environment.container import Outcome, build_container
from fixtrail.qa.sandbox.environment.dockerfile import Blueprint
from fixtrail.qa.sandbox.environment.engine_build import BuildFailedError
from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.image import assemble, find_image
from fixtrail.qa.sandbox.environment.key import REPOSITORY, blueprint_key, image_key, image_labels, image_tag
from fixtrail.qa.sandbox.environment.recipe import Recipe
from fixtrail.qa.sandbox.verdict import UNPACK_FAILED
from fixtrail.settings import SandboxSettings

__all__ = ["BlueprintPlan", "BuildFailedError", "Plan", "RecipePlan", "Site"]


@dataclass(frozen=True)
class Site:
    """Where and of what an image is made."""

    engine: Engine
    tree_tar: Path
    files: TreeFiles
    trace_id: str
    settings: SandboxSettings
    cancelled: threading.Event
    background: bool


class Plan(Protocol):
    """What :mod:`~fixtrail.qa.sandbox.environment.prepare` needs to know of a way to make an image.

    Attributes
    ----------
    name, sources, wants
        As a :class:`Recipe` has them.
    base_image, base_digest
        What it builds on; None: not known, or not there yet.
    """

    name: str
    sources: tuple[str, ...]
    wants: tuple[str, ...]
    base_image: str | None

    @property
    def base_digest(self) -> str | None: ...  # noqa: D102

    @property
    def key(self) -> str: ...  # noqa: D102

    def build(self, folder: Path, say: Callable[[str], None]) -> str:
        """Make the image under the name of its key and return its id; ``folder`` is for what lies about meanwhile.

        Raises
        ------
        BuildFailedError
            It could not be made, for a reason that lies in the project or the limits.
        """
        ...


class RecipePlan:
    """Runs a recipe's script and keeps what it installed as one layer over the base image.

    Raises
    ------
    UnavailableError
        ``docker/image-missing``: the engine does not hold the base image.
    """

    def __init__(self, site: Site, recipe: Recipe) -> None:
        base = find_image(site.engine, site.settings.image)
        if base is None:
            raise UnavailableError(
                "docker/image-missing",
                f"The engine does not hold the base image {site.settings.image}.",
                "Pull or build it, or name another in the setting sandbox.image.",
            )
        self._site = site
        self._recipe = recipe
        self._base = base
        self.name = recipe.name
        self.sources = recipe.sources
        self.wants = recipe.wants
        self.base_image: str | None = site.settings.image
        self.base_digest: str | None = base["Id"]
        self.key = image_key(recipe, site.files, base["Id"])

    def build(self, folder: Path, say: Callable[[str], None]) -> str:
        """Install, take out what was installed, and make the image; see :class:`Plan`."""
        site, recipe, limit = self._site, self._recipe, self._site.settings.environment_bytes
        layer = folder / "layer.tar"
        say("Installing dependencies")
        with (
            ThreadPoolExecutor(max_workers=1) as beside,
            build_container(
                site.engine,
                self._base["Id"],
                recipe,
                site.trace_id,
                site.settings,
                site.cancelled,
                background=site.background,
            ) as container,
        ):
            asked = beside.submit(read_access, npm="node" in recipe.needs)
            container.send_tree(site.tree_tar)
            access = asked.result()
            container.send_inputs(recipe, access)
            outcome = container.run(site.settings.environment_timeout_seconds)
            if reason := self._trouble(outcome):
                raise BuildFailedError(reason, access.mask(outcome.log))
            say("Keeping the environment")
            if container.take_result(layer, limit) > limit:
                raise BuildFailedError(
                    f"What was installed is larger than {limit // 1024**2} MB. "
                    "The setting sandbox.environment_bytes says how much it may be.",
                    "",
                )
            labels = image_labels(recipe.name, recipe.sources, self.key, site.settings.image, self._base["Id"])
            return assemble(
                site.engine,
                self._base,
                recipe,
                layer,
                tag=image_tag(self.key),
                labels=labels,
                cancelled=site.cancelled,
            )

    def _trouble(self, outcome: Outcome) -> str | None:
        """Say in one sentence why a script did not come to its end."""
        recipe, settings = self._recipe, self._site.settings
        if outcome.timed_out:
            return (
                f"Installing dependencies with {recipe.name} had not ended after "
                f"{settings.environment_timeout_seconds:g} seconds (sandbox.environment_timeout_seconds)."
            )
        if outcome.disk_full:
            return "Installing dependencies was ended because the engine's disk was nearly full."
        if outcome.oom_killed:
            return f"Installing dependencies needed more than {settings.memory_bytes // 1024**2} MB of memory."
        if outcome.exit_code == 0:
            return None
        if outcome.exit_code == UNPACK_FAILED:
            return "The tree could not be unpacked for installing dependencies."
        if outcome.exit_code == PROGRAM_MISSING:
            missing = outcome.log.strip().rpartition("\n")[2].partition(":")[0]
            return (
                f"The image {settings.image} has no {missing}, which {recipe.name} needs: "
                "name one that has it in the setting sandbox.image."
            )
        return f"Installing dependencies with {recipe.name} failed with exit code {outcome.exit_code}."


class BlueprintPlan:
    """Has the engine build a Dockerfile."""

    name = "dockerfile"

    def __init__(self, site: Site, blueprint: Blueprint) -> None:
        self._site = site
        self._blueprint = blueprint
        self.sources = blueprint.sources
        self.wants: tuple[str, ...] = (blueprint.dockerfile,)
        self.base_image = blueprint.bases[-1] if blueprint.bases else None

    def _digests(self) -> list[str]:
        found = [find_image(self._site.engine, base) for base in self._blueprint.bases]
        return [each["Id"] if each is not None else "" for each in found]

    @property
    def base_digest(self) -> str | None:
        """The last base image's digest; None before it was pulled."""
        return (self._digests() or [""])[-1] or None

    @property
    def key(self) -> str:
        """It changes when a base image is pulled for the build."""
        return blueprint_key(self._blueprint, self._site.files, self._digests())

    def build(self, folder: Path, say: Callable[[str], None]) -> str:
        """Build, and give the image its name when it is whole; see :class:`Plan`."""
        site, context = self._site, folder / "context.tar"
        say("Building the Dockerfile")
        dockerfile = engine_build.context_of(site.tree_tar, self._blueprint, context)
        labels = image_labels(self.name, self.sources, self.key, self.base_image or "", self.base_digest or "")
        image = engine_build.build(
            site.engine, context, dockerfile, self._blueprint, labels, site.settings, site.cancelled
        )
        with engine_trouble("naming the image"):
            site.engine.client.tag(image, REPOSITORY, self.key)
        return image
