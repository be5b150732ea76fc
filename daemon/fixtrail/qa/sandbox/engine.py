"""A connection to a container engine that was seen to answer, and what is known of that engine."""

import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import docker
import requests
import urllib3
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils import version_lt

from fixtrail.errors import UnavailableError
from fixtrail.qa.sandbox.endpoint import Endpoint, endpoints

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 4.0
REQUEST_SECONDS = 60
"""An engine that is silent for this long has failed."""

_ENGINE_TROUBLE = (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError)
_SERVER = re.compile(r"^(?P<name>[^/ ]+)/(?P<version>[^ ]+)")
_NAMES = {"Libpod": "Podman"}
_START_HINT = "Start Docker or Podman, or point DOCKER_HOST at an engine that runs."


@dataclass(frozen=True)
class Facts:
    """What an engine says of itself, from ``/info``; a capability is False when it is not enforced."""

    cgroup_version: str | None
    storage_driver: str | None
    enforces_memory: bool
    enforces_cpus: bool
    enforces_pids: bool
    kernel: str | None = None
    seccomp: str | None = None
    """Name of the profile that system calls are filtered by, for example ``default``; None: they are not."""
    runtimes: tuple[str, ...] = ()
    default_runtime: str | None = None

    @property
    def unenforced(self) -> list[str]:
        """What of the sandbox this engine will not hold, in words."""
        held = {
            "the limit of memory": self.enforces_memory,
            "the limit of processors": self.enforces_cpus,
            "the limit of processes": self.enforces_pids,
            "the filter of system calls (seccomp)": self.seccomp is not None,
        }
        return [what for what, is_held in held.items() if not is_held]


_facts_seen: dict[tuple[str, str, str], Facts] = {}
"""By endpoint, name and version: an engine's capabilities change only with a restart, so asking once is enough."""


class Engine:
    """An engine that answers.

    Attributes
    ----------
    client
        The SDK's low-level client, at an API version both sides speak.
    name, version, api
        For example ``Docker``, ``27.1.0``, ``1.46``.
    """

    def __init__(self, client: docker.APIClient, endpoint: Endpoint, name: str, version: str, api: str) -> None:
        self.client = client
        self.endpoint = endpoint
        self.name = name
        self.version = version
        self.api = api

    @property
    def title(self) -> str:
        """Name and version, as the receipt has it."""
        return f"{self.name} {self.version}".strip()

    def knock(self) -> None:
        """Raise :class:`OSError` if nothing listens any more; for use where the engine may be gone."""
        _knock(self.endpoint)

    def facts(self) -> Facts:
        """Return what the engine can enforce; asked once per engine."""
        key = (self.endpoint.url, self.name, self.version)
        if key not in _facts_seen:
            _facts_seen[key] = _facts(self.client.info())
        return _facts_seen[key]

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _facts(info: dict[str, Any]) -> Facts:
    security = [str(option) for option in info.get("SecurityOptions") or ()]
    rootless = any("rootless" in option for option in security)
    # Without the second cgroup hierarchy a rootless engine accepts limits and lets them be.
    ignored = rootless and str(info.get("CgroupVersion")) == "1"
    return Facts(
        cgroup_version=info.get("CgroupVersion"),
        storage_driver=info.get("Driver"),
        enforces_memory=bool(info.get("MemoryLimit")) and not ignored,
        enforces_cpus=bool(info.get("CpuCfsQuota")) and not ignored,
        enforces_pids=bool(info.get("PidsLimit")) and not ignored,
        kernel=info.get("KernelVersion"),
        seccomp=_seccomp(security),
        runtimes=tuple(sorted(info.get("Runtimes") or ())),
        default_runtime=info.get("DefaultRuntime"),
    )


def _seccomp(security: list[str]) -> str | None:
    """Return the profile from a line such as ``name=seccomp,profile=default``; older engines say only its name."""
    for option in security:
        said = dict(part.partition("=")[::2] for part in option.split(","))
        if "seccomp" in (said.get("name"), option):
            profile = said.get("profile", "default")
            return None if profile == "unconfined" else profile
    return None


