"""An environment's image in the engine: looked up, or made of the base and one layer."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from docker.errors import ImageNotFound

from fixtrail.errors import UnavailableError
from fixtrail.qa.sandbox.container import Cancelled
from fixtrail.qa.sandbox.engine import Engine, engine_trouble
from fixtrail.qa.sandbox.environment.archive import large_file
from fixtrail.qa.sandbox.environment.recipe import BASE_PATH, RESULT_VOLUME, Recipe

_STEP_SECONDS = 600
"""How long the engine may be silent while it writes the layer."""


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
            "LABEL " + " ".join(f"{_quoted(name)}={_quoted(value)}" for name, value in labels.items()) + "\n",
            *(f"ENV {name}={_quoted(value)}\n" for name, value in variables.items()),
            f"ADD layer.tar {RESULT_VOLUME}/\n",
        ]
    )
    with engine_trouble("making the image"), layer.open("rb") as file:
        context = _checked(
            large_file("layer.tar", file, layer.stat().st_size, beside={"Dockerfile": dockerfile.encode()}), cancelled
        )
        answers = engine.client.build(
            fileobj=cast("IO[bytes]", context),  # requests sends a generator as it comes
            custom_context=True,
            tag=tag,
            nocache=True,  # a step shared with another image would go when that one is removed, while it is used here
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
        if cancelled.is_set():
            engine.client.remove_image(tag)
            raise Cancelled
    return str(found["Id"])


def _quoted(value: str) -> str:
    """Write a value in a Dockerfile so that nothing in it is expanded."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", " ")
    return f'"{escaped}"'


def _checked(pieces: Iterator[bytes], cancelled: threading.Event) -> Iterator[bytes]:
    for piece in pieces:
        if cancelled.is_set():
            raise Cancelled
        yield piece
