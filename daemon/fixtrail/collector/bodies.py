"""Request bodies: read once, checked against the protocol's models, and kept as they were sent."""

import re
from typing import Annotated, Any, Literal, TypeVar

import orjson
from fixtrail_protocol.base import DocumentModel
from fixtrail_protocol.commands import CommandError, parse_test_command
from fixtrail_protocol.events import Count, Event
from fixtrail_protocol.trace import TraceHeader
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fixtrail.collector.refusals import Refusal

MAX_SEQ = 2**53 - 1
"""Largest number that every JSON reader keeps exact."""
_MAX_ERRORS = 20
_MAX_TEXT = 300

TraceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


class NewTrace(TraceHeader):
    """Body of ``POST /traces``. As in 1.0, an id is given to a trace that has none."""

    schema_version: Literal["1.0", "1.1"] = "1.0"
    trace_id: TraceId = ""
    events: list[Event] = Field(default_factory=list)


class MoreEvents(DocumentModel):
    """Body of ``POST /traces/{id}/events``."""

    events: list[Event]


class Close(BaseModel):
    """Body of ``POST /traces/{id}/finalize``; all of it may be left out."""

    model_config = ConfigDict(strict=True)

    count: Count | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


ModelT = TypeVar("ModelT", bound=BaseModel)


def read_body(body: bytes, model: type[ModelT]) -> tuple[ModelT, dict[str, Any]]:
    """Check ``body`` and return it twice: as ``model``, and as plain JSON, which keeps every field as it was sent.

    Raises
    ------
    Refusal
        422 when it is not JSON or not what the schema says; 400 for a path that leaves the repository.
    """
    try:
        checked = model.model_validate_json(body)
        plain = orjson.loads(body)
    except ValidationError as error:
        raise _refuse(error) from None
    except orjson.JSONDecodeError as error:
        # What pydantic lets pass and JSON does not: NaN, half a surrogate pair, a number beyond a double.
        raise Refusal(422, "collector/invalid", f"The body is not JSON: {error.msg}.") from None
    return checked, plain


def read_new_trace(body: bytes) -> tuple[NewTrace, dict[str, Any]]:
    """Read the body of ``POST /traces``; 400 as well for a test command that needs a shell."""
    checked, plain = read_body(body, NewTrace)
    if checked.repo.test_command is not None:
        try:
            parse_test_command(checked.repo.test_command)
        except CommandError as error:
            raise Refusal(400, "collector/bad-command", f"repo.test_command: {_short(str(error))}") from None
    _check_numbers(plain.get("events", []))
    return checked, plain


def read_events(body: bytes) -> list[dict[str, Any]]:
    """Read the body of ``POST /traces/{id}/events``."""
    _, plain = read_body(body, MoreEvents)
    events: list[dict[str, Any]] = plain["events"]
    _check_numbers(events)
    return events


def _check_numbers(events: list[dict[str, Any]]) -> None:
    for index, event in enumerate(events):
        if (event.get("seq") or 0) > MAX_SEQ:
            place = {"loc": ["events", index, "seq"], "msg": f"Input should be at most {MAX_SEQ}"}
            raise Refusal(422, "collector/invalid", "The body does not fit the schema.", errors=[place])


def _refuse(error: ValidationError) -> Refusal:
    places: list[dict[str, Any]] = []
    for found in error.errors(include_url=False, include_input=False):
        location = [_short(part) if isinstance(part, str) else part for part in found["loc"]]
        # Only the check of repository paths raises a plain ValueError.
        if found["type"] == "value_error":
            why = _short(found["msg"].removeprefix("Value error, "))
            return Refusal(400, "collector/bad-path", f"{_place(location)}: {why}.")
        message = "Unknown event type" if found["type"] == "union_tag_invalid" else _short(found["msg"])
        places.append({"loc": location, "msg": message})
    shown = places[:_MAX_ERRORS]
    detail = f"The body does not fit the schema ({len(places)} error{'s' if len(places) > 1 else ''})."
    return Refusal(422, "collector/invalid", detail, errors=shown)


def _place(location: list[Any]) -> str:
    """``["events", 3, "code_edit", "data", "file_path"]`` as ``events[3].data.file_path``."""
    text = ""
    for index, part in enumerate(location):
        if isinstance(part, int):
            text += f"[{part}]"
        elif index < 2 or not isinstance(location[index - 1], int) or part in ("data", "redactions"):
            text += f".{part}" if text else part
    return text


def _short(text: str) -> str:
    text = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
