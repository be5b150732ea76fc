"""What of this machine's settings a build is told, and what of that is hidden afterwards."""

import os
import sys
from pathlib import Path

import pytest
from fixtrail.qa.sandbox.environment import uses
from fixtrail.qa.sandbox.environment.access import read_access
from fixtrail.qa.sandbox.environment.catalogue import EnvironmentImage, unused
from fixtrail.qa.sandbox.environment.uses import Uses


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose pip has settings of this test only."""
    settings = tmp_path / "pip.conf"
    settings.write_text(
        "[global]\nextra-index-url =\n    https://me:word@one.invalid/simple\n    file:///somewhere/simple\n"
        "find-links = /wheels\nconstraint = /limits.txt\nonly-binary = :all:\ntimeout = 7\n"
    )
    return {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": str(settings), "HOME": str(tmp_path)}


def test_places_that_a_container_reaches_are_handed_on_and_nothing_else(environ):
    told = read_access(environ=environ).files["pip.conf"].decode()
    assert "https://me:word@one.invalid/simple" in told
    assert "timeout = 7" in told
    for local in ("file:", "/wheels", "/limits.txt", "only-binary", "constraint"):
        assert local not in told


def test_the_environment_goes_before_pips_files(environ):
    environ["PIP_TIMEOUT"] = "9"
    assert "timeout = 9" in read_access(environ=environ).files["pip.conf"].decode()


def test_without_pip_its_variables_count(environ, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    monkeypatch.setenv("PATH", str(tmp_path))
    environ["PIP_INDEX_URL"] = "https://two.invalid/simple"
    assert "index-url = https://two.invalid/simple" in read_access(environ=environ).files["pip.conf"].decode()


def test_proxies_certificates_and_tools_are_exported_quoted(environ, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("certificates")
    environ |= {
        "https_proxy": "http://a b:c$(touch x)@proxy.invalid:3128",
        "GOPROXY": "https://go.invalid",
        "CARGO_HTTP_TIMEOUT": "9",
        "CARGO_HTTP_CAINFO": "/elsewhere",
        "CARGO_REGISTRIES_X_TOKEN": "secret",
        "PIP_CERT": str(bundle),
        "OTHER": "nothing",
    }
    access = read_access(environ=environ)
    told = access.files["environment"].decode()
    assert access.files["ca.pem"] == b"certificates"
    assert "export https_proxy='http://a b:c$(touch x)@proxy.invalid:3128'\n" in told
    assert "export GOPROXY=https://go.invalid\n" in told
    assert "export CARGO_HTTP_TIMEOUT=9\n" in told
    assert "export CARGO_HTTP_CAINFO=/fixtrail/access/ca.pem\n" in told
    assert "secret" not in told
    assert "OTHER" not in told


def test_a_log_names_no_index_of_ours_and_everybodys_by_name(environ):
    access = read_access(environ=environ)
    log = "https://me:****@one.invalid/simple and me:word@one.invalid, one.invalid: word, https://pypi.org/simple"
    assert access.mask(log) == "https://[index]/simple and [index], [index]: [index], https://pypi.org/simple"


def test_uses_are_noted_once_for_each_trace():
    for trace in ("one", "two", "one"):
        uses.note_use("key", trace)
    assert uses.read_uses("key").traces == ("two", "one")
    assert uses.read_uses("key").last is not None
    uses.forget("key")
    assert uses.read_uses("key") == Uses()


def test_what_is_pruned():
    day = 86_400.0

    def image(key: str, *, days: float | None, stale: bool = False) -> EnvironmentImage:
        noted = Uses(None if days is None else 100 * day - days * day, ())
        return EnvironmentImage(key, "pip", (), "base", "id", 1, "1970-04-01T00:00:00Z", stale, noted)

    images = [image("new", days=1), image("old", days=40), image("stale", days=1, stale=True), image("made", days=None)]

    def gone(days: float | None, *, everything: bool = False) -> list[str]:
        return [each.key for each in unused(images, days, everything=everything, now=100 * day)]

    assert gone(None) == ["old", "stale"]
    assert gone(20) == ["old"]
    assert gone(5) == ["old", "made"], "made on the 91st day, and never used here"
    assert gone(0.5) == ["new", "old", "stale", "made"]
    assert gone(None, everything=True) == ["new", "old", "stale", "made"]
