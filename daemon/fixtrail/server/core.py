"""What all connections of a daemon share, loaded only once ``initialize`` is answered: an editor waits for that."""

import gc
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from fixtrail.server.connection import Connection

if TYPE_CHECKING:
    from fixtrail.server.methods import Methods
    from fixtrail.server.service import TraceService


class Core:
    """Dispatches as :class:`~fixtrail.server.methods.Methods` does, and loads them when they are first asked for.

    Parameters
    ----------
    make
        Makes the service. Called once.
    failed
        Called when that raises; the error goes on to who asked.
    """

    def __init__(self, make: "Callable[[], TraceService]", failed: Callable[[Exception], None]) -> None:
        self._make = make
        self._failed = failed
        self._methods: Methods | None = None
        self._connections: list[Connection] = []
        self._waiting: list[Callable[[TraceService], None]] = []

    @property
    def loaded(self) -> bool:
        """Whether the service was made."""
        return self._methods is not None

    @property
    def methods(self) -> "Methods":
        """The methods, made now if they were not before."""
        if self._methods is not None:
            return self._methods
        # What is imported here lives as long as the process: collecting garbage meanwhile only costs time.
        gc.disable()
        try:
            from fixtrail.server.methods import Methods

            methods = Methods(self._make())
        except Exception as error:
            self._failed(error)
            raise
        finally:
            gc.enable()
            gc.freeze()
            # Events that wait for the disk are many, short-lived and without cycles: looking through them is in vain.
            gc.set_threshold(50_000, 20, 50)
        self._methods = methods
        for connection in self._connections:
            methods.connected(connection)
        for call in self._waiting:
            call(methods.service)
        self._connections.clear()
        self._waiting.clear()
        return methods

    @property
    def service(self) -> "TraceService":
        """The service, made now if it was not before."""
        return self.methods.service

    def when_loaded(self, call: "Callable[[TraceService], None]") -> None:
        """Call with the service: at once if it is there, else before it gets its first message."""
        if self._methods is not None:
            call(self._methods.service)
        else:
            self._waiting.append(call)

    @property
    def notifications(self) -> Mapping[str, Callable[[Connection, Any, bool], None]]:
        """As :class:`~fixtrail.server.connection.Dispatcher` has it."""
        return self.methods.notifications

    @property
    def requests(self) -> Mapping[str, Callable[[Connection, Any], Awaitable[bytes]]]:
        """As :class:`~fixtrail.server.connection.Dispatcher` has it."""
        return self.methods.requests

    def connected(self, connection: Connection) -> None:
        """A connection was made."""
        if self._methods is not None:
            self._methods.connected(connection)
        else:
            self._connections.append(connection)

    def disconnected(self, connection: Connection) -> None:
        """A connection was lost."""
        if self._methods is not None:
            self._methods.disconnected(connection)
        elif connection in self._connections:
            self._connections.remove(connection)
