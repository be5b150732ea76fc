"""Where the judge listens, whether that is this machine, and whether it may be asked at all."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from fixtrail.qa.judge.failure import NotJudged
from fixtrail.settings import JudgeSettings

OPENAI = "https://api.openai.com/v1"
"""Named here because the SDK's own default gives way to an environment variable that is no setting of ours."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server."""

    base_url: str
    origin: str
    """Scheme, host and port only: all that may be stored or shown."""
    has_user: bool
    """The address itself holds a user name, so HTTP basic authentication is meant."""
    is_loopback: bool


def find_endpoint(settings: JudgeSettings) -> Endpoint:
    """Return the endpoint that ``settings`` name.

    Raises
    ------
    NotJudged
        ``unreachable``: the base URL is not an http or https address.
    """
    base_url = (settings.base_url or "").strip() or OPENAI
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or not base_url.isprintable() or " " in base_url:
        raise NotJudged(
            "unreachable",
            "The judge's base URL is not an http or https address; correct FIXTRAIL_JUDGE_BASE_URL or judge.base_url.",
        )
    shown = f"[{host}]" if ":" in host else host
    return Endpoint(
        base_url=base_url,
        origin=f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else ""),
        has_user=parts.username is not None,
        is_loopback=_is_loopback(host),
    )


def ready_endpoint(settings: JudgeSettings, consent: bool, *, reasoning: bool) -> Endpoint:
    """Return the endpoint if there is everything that a judgement needs.

    Raises
    ------
    NotJudged
        ``not_configured``, ``no_consent``, ``no_reasoning`` or ``unreachable``: what is missing.
    """
    key = settings.api_key.get_secret_value().strip() if settings.api_key else ""
    if not key and not (settings.base_url or "").strip():
        raise NotJudged(
            "not_configured",
            "No judge is set up; set OPENAI_API_KEY, or FIXTRAIL_JUDGE_BASE_URL for a server of your own.",
        )
    if not consent:
        raise NotJudged(
            "no_consent", "Sending reasoning to a model was not allowed for this trace; allow it at the next start."
        )
    if not reasoning:
        raise NotJudged(
            "no_reasoning",
            "No reasoning was written down; add steps with 'Trace: Add Reasoning Step' or 'fixtrail reason'.",
        )
    return find_endpoint(settings)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
