"""``$/progress`` of a long request (LSP 3.17, "Work Done Progress")."""

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fixtrail.server.connection import Connection


class WorkDone:
    """Reports begin, progress and end under the token the client gave; without a token, nothing.

    Use as ``with WorkDone(connection, token, title) as work: work.report("…", 40)``.
    """

    def __init__(self, connection: "Connection", token: str | int | None, title: str) -> None:
        self._connection = connection
        self._token = token
        self._title = title

    def _send(self, value: dict[str, object]) -> None:
        if self._token is not None:
            self._connection.notify("$/progress", {"token": self._token, "value": value})

    def __enter__(self) -> "WorkDone":
        self._send({"kind": "begin", "title": self._title, "cancellable": True, "percentage": 0})
        return self

    def report(self, message: str, percentage: int | None) -> None:
        """Say what is being done now and how far the whole is."""
        self._send({"kind": "report", "message": message, **({} if percentage is None else {"percentage": percentage})})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send({"kind": "end"})