def check_runtime(engine: Engine, runtime: str | None) -> None:
    """See to it that the engine has the OCI runtime that is wanted, before anything is made in it.

    Raises
    ------
    UnavailableError
        ``docker/runtime-missing``.
    """
    found = engine.facts().runtimes
    if runtime is not None and runtime not in found:
        raise UnavailableError(
            "docker/runtime-missing",
            f"{engine.title} has no runtime {runtime}, only {', '.join(found) or 'its own'}.",
            "Add it to the engine's configuration, or change the setting sandbox.runtime.",
        )


def connect() -> Engine:
    """Connect to the first engine that answers.

    Raises
    ------
    UnavailableError
        ``docker/unavailable``: none does; the message names each place and what is wrong there. Said within
        about five seconds for each place that is silent, at once where nothing listens.
    """
    tried: list[str] = []
    for endpoint in endpoints():
        try:
            return _try(endpoint)
        except _ENGINE_TROUBLE as error:
            tried.append(f"{endpoint.url} ({endpoint.source}): {_why(error)}")
    raise UnavailableError(
        "docker/unavailable", f"No container engine answers at {'; nor at '.join(tried)}.", _START_HINT
    )


def _knock(endpoint: Endpoint) -> None:
    """Connect to a local socket and leave: says in one errno what the SDK wraps four deep, leaking a socket each time.

    Raises
    ------
    OSError
        Nothing listens there, or not for us.
    """
    if endpoint.url.startswith("unix://") and hasattr(socket, "AF_UNIX"):
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.settimeout(CONNECT_SECONDS)
            probe.connect(endpoint.url.removeprefix("unix://"))


def _try(endpoint: Endpoint) -> Engine:
    _knock(endpoint)
    client = _client(endpoint, DEFAULT_DOCKER_API_VERSION)
    try:
        # A ping costs a millisecond and needs no API version; /version and /info start other programs.
        answer = client.get(f"{client.base_url}/_ping", timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
        answer.raise_for_status()
    except BaseException:
        client.close()
        raise
    headers = answer.headers
    server = _SERVER.match(headers.get("Server", ""))
    api = headers.get("Api-Version", DEFAULT_DOCKER_API_VERSION)
    if not re.fullmatch(r"\d+\.\d+", api):
        api = DEFAULT_DOCKER_API_VERSION
    if version_lt(api, DEFAULT_DOCKER_API_VERSION):
        client.close()
        client = _client(endpoint, api)
    name = server["name"] if server else "engine"
    return Engine(client, endpoint, _NAMES.get(name, name), server["version"] if server else "", api)


def _client(endpoint: Endpoint, api: str) -> docker.APIClient:
    return docker.APIClient(
        base_url=endpoint.url, version=api, timeout=REQUEST_SECONDS, tls=endpoint.tls or False, use_ssh_client=False
    )


def _why(error: Exception) -> str:
    """Say in a few words why an endpoint does not serve."""
    if isinstance(error, requests.Timeout):
        return "it takes connections, but does not answer"
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"it answers with HTTP status {error.response.status_code}"
    return explain(error)


def explain(error: Exception) -> str:
    """Return the engine's own words where there are any, else the innermost cause, on one line."""
    if isinstance(error, APIError) and error.explanation:
        text = str(error.explanation)
    else:
        innermost: BaseException = error
        while (deeper := innermost.__cause__ or innermost.__context__) is not None:
            innermost = deeper
        text = (isinstance(innermost, OSError) and innermost.strerror) or str(innermost) or type(innermost).__name__
    return " ".join(text.split()).rstrip(".")


@contextlib.contextmanager
def engine_trouble(doing: str, image: str = "") -> Iterator[None]:
    """Turn whatever the SDK and its transport raise into one error of ours.

    Parameters
    ----------
    doing
        Completes "The engine failed while …".
    image
        The image in question, for the message when it is missing.

    Raises
    ------
    UnavailableError
        ``docker/image-missing`` or ``docker/engine-error``.
    """
    try:
        yield
    except ImageNotFound:
        raise UnavailableError(
            "docker/image-missing",
            f"The engine does not hold the image {image}.",
            "Pull or build it, or name another in the setting sandbox.image; "
            "scripts/base-image in fixtrail's repository makes the default one.",
        ) from None
    except _ENGINE_TROUBLE as error:
        raise UnavailableError(
            "docker/engine-error",
            f"The engine failed while {doing}: {explain(error)}.",
            "See the engine's log; 'fixtrail doctor' tells what it can do.",
        ) from None
