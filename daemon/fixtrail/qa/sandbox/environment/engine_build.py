"""Builds a Dockerfile with the engine's own build API, and takes back what a build that did not end has left."""

import contextlib
import json
import logging
import os
import re
import socket
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
import urllib3
from docker.errors import APIError, DockerException

from fixtrail.capture.output import HeadAndTail
from fixtrail.errors import UnavailableError
from fixtrail.qa.sandbox.container import Cancelled
from fixtrail.qa.sandbox.engine import CONNECT_SECONDS, Engine, engine_trouble
from fixtrail.qa.sandbox.environment.container import LOG_BYTES
from fixtrail.qa.sandbox.environment.dockerfile import Blueprint
from fixtrail.qa.sandbox.environment.image import find_image
from fixtrail.settings import SandboxSettings

_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
"""Arguments every Dockerfile knows, and which the engine keeps out of an image and its history."""
_STEP_ID = re.compile(r"^ ---> ([0-9a-f]{12,64})\s*$")
_SHORT = 12
"""Characters of an id that a build tells."""
_POLL_SECONDS = 0.1
_REMOVE_ATTEMPTS = 8
_LAST_WORDS_SECONDS = 5.0
_log = logging.getLogger(__name__)


class BuildFailedError(Exception):
    """The build came to its end, and that was bad; the message is one sentence.

    Attributes
    ----------
    log
        What the build printed, head and tail.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


def context_of(tree: Path, blueprint: Blueprint, target: Path) -> str:
    """Write the build's context to ``target`` as a tar; return the Dockerfile's path in it."""
    prefix = f"{blueprint.context}/" if blueprint.context else ""
    outside = not blueprint.dockerfile.startswith(prefix)
    inside = ".fixtrail.dockerfile" if outside else blueprint.dockerfile.removeprefix(prefix)
    with tarfile.open(tree, "r:") as source, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as packed:
        for member in source:
            file = source.extractfile(member) if member.isreg() else None
            if outside and member.name == blueprint.dockerfile:
                member.name = prefix + inside
            if member.name.startswith(prefix):
                member.name = member.name.removeprefix(prefix)
                packed.addfile(member, file)
    return inside


def build(
    engine: Engine,
    context: Path,
    dockerfile: str,
    blueprint: Blueprint,
    labels: Mapping[str, str],
    settings: SandboxSettings,
    cancelled: threading.Event,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Build and return the image's id; it has no name yet.

    The engine runs the file's commands as its authors wrote them: with a network, and as root inside the container.
    Memory and processors are limited as for tests.

    Raises
    ------
    BuildFailedError
        A step failed, or the deadline came. Nothing of it is left.
    Cancelled
        ``cancelled`` was set. Nothing of it is left.
    UnavailableError
        ``docker/engine-error``.
    """
    with engine_trouble("listing images"):
        before = {each.removeprefix("sha256:")[:_SHORT] for each in engine.client.images(quiet=True, all=True)}
    output = HeadAndTail(LOG_BYTES)
    made: list[str] = []
    try:
        with engine_trouble("building the Dockerfile"), context.open("rb") as file:
            answer = engine.client.post(
                f"{engine.client.base_url}/v{engine.client.api_version}/build",
                params=_parameters(dockerfile, blueprint, labels, settings, environ),
                data=file,
                headers={"Content-Type": "application/x-tar"},
                stream=True,
                timeout=(CONNECT_SECONDS, None),
            )
        with contextlib.closing(answer):
            if not answer.ok:
                raise BuildFailedError(f"The engine refuses the Dockerfile: {_refusal(answer)}.", "")
            image = _follow(answer, output, made, settings.environment_timeout_seconds, cancelled)
    except BaseException:
        _take_back(engine, [each for each in reversed(made) if each[:_SHORT] not in before])
        raise
    return image


def _parameters(
    dockerfile: str,
    blueprint: Blueprint,
    labels: Mapping[str, str],
    settings: SandboxSettings,
    environ: Mapping[str, str],
) -> dict[str, str]:
    arguments = {name: value for name, value in environ.items() if name.lower() in _PROXIES} | blueprint.arguments
    parameters = {
        "dockerfile": dockerfile,
        "rm": "1",
        "forcerm": "1",
        "memory": str(settings.memory_bytes),
        "memswap": str(settings.memory_bytes),
        "cpuperiod": "100000",
        "cpuquota": str(int(settings.cpus * 100_000)),
        "labels": json.dumps(dict(labels)),
        "buildargs": json.dumps(arguments),
    }
    return parameters | ({"target": blueprint.target} if blueprint.target else {})


def _refusal(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {answer.status_code}"


def _follow(
    answer: requests.Response,
    output: HeadAndTail,
    made: list[str],
    timeout_seconds: float,
    cancelled: threading.Event,
) -> str:
    """Read the build's messages to their end; a second thread cuts the line when it has to end before."""
    over, late = threading.Event(), threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + timeout_seconds
        while not over.wait(_POLL_SECONDS):
            if time.monotonic() > deadline:
                late.set()
            if late.is_set() or cancelled.is_set():
                _hang_up(answer, over)
                return

    watcher = threading.Thread(target=watch, name="fixtrail-build-watch", daemon=True)
    watcher.start()
    image = error = None
    try:
        for message in _messages(answer):
            if isinstance(text := message.get("stream"), str):
                output.feed(text.encode())
                if step := _STEP_ID.match(text):
                    made.append(step[1])
            error = message.get("error") or error
            image = (message.get("aux") or {}).get("ID") or image
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as trouble:
        if not (late.is_set() or cancelled.is_set()):
            raise UnavailableError(
                "docker/engine-error", "The engine closed the line while it built the Dockerfile.", "See its log."
            ) from trouble
    finally:
        over.set()
        watcher.join()
    if cancelled.is_set():
        raise Cancelled
    if late.is_set():
        raise BuildFailedError(
            f"Building the Dockerfile had not ended after {timeout_seconds:g} seconds "
            "(sandbox.environment_timeout_seconds).",
            output.text(),
        )
    if error is not None or image is None:
        raise BuildFailedError(
            f"Building the Dockerfile failed: {str(error or 'the engine names no image').rstrip('.')}.", output.text()
        )
    return str(image)


def _hang_up(answer: requests.Response, over: threading.Event) -> None:
    """End a build: the engine stops one whose client has gone, and removes the container of the step it was in.

    Only our side of the line is closed at first: what the engine still has to say names steps that are to be removed.
    """
    line = getattr(answer.raw.connection, "sock", None)
    if line is not None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_WR)
            over.wait(_LAST_WORDS_SECONDS)
    if not over.is_set():
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            answer.raw.shutdown()


def _messages(answer: requests.Response) -> Iterator[dict[str, Any]]:
    """Yield the objects of a stream that has one in each line."""
    for line in answer.iter_lines():
        with contextlib.suppress(ValueError):
            message = json.loads(line)
            if isinstance(message, dict):
                yield message


def _take_back(engine: Engine, images: list[str]) -> None:
    """Remove the images of a build's steps, the last first; one with a name was pulled, and stays."""
    for image in images:
        with contextlib.suppress(DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            found = find_image(engine, image)
            if found is not None and not found.get("RepoTags"):
                _remove(engine, image)


def _remove(engine: Engine, image: str) -> None:
    for attempt in range(_REMOVE_ATTEMPTS):
        try:
            engine.client.remove_image(image)
        except APIError as error:
            if error.status_code != 409:  # the container of the step it was in is about to go
                raise
            time.sleep(0.1 * 1.5**attempt)
        else:
            return
    _log.warning("a step of a build could not be removed")
