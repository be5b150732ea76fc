"""Where a container engine may listen, in the order in which the docker command and Podman's users expect it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import docker.utils
from docker.context import ContextAPI
from docker.errors import DockerException
from docker.tls import TLSConfig

from fixtrail.errors import UnavailableError

SYSTEM_SOCKET = "/var/run/docker.sock"
WINDOWS_PIPE = "npipe:////./pipe/docker_engine"


@dataclass(frozen=True)
class Endpoint:
    """One place to try.

    Attributes
    ----------
    url
        For example ``unix:///var/run/docker.sock``.
    source
        What named it, for messages.
    """

    url: str
    source: str
    tls: TLSConfig | None = None


def endpoints(environ: Mapping[str, str] = os.environ) -> list[Endpoint]:
    """List where to look, best first.

    ``DOCKER_HOST``, else the current docker context unless that is the default one, else the sockets of Docker,
    rootless Docker and Podman. A named place is the only one: who names an engine does not want another.

    Raises
    ------
    UnavailableError
        ``docker/unavailable``: the context or the TLS files named cannot be read.
    """
    if environ.get("DOCKER_HOST"):
        try:
            named = docker.utils.kwargs_from_env(dict(environ))
        except DockerException as error:
            raise UnavailableError(
                "docker/unavailable",
                f"The TLS files for DOCKER_HOST cannot be used: {error}.",
                "Check DOCKER_CERT_PATH and DOCKER_TLS_VERIFY.",
            ) from None
        return [Endpoint(named["base_url"], "DOCKER_HOST", named.get("tls"))]
    if (context := _current_context(environ)) is not None:
        return [context]
    if sys.platform == "win32":
        return [Endpoint(WINDOWS_PIPE, "Docker's default")]
    found = [Endpoint(f"unix://{SYSTEM_SOCKET}", "Docker's default")]
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        found += [
            Endpoint(f"unix://{Path(runtime) / 'docker.sock'}", "rootless Docker"),
            Endpoint(f"unix://{Path(runtime) / 'podman' / 'podman.sock'}", "Podman"),
        ]
    return found


def _current_context(environ: Mapping[str, str]) -> Endpoint | None:
    try:
        context = ContextAPI.get_context(environ.get("DOCKER_CONTEXT") or None)
    except Exception as error:  # noqa: BLE001  the SDK raises a plain Exception for a damaged file
        raise UnavailableError(
            "docker/unavailable",
            f"The current docker context cannot be read: {error}.",
            "See 'docker context ls', or set DOCKER_HOST.",
        ) from None
    if context is None or not context.Host:
        raise UnavailableError(
            "docker/unavailable",
            "The current docker context does not exist or names no engine.",
            "Choose another with 'docker context use', or set DOCKER_HOST.",
        )
    if context.Name == "default":
        return None
    return Endpoint(context.Host, f"the docker context {context.Name}", context.TLSConfig)
