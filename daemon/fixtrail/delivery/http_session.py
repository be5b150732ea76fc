"""Requests to a collector: what is tried again and how often, and what each refusal means for the user."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import stamina

from fixtrail._version import __version__
from fixtrail.delivery.target import RetryPolicy, UploadTarget
from fixtrail.errors import FixtrailError, StateError, UnavailableError, UsageError

_TRANSIENT = frozenset({429, 502, 503, 504})
_LATER = "Upload again later: what has arrived is not sent twice."
_LOST = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)


class PayloadTooLarge(UnavailableError):
    """413: a smaller body may pass."""


class Rejected(UsageError):
    """400 or 422: the contents are not what the collector takes; ``index`` is the event it means, if it says so."""

    def __init__(self, status: int, detail: str, index: int | None) -> None:
        super().__init__("upload/rejected", f"The collector refused the trace ({status}): {detail}")
        self.detail = detail
        self.index = index


class _Transient(Exception):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.response = response


class CollectorSession:
    """Authenticated requests to one collector; use as ``async with CollectorSession(target, retry) as session``."""

    def __init__(self, target: UploadTarget, retry: RetryPolicy) -> None:
        self.base = _base_url(target.url)
        self._retry = retry
        headers = {"User-Agent": f"fixtrail/{__version__}", "Accept": "application/json"}
        if token := (target.token or "").strip():
            if not re.fullmatch(r"[!-~]+", token):
                raise UsageError(
                    "upload/bad-token", "The token holds characters that no HTTP header can carry.", "Set it again."
                )
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(60.0, connect=10.0))

    async def __aenter__(self) -> "CollectorSession":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Send ``body`` (JSON) until there is an answer, and return it.

        Raises
        ------
        FixtrailError
            The collector refused, or did not answer however often it was asked.
        """
        sent = {"Content-Type": "application/json", **(headers or {})}
        retry = stamina.retry_context(
            on=self._pause_before_retry,
            attempts=self._retry.attempts,
            timeout=None,
            wait_initial=self._retry.wait_initial,
            wait_max=self._retry.wait_max,
            wait_jitter=self._retry.wait_initial,
        )
        try:
            async for attempt in retry:
                with attempt:
                    response = await self._client.post(f"{self.base}{path}", content=body, headers=sent)
                    if response.status_code in _TRANSIENT:
                        raise _Transient(response)
                    return _answer(response)
        except _Transient as error:
            status = error.response.status_code
            raise UnavailableError(
                "upload/unavailable", f"The collector at {self.base} is not available (HTTP {status}).", _LATER
            ) from None
        except _LOST as error:
            raise UnavailableError(
                "upload/unreachable", f"The collector at {self.base} cannot be reached ({_kind(error)}).", _LATER
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(
                "upload/failed", f"The request to {self.base} failed ({_kind(error)}).", "Check the address."
            ) from None
        raise AssertionError("stamina ends with an answer or an error")

    def _pause_before_retry(self, error: Exception) -> bool | float:
        if not isinstance(error, _Transient):
            return isinstance(error, _LOST)
        asked = _retry_after(error.response)
        return True if asked is None else min(asked, self._retry.retry_after_max)


def _kind(error: Exception) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()


def _base_url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise UsageError(
            "upload/bad-url",
            "The address of the collector is not usable.",
            "Give it as https://host or https://host/path, without user, query or fragment.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of a ``Retry-After`` header (RFC 9110, 10.2.3: seconds or a date); None without one."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _answer(response: httpx.Response) -> dict[str, Any]:
    status = response.status_code
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = None
    if response.is_success:
        if isinstance(body, dict):
            return body
        raise not_a_collector()
    raise _refusal(status, body if isinstance(body, dict) else {})


def not_a_collector() -> UnavailableError:
    """Return the error for a server that answers, and not as a collector does."""
    return UnavailableError(
        "upload/not-a-collector",
        "The server did not answer as a fixtrail collector does.",
        "Check the address; nothing is lost, the trace is still here.",
    )


def _refusal(status: int, body: dict[str, Any]) -> FixtrailError:
    detail = _plain(body.get("detail"))
    if status in (401, 403):
        return UnavailableError(
            "upload/unauthorized", f"The collector refused the token ({status}).", "Set FIXTRAIL_UPLOAD_TOKEN."
        )
    if status == 413:
        return PayloadTooLarge("upload/too-large", "The collector refused the body as too large.")
    if status in (400, 422):
        return _rejected(status, detail, body.get("errors"))
    if status == 409:
        return StateError(
            "upload/conflict",
            f"The collector holds something else under this trace: {detail}",
            "Were events deleted or changed since the last upload? Then the copy there must be removed first.",
        )
    if status == 404 and body.get("code") == "collector/unknown-trace":
        return UnavailableError("upload/lost", "The trace disappeared from the collector meanwhile.", "Upload again.")
    if status >= 500:
        return UnavailableError("upload/server-error", f"The collector failed (HTTP {status}).", _LATER)
    return not_a_collector()


def _rejected(status: int, detail: str, errors: Any) -> Rejected:
    place = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    location = place.get("loc") if isinstance(place.get("loc"), list) else []
    named = re.match(r"events\[(\d+)\]", detail)
    index = int(named[1]) if named else None
    if location:
        detail = f"{'.'.join(_plain(part) for part in location)}: {_plain(place.get('msg'))}."
        if len(location) > 1 and location[0] == "events" and isinstance(location[1], int):
            index = location[1]
    return Rejected(status, detail, index)


def _plain(value: Any) -> str:
    """Return words of the server's for a message: one line, no control characters, not long."""
    text = "" if value is None else str(value)
    return "".join(char if char.isprintable() else " " for char in text[:300])
