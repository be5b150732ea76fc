"""Every error a user can meet: one small tree, each with a stable code and a word on what to do.

::

    FixtrailError                  what happened, what to do
    ├── UsageError        exit 2   the request itself is wrong
    │   ├── InvalidParams          a message's parameters (JSON-RPC -32602)
    │   └── StateError             right request, wrong moment
    ├── UnavailableError  exit 3   something needed is not there (Docker, a key, a collector)
    └── StoreError        exit 3   the data directory or a trace file cannot be used

The codes are public contract; ``docs/errors.md`` lists them.
"""

from typing import ClassVar

REQUEST_FAILED = -32803
"""LSP: the request was fine, and failed."""
INVALID_PARAMS = -32602
"""JSON-RPC: the parameters are not what the method takes."""


class FixtrailError(Exception):
    """An error with a stable code.

    Parameters
    ----------
    code
        Stable and machine-readable, for example ``trace/unknown``.
    message
        What happened, one sentence.
    hint
        What to do about it, one sentence; empty when there is nothing to do.
    """

    exit_code: ClassVar[int] = 3
    rpc_code: ClassVar[int] = REQUEST_FAILED

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(FixtrailError):
    """The request itself is wrong."""

    exit_code = 2


class InvalidParams(UsageError):
    """A message's parameters are not what its method takes."""

    rpc_code = INVALID_PARAMS

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__("rpc/invalid-params", message, hint)


class StateError(UsageError):
    """The request is right and comes at the wrong moment."""


class UnavailableError(FixtrailError):
    """Something needed is not there."""


class StoreError(FixtrailError):
    """The data directory or a trace file cannot be used."""


def unknown_trace(trace_id: str) -> UsageError:
    """Return the error for a trace that is not on this machine."""
    return UsageError("trace/unknown", f"There is no trace {trace_id!r}.", "See 'fixtrail list'.")


def not_recording() -> StateError:
    """Return the error for a request that needs a trace being recorded."""
    return StateError("trace/not-recording", "Nothing is being recorded.", "Start with 'Trace: Start Recording'.")
