"""Every answer that is not a success: a status, a stable code, and a sentence; never the client's own contents."""

from typing import Any


class Refusal(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    status
        HTTP status.
    code
        Stable word, for example ``collector/bad-path``.
    detail
        What is wrong, one sentence.
    errors
        For schema errors: where (``loc``) and what (``msg``).
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        found: dict[str, Any] = {"code": self.code, "detail": self.detail}
        return found | {"errors": self.errors} if self.errors else found


def unknown_trace() -> Refusal:
    """Return the answer for a trace that is not here."""
    return Refusal(404, "collector/unknown-trace", "There is no such trace here.")
