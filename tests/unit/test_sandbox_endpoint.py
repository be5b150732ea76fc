"""Where an engine is looked for, and in which order."""

import hashlib
import json
from pathlib import Path

import pytest
from fixtrail.errors import UnavailableError
from fixtrail.qa.sandbox.endpoint import endpoints


@pytest.fixture(autouse=True)
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker configuration of its own: the SDK reads the place from the process environment."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def define_context(config: Path, name: str, host: str) -> None:
    folder = config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (folder / "meta.json").write_text(json.dumps(meta))


def test_docker_host_is_the_only_place_when_it_is_set(docker_config: Path) -> None:
    define_context(docker_config, "remote", "tcp://127.0.0.1:1")
    found = endpoints({"DOCKER_HOST": "unix:///x.sock", "DOCKER_CONTEXT": "remote", "XDG_RUNTIME_DIR": "/run/user/1"})

    assert [(each.url, each.source) for each in found] == [("unix:///x.sock", "DOCKER_HOST")]


def test_the_current_context_comes_next(docker_config: Path) -> None:
    define_context(docker_config, "colima", "unix:///home/me/.colima/docker.sock")
    (docker_config / "config.json").write_text('{"currentContext": "colima"}')

    assert [each.url for each in endpoints({"XDG_RUNTIME_DIR": "/run/user/1"})] == [
        "unix:///home/me/.colima/docker.sock"
    ]


def test_docker_context_names_another(docker_config: Path) -> None:
    define_context(docker_config, "colima", "unix:///colima.sock")
    define_context(docker_config, "remote", "tcp://127.0.0.1:1")
    (docker_config / "config.json").write_text('{"currentContext": "colima"}')

    assert [each.url for each in endpoints({"DOCKER_CONTEXT": "remote"})] == ["tcp://127.0.0.1:1"]


@pytest.mark.skipif("sys.platform == 'win32'")
def test_else_the_sockets_of_docker_rootless_docker_and_podman() -> None:
    assert [each.url for each in endpoints({"XDG_RUNTIME_DIR": "/run/user/1000"})] == [
        "unix:///var/run/docker.sock",
        "unix:///run/user/1000/docker.sock",
        "unix:///run/user/1000/podman/podman.sock",
    ]
    assert len(endpoints({})) == 1


def test_a_context_that_does_not_exist_is_an_error_not_a_detour() -> None:
    with pytest.raises(UnavailableError, match="does not exist") as raised:
        endpoints({"DOCKER_CONTEXT": "nosuch"})
    assert raised.value.code == "docker/unavailable"


def test_a_damaged_context_is_named(docker_config: Path) -> None:
    define_context(docker_config, "broken", "unix:///x.sock")
    (docker_config / "config.json").write_text("{}")
    next((docker_config / "contexts").rglob("meta.json")).write_text("{")

    with pytest.raises(UnavailableError, match="cannot be read"):
        endpoints({"DOCKER_CONTEXT": "broken"})


def test_tls_files_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="TLS"):
        endpoints({"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)})
