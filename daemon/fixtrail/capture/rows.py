"""Make storable rows of events: validated, through the gates, cut to size. Runs on the writer's thread."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import uuid_utils
from fixtrail_protocol.base import now
from fixtrail_protocol.events import EventIn
from fixtrail_protocol.trace import Consent
from pydantic import TypeAdapter, ValidationError

from fixtrail.capture.output import clean, draws_full_screen
from fixtrail.capture.paths import Workspace
from fixtrail.capture.test_results import FinishedCommand, derive_test_result
from fixtrail.capture.text import bound, scrub
from fixtrail.privacy.consent import apply_consent
from fixtrail.privacy.gate import Gate
from fixtrail.settings import CaptureSettings
from fixtrail.store.batch import Row

SURROGATE_RULE = "lone-surrogate"
"""Redaction rule of half an emoji: an editor can send one, UTF-8 cannot hold it, so it becomes U+FFFD."""

EVENT: TypeAdapter[Any] = TypeAdapter(EventIn)

RUNS_KEPT = 64
"""Test runs remembered that told of themselves."""
_LATE = timedelta(seconds=0.5)
"""An editor notices a command a little after it began."""


def new_id() -> str:
    """Return a new UUIDv7."""
    return str(uuid_utils.uuid7())


def explain(error: ValidationError) -> str:
    """Say in one line what is wrong and where, without quoting the input: it may be private."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).replace(repr(first["input"]), "it") if isinstance(first["input"], str) else first["msg"]
    return f"{place}: {message}" if place else str(message)


class Rows:
    """Makes the rows of one trace.

    Parameters
    ----------
    told_runs
        Test runs that told of themselves before this process took the trace: when each began, in ISO 8601, and the
        id of the command that it was part of.
    """

    def __init__(
        self,
        workspace: Workspace,
        consent: Consent | None,
        settings: CaptureSettings,
        gate: Gate | None = None,
        told_runs: Sequence[tuple[str, str | None]] = (),
    ) -> None:
        self._workspace = workspace
        self._consent = consent
        self._settings = settings
        self._gate = gate
        self._told_runs = deque(told_runs, maxlen=RUNS_KEPT)

    def allow(self, consent: Consent) -> list[Row]:
        """Hold all events from here on to another consent; there is nothing to store for it."""
        self._consent = consent
        return []

    def of_raw(self, raw: Mapping[str, Any], *, scrubbed: bool) -> list[Row]:
        """Return the rows of an event as it came; what cannot be stored gives a ``capture_gap`` that says so."""
        try:
            return self._of_raw(raw, scrubbed=scrubbed)
        except (TypeError, ValueError, RecursionError):
            # JSON that can be read and not written: nested too deep, or with a number beyond 64 bits.
            return self.gap("invalid_event", "An event could not be stored: it cannot be written as JSON.")

    def _of_raw(self, raw: Mapping[str, Any], *, scrubbed: bool) -> list[Row]:
        surrogates = 0
        if scrubbed:
            raw, surrogates = scrub(raw)
        try:
            EVENT.validate_python(raw)
        except ValidationError as error:
            return self.gap("invalid_event", f"An event could not be read: {explain(error)}.")
        data = raw["data"]
        path = data.get("file_path")
        if path is not None and not self._workspace.holds(path):
            return self.gap("path_outside", "An event named a file that lies outside the folder that is recorded.")
        return self.make(
            raw.get("event_id") or new_id(),
            raw["event_type"],
            raw["timestamp"],
            raw.get("actor") or "developer",
            data,
            surrogates=surrogates,
        )

    def gap(self, reason: str, detail: str) -> list[Row]:
        """Return the row of a ``capture_gap``."""
        return self.make(new_id(), "capture_gap", now(), "tool", {"reason": reason, "detail": detail})

    def make(
        self,
        event_id: str,
        event_type: str,
        timestamp: str,
        actor: str,
        data: Mapping[str, Any],
        *,
        surrogates: int = 0,
    ) -> list[Row]:
        """Pass an event through the gates and make it storable; a command that ran tests gives a second row."""
        rows: list[Row] = []
        derived: dict[str, Any] | None = None
        if event_type == "terminal_command":
            data = self._plain_output(data)
            derived = self._test_result(data, event_id, timestamp)
        elif event_type == "test_result" and data.get("source") == "pytest":
            self._told_runs.append((timestamp, data.get("command_event_id")))
        allowed = apply_consent(event_type, data, self._consent) if self._consent is not None else data
        if allowed is not None:
            counts = {SURROGATE_RULE: surrogates} if surrogates else {}
            if self._gate is not None:
                allowed, replaced = self._gate.event(event_type, allowed)
                counts |= replaced
            redactions = [{"rule": rule, "count": count} for rule, count in counts.items()]
            rows.append(
                Row(
                    event_id,
                    event_type,
                    timestamp,
                    actor,
                    orjson.dumps(allowed).decode(),
                    orjson.dumps(redactions).decode() if redactions else None,
                )
            )
        if derived is not None:
            rows += self.make(new_id(), "test_result", timestamp, "tool", derived)
        return rows

    def _plain_output(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        output = data.get("output")
        if not output:
            return data
        plain = clean(output, screens=False) if "\x1b" in output else output
        kept, dropped = bound(plain, self._settings.output_bytes)
        if kept is output:
            return data
        more = {"full_screen": True} if plain is not output and draws_full_screen(output) else {}
        return {**data, "output": kept, "truncated": data.get("truncated", 0) + dropped, **more}

    def _test_result(self, data: Mapping[str, Any], event_id: str, timestamp: str) -> dict[str, Any] | None:
        finished = FinishedCommand(
            command=data["command"],
            cwd=data.get("cwd"),
            output=data.get("output"),
            exit_code=data.get("exit_code"),
            started=datetime.fromisoformat(timestamp),
            duration_ms=data.get("duration_ms"),
        )
        found = derive_test_result(self._workspace.root, finished)
        if found is None or (found["runner"] in (None, "pytest") and self._has_told(event_id, finished)):
            return None
        return found | {"command_event_id": event_id}

    def _has_told(self, event_id: str, finished: FinishedCommand) -> bool:
        """Whether a run of this command told of itself: to read its report again would count it twice."""
        begin = finished.started - _LATE
        end = finished.started + timedelta(milliseconds=finished.duration_ms or 0)
        return any(
            command == event_id if command is not None else begin <= datetime.fromisoformat(began) <= end
            for began, command in self._told_runs
        )
