"""The images of environments that an engine holds: listed, and removed when nobody uses them any more."""

import contextlib
import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from docker.errors import APIError, ImageNotFound

from fixtrail.qa.sandbox.engine import Engine, engine_trouble
from fixtrail.qa.sandbox.environment.image import find_image
from fixtrail.qa.sandbox.environment.key import (
    LABEL_BASE,
    LABEL_BASE_DIGEST,
    LABEL_KEY,
    LABEL_RECIPE,
    LABEL_SOURCES,
    REPOSITORY,
    image_tag,
)
from fixtrail.qa.sandbox.environment.uses import Uses, forget, read_uses

UNUSED_DAYS = 30.0
"""An image that was not used for so long is removed when nothing else is said."""
_DAY = 86_400.0


@dataclass(frozen=True)
class EnvironmentImage:
    """An image this program made.

    Attributes
    ----------
    size
        In bytes, the base image's layers included.
    created
        RFC 3339, by the engine.
    stale
        The base image is another by now, or gone: no tree will ask for this one again.
    uses
        Notes of this machine.
    """

    key: str
    recipe: str
    sources: tuple[str, ...]
    base: str
    image_id: str
    size: int
    created: str
    stale: bool
    uses: Uses

    @property
    def last_used(self) -> float:
        """Seconds since 1970: when it was last used, or made where no use was noted on this machine."""
        if self.uses.last is not None:
            return self.uses.last
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(self.created).timestamp()
        return 0.0


@dataclass
class Pruned:
    """Keys of images that are gone, and of those that a container uses and that therefore stay."""

    removed: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


def list_images(engine: Engine) -> list[EnvironmentImage]:
    """Return the images of environments, the last used first."""
    with engine_trouble("listing images"):
        found = engine.client.images(filters={"label": LABEL_KEY})
        inspected = [each for name in found if (each := find_image(engine, name["Id"])) is not None]
    bases: dict[str, str | None] = {}
    images = [_described(engine, each, bases) for each in inspected]
    return sorted(images, key=lambda image: image.last_used, reverse=True)


def _described(engine: Engine, inspected: dict[str, Any], bases: dict[str, str | None]) -> EnvironmentImage:
    labels = inspected["Config"].get("Labels") or {}
    base = labels.get(LABEL_BASE, "")
    named = [tag.rpartition(":")[2] for tag in inspected.get("RepoTags") or () if tag.startswith(f"{REPOSITORY}:")]
    key = (named or [labels.get(LABEL_KEY, "")])[0]
    if base not in bases:
        bases[base] = (find_image(engine, base) or {}).get("Id") if base else None
    try:
        sources = tuple(str(each) for each in json.loads(labels.get(LABEL_SOURCES, "[]")))
    except ValueError:
        sources = ()
    return EnvironmentImage(
        key=key,
        recipe=labels.get(LABEL_RECIPE, ""),
        sources=sources,
        base=base,
        image_id=inspected["Id"],
        size=int(inspected.get("Size") or 0),
        created=str(inspected.get("Created") or ""),
        stale=LABEL_BASE_DIGEST in labels and labels[LABEL_BASE_DIGEST] != bases[base],
        uses=read_uses(key),
    )


def unused(
    images: list[EnvironmentImage], older_than_days: float | None, *, everything: bool, now: float
) -> list[EnvironmentImage]:
    """Return the images that are to go.

    Parameters
    ----------
    older_than_days
        Those not used for so long. None: those not used for :data:`UNUSED_DAYS`, and the stale ones.
    everything
        All of them, however young.
    now
        Seconds since 1970.
    """
    limit = now - (UNUSED_DAYS if older_than_days is None else older_than_days) * _DAY
    stale_too = older_than_days is None
    return [image for image in images if everything or image.last_used < limit or (stale_too and image.stale)]


def prune_images(engine: Engine, older_than_days: float | None, *, everything: bool) -> Pruned:
    """Remove the images that :func:`unused` names; return what came of it."""
    done = Pruned()
    for image in unused(list_images(engine), older_than_days, everything=everything, now=time.time()):
        if _remove(engine, image_tag(image.key)):
            done.removed.append(image.key)
            forget(image.key)
        else:
            done.held.append(image.key)
    return done


def _remove(engine: Engine, name: str) -> bool:
    """Remove an image; False: a container uses it."""
    with engine_trouble("removing an image"):
        try:
            engine.client.remove_image(name)
        except ImageNotFound:
            return True
        except APIError as error:
            if error.status_code != 409:
                raise
            return False
    return True
