"""What is known of a question put to a model, filled in as it becomes known: stored whether or not it was answered."""

from dataclasses import dataclass
from typing import Any, Literal

from fixtrail_protocol.qa import TokenUsage
from pydantic_core import from_json

ResponseFormat = Literal["json_schema", "json_object"]

_NAME_CHARS = 200


@dataclass
class Exchange:
    """Provenance of one judgement."""

    response_format: ResponseFormat | None = None
    """The one that was asked for last."""
    model: str | None = None
    """The model that answered, as it named itself."""
    fingerprint: str | None = None
    """The server's ``system_fingerprint``, where it sends one."""
    usage: TokenUsage | None = None
    latency_ms: int | None = None
    """From the first request to the answer, or to its failure."""

    def note(self, body: bytes) -> None:
        """Take model and usage from the body of a response, which may be anything."""
        try:
            completion = from_json(body)
        except ValueError:
            return
        if not isinstance(completion, dict):
            return
        self.model = _name(completion.get("model")) or self.model
        self.fingerprint = _name(completion.get("system_fingerprint")) or self.fingerprint
        usage = completion.get("usage")
        if isinstance(usage, dict):
            self.usage = TokenUsage(
                prompt=_count(usage.get("prompt_tokens")), completion=_count(usage.get("completion_tokens"))
            )


def _name(value: Any) -> str | None:
    return value[:_NAME_CHARS] if isinstance(value, str) and value.isprintable() and value else None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
