"""Where the judge is asked, and how much of the address is shown."""

import pytest
from fixtrail.qa.judge.endpoint import find_endpoint
from fixtrail.qa.judge.failure import NotJudged
from fixtrail.settings import JudgeSettings


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        (None, "https://api.openai.com"),
        ("", "https://api.openai.com"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434"),
        ("https://me:secret@Judge.example/v1/deep?key=secret#x", "https://judge.example"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
    ],
)
def test_only_scheme_host_and_port_are_shown(base_url: str | None, origin: str) -> None:
    assert find_endpoint(JudgeSettings(base_url=base_url)).origin == origin


def test_openai_is_meant_by_default_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")

    assert find_endpoint(JudgeSettings()).base_url == "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("base_url", "is_loopback"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://[::1]/v1", True),
        ("http://10.0.0.1/v1", False),
        ("http://localhost.example/v1", False),
    ],
)
def test_this_machine_is_known(base_url: str, is_loopback: bool) -> None:
    assert find_endpoint(JudgeSettings(base_url=base_url)).is_loopback is is_loopback


@pytest.mark.parametrize(
    "base_url",
    [
        "localhost:11434",
        "ftp://host/v1",
        "/v1",
        "http:///v1",
        "http://[::1",
        "http://h:x/v1",
        "http://h:99999/v1",
        "http://a b/v1",
        "http://h\n/v1",
    ],
)
def test_what_is_no_http_address_is_refused_before_anything_is_sent(base_url: str) -> None:
    with pytest.raises(NotJudged, match="FIXTRAIL_JUDGE_BASE_URL") as caught:
        find_endpoint(JudgeSettings(base_url=base_url))
    assert caught.value.status == "unreachable"
