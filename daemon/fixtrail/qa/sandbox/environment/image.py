"""Images of environments in the engine: made of one layer over the base, looked up, listed, removed."""

import contextlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from docker.errors import APIError, ImageNotFound

from fixtrail.errors import UnavailableError
from fixtrail.qa.sandbox.engine import Engine, engine_trouble
from fixtrail.qa.sandbox.environment.key import LABEL_BASE, LABEL_KEY, LABEL_RECIPE, LABEL_SOURCES
from fixtrail.qa.sandbox.environment.recipe import BASE_PATH, RESULT_VOLUME, Recipe
from fixtrail.qa.sandbox.environment.uses import Uses, read_uses
from fixtrail.qa.sandbox.execution import Cancelled

_STEP_SECONDS = 600
"""How long the engine may be silent while it writes the layer."""
_CHUNK_BYTES = 1024**2


@dataclass(frozen=True)
class EnvironmentImage:
    """An image this program made.

    Attributes
    ----------
    size
        In bytes, the base image's layers included.
    created
        RFC 3339, by the engine.
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
    uses: Uses


def find_image(engine: Engine, name: str) -> dict[str, Any] | None:
    """Return what the engine says of an image, or None when it holds none of that name."""
    with engine_trouble("looking for an image"):
        try:
            found: dict[str, Any] = engine.client.inspect_image(name)  # type: ignore[no-untyped-call]
        except ImageNotFound:
            return None
    return found


def assemble(
    engine: Engine,
    base: dict[str, Any],
    recipe: Recipe,
    layer: Path,
    *,
    tag: str,
    labels: dict[str, str],
    cancelled: threading.Event,
) -> str:
    """Make an image of the base and one layer, and return its id.

    No program runs for it, and nothing but the layer, the recipe's variables and the labels goes in: neither what the
    build was told nor what it did elsewhere. The name is given last, so there is never half an image under it.

    Parameters
    ----------
    base
        What the engine says of the base image.
    layer
        A tar, unpacked over :data:`~fixtrail.qa.sandbox.environment.recipe.RESULT_VOLUME`.
    """
    before = dict(each.partition("=")[::2] for each in base["Config"].get("Env") or ())
    variables = {**recipe.environment, "PATH": ":".join([*recipe.path, before.get("PATH") or BASE_PATH])}
    dockerfile = "".join(
        [
            f"FROM {base['Id']}\n",
            *(f"ENV {name}={_quoted(value)}\n" for name, value in variables.items()),
            "LABEL " + " ".join(f"{_quoted(name)}={_quoted(value)}" for name, value in labels.items()) + "\n",
            f"ADD layer.tar {RESULT_VOLUME}/\n",
        ]
    )
    with engine_trouble("making the image"), layer.open("rb") as file:
        context = _context(dockerfile.encode(), file, layer.stat().st_size, cancelled)
        answers = engine.client.build(
            fileobj=cast("IO[bytes]", context),  # requests sends a generator as it comes
            custom_context=True,
            tag=tag,
            rm=True,
            forcerm=True,
            network_mode="none",
            timeout=_STEP_SECONDS,
            decode=True,
        )
        for answer in answers:
            if error := answer.get("error"):
                raise UnavailableError("docker/engine-error", f"The engine failed while making the image: {error}.")
        found = engine.client.inspect_image(tag)  # type: ignore[no-untyped-call]
    return str(found["Id"])


def _quoted(value: str) -> str:
    """Write a value in a Dockerfile so that nothing in it is expanded."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", " ")
    return f'"{escaped}"'


def _context(dockerfile: bytes, layer: Any, size: int, cancelled: threading.Event) -> Iterator[bytes]:
    """Yield a tar of the Dockerfile and the layer, without holding the layer in memory."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(dockerfile)
        tar.addfile(info, io.BytesIO(dockerfile))
        head = packed.tell()
    info = tarfile.TarInfo("layer.tar")
    info.size = size
    yield packed.getvalue()[:head] + info.tobuf(tarfile.GNU_FORMAT)
    while piece := layer.read(_CHUNK_BYTES):
        if cancelled.is_set():
            raise Cancelled
        yield piece
    yield b"\0" * (-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)


def list_images(engine: Engine) -> list[EnvironmentImage]:
    """Return the images of environments, the last used first."""
    with engine_trouble("listing images"):
        found = engine.client.images(filters={"label": LABEL_KEY})
        inspected = [engine.client.inspect_image(each["Id"]) for each in found]  # type: ignore[no-untyped-call]
    images = [_described(each) for each in inspected]
    return sorted(images, key=lambda image: (image.uses.last or 0.0, image.created), reverse=True)


def _described(inspected: dict[str, Any]) -> EnvironmentImage:
    labels = inspected["Config"].get("Labels") or {}
    key = labels.get(LABEL_KEY, "")
    try:
        sources = tuple(str(each) for each in json.loads(labels.get(LABEL_SOURCES, "[]")))
    except ValueError:
        sources = ()
    return EnvironmentImage(
        key=key,
        recipe=labels.get(LABEL_RECIPE, ""),
        sources=sources,
        base=labels.get(LABEL_BASE, ""),
        image_id=inspected["Id"],
        size=int(inspected.get("Size") or 0),
        created=str(inspected.get("Created") or ""),
        uses=read_uses(key),
    )


def remove_image(engine: Engine, name: str) -> bool:
    """Remove an image; False: a container uses it, or it is gone already."""
    with engine_trouble("removing an image"), contextlib.suppress(ImageNotFound):
        try:
            engine.client.remove_image(name)
        except APIError as error:
            if error.status_code != 409:
                raise
        else:
            return True
    return False
