"""What an error of the SDK means for whoever waits for the score: a status, and what to do."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai

from fixtrail.qa.judge.endpoint import Endpoint
from fixtrail.qa.judge.failure import NotJudged, timed_out

_CODE = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_FILTERED = frozenset({"content_filter", "content_policy_violation"})
_BAD_REQUEST = (400, 422)


def is_about_response_format(error: openai.APIStatusError) -> bool:
    """Tell whether asking without a schema may help: a 400 or 422 that does not name another cause.

    Servers say it in many words, so everything they do not blame on something else counts.
    """
    return (
        error.status_code in _BAD_REQUEST
        and not _codes(error) & (_TOO_LONG | _FILTERED | {"model_not_found"})
        and _parameter(error) in (None, "response_format")
    )


def explain(error: openai.OpenAIError, endpoint: Endpoint, model: str, seconds: float) -> NotJudged:
    """Return why there is no judgement. Nothing of the server's own message is repeated: it may quote trace or key."""
    where = endpoint.origin
    match error:
        case openai.LengthFinishReasonError():
            return NotJudged(
                "truncated",
                f"The answer of {model} was cut off before its end; finalize again or choose another model.",
            )
        case openai.ContentFilterFinishReasonError():
            return _filtered(where)
        case openai.APIStatusError():
            return _explain_status(error, where, model)
        case openai.APITimeoutError():
            return timed_out(endpoint.origin, seconds)
        case openai.APIConnectionError():
            return NotJudged(
                "unreachable",
                f"{where} cannot be reached, or the connection broke; check that the server runs and the base URL.",
            )
        case _:
            return NotJudged(
                "abstained", f"The judge could not be asked ({type(error).__name__}); check the judge's settings."
            )


def _explain_status(error: openai.APIStatusError, where: str, model: str) -> NotJudged:
    status, codes = error.status_code, _codes(error)
    answered = f"(HTTP {status})"
    if status == 401:
        return NotJudged("unauthorized", f"{where} does not accept the key {answered}; check OPENAI_API_KEY.")
    if status == 404 or "model_not_found" in codes:
        return NotJudged(
            "model_not_found",
            f"{where} has no model {model} {answered}; check FIXTRAIL_JUDGE_MODEL and the base URL.",
        )
    if status == 403:
        return NotJudged(
            "unauthorized", f"{where} does not let this key use {model} {answered}; check its permissions."
        )
    if "insufficient_quota" in codes:
        return NotJudged("rate_limited", f"The quota at {where} is used up {answered}; check its billing.")
    if status == 429:
        return NotJudged("rate_limited", f"{where} is asked too often {answered}; {_when(error)}.")
    if codes & _FILTERED:
        return _filtered(where)
    if codes & _TOO_LONG or status == 413:
        return NotJudged(
            "abstained", f"The prompt is too long for {model} {answered}; choose a model with a larger context."
        )
    if 300 <= status < 400:
        return NotJudged(
            "unreachable", f"{where} redirects elsewhere {answered}; set the base URL to the final address."
        )
    if status in (408, 504):
        return NotJudged("timeout", f"{where} gave up waiting for its model {answered}; finalize again later.")
    if status >= 500:
        return NotJudged("server_error", f"{where} failed {answered}; finalize again later.")
    if status in _BAD_REQUEST:
        return _explain_bad_request(error, where, model)
    return NotJudged(
        "server_error", f"{where} refused the request {answered}{_named(codes)}; check the judge's settings."
    )


def _explain_bad_request(error: openai.APIStatusError, where: str, model: str) -> NotJudged:
    parameter = _parameter(error)
    if parameter not in (None, "response_format"):
        return NotJudged(
            "abstained",
            f"{model} at {where} does not take the {parameter} it was sent (HTTP {error.status_code}); "
            "change that setting of the judge or choose another model.",
        )
    return NotJudged(
        "abstained",
        f"{where} takes neither a JSON schema nor a JSON object as response format "
        f"(HTTP {error.status_code}{_named(_codes(error))}); choose a server or model with structured output.",
    )


def _filtered(where: str) -> NotJudged:
    return NotJudged("filtered", f"A content filter at {where} stopped the judgement; try another model or endpoint.")


def _codes(error: openai.APIStatusError) -> frozenset[str]:
    """Return the machine-readable words of an error; servers differ in whether it is ``code`` or ``type``."""
    return frozenset(word for word in (error.code, error.type) if isinstance(word, str) and _CODE.fullmatch(word))


def _named(codes: frozenset[str]) -> str:
    return f", {', '.join(sorted(codes))}" if codes else ""


def _parameter(error: openai.APIStatusError) -> str | None:
    if not isinstance(error.param, str):
        return None
    name = error.param.split(".")[0].split("[")[0]
    return name if _CODE.fullmatch(name) else None


def _when(error: openai.APIStatusError) -> str:
    seconds = _retry_after(error.response.headers.get("retry-after", ""))
    return f"finalize again in {seconds} s" if seconds is not None else "finalize again later"


def _retry_after(value: str) -> int | None:
    """Read a Retry-After header, which is a number of seconds or a date (RFC 9110, section 10.2.3)."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), 999_999)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, round((moment - datetime.now(UTC)).total_seconds()))
