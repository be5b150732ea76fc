"""Who changed a file on the disk: the command that ran at that moment, or nobody we know."""

import time
from collections import OrderedDict
from dataclasses import dataclass, replace

KEPT = 64
"""Commands that are remembered after they have ended."""
EARLY_SECONDS = 0.75
"""A command is announced a little after it began: the editor has to notice first."""
LATE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Running:
    """A command that runs, or has run; times in seconds since the epoch."""

    event_id: str
    agent: bool
    began: float
    ended: float | None = None


class Causes:
    """The commands of a trace, as far as changes may still be theirs."""

    def __init__(self) -> None:
        self._commands: OrderedDict[str, Running] = OrderedDict()

    def began(self, event_id: str, *, agent: bool = False, when: float | None = None) -> None:
        """A command begins; its event will have this id."""
        self._commands[event_id] = Running(event_id, agent, when if when is not None else time.time())
        while len(self._commands) > KEPT:
            self._commands.popitem(last=False)

    def ended(self, event_id: str, when: float | None = None) -> None:
        """A command has ended."""
        command = self._commands.get(event_id)
        if command is not None and command.ended is None:
            self._commands[event_id] = replace(command, ended=when if when is not None else time.time())

    def known(self) -> tuple[Running, ...]:
        """Return the commands as they are now, the last to begin first."""
        return tuple(reversed(self._commands.values()))


def cause_of(when: float, commands: tuple[Running, ...]) -> tuple[str, str | None]:
    """Return the actor of a change at ``when`` and the id of the command's event; ``unknown`` when none ran."""
    for command in commands:
        if command.began - EARLY_SECONDS <= when and (command.ended is None or when <= command.ended + LATE_SECONDS):
            return ("agent" if command.agent else "tool"), command.event_id
    return "unknown", None
