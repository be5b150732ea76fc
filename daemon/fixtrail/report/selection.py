"""Which events of a long trace a report shows: the telling ones first, the first and the last of each kind."""

from collections import Counter
from dataclasses import dataclass, field

from fixtrail_protocol.qa import QaResults

from fixtrail.report import process
from fixtrail.report.timeline import QUIET
from fixtrail.store.reader import StoredEvent, TraceReader

TELLING = (
    "reasoning_step",
    "test_result",
    "capture_gap",
    "session_mark",
    "terminal_command",
    "code_edit",
    "git_change",
    "tree_change",
    "file_create",
    "file_rename",
    "file_delete",
    "debug_session",
    "file_open",
    "file_close",
    "file_view",
)
"""Every event type, the most telling first."""


def evidence(results: QaResults, limit: int = 200) -> list[str]:
    """Return the ids of the events that a judgement rests on, at most ``limit``."""
    scored = (results.reasoning.dimensions if results.reasoning else None) or {}
    return list(dict.fromkeys(event_id for found in scored.values() for event_id in found.evidence))[:limit]


@dataclass
class Selection:
    """Decides event by event, in order, whether it is shown. Make it with :func:`select`.

    Attributes
    ----------
    total
        Events in the trace; later ones are not looked at.
    cited
        Number (``seq``) of each event that the judgement rests on.
    linked
        Number of each event that the section on the process links to; views have no line of their own, and no link.
    """

    total: int
    counts: Counter[str]
    cited: dict[str, int]
    linked: dict[str, int]
    _room: dict[str, int] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)

    def takes(self, event: StoredEvent) -> bool:
        """Whether this event, the next of the trace, is shown."""
        kind = event.event_type
        index = self._seen[kind]
        self._seen[kind] += 1
        room, count = self._room.get(kind, 0), self.counts[kind]
        head = (room + 1) // 2
        told = event.event_id in self.cited or event.event_id in self.linked
        return told or index < head or index >= count - (room - head)


async def select(reader: TraceReader, results: QaResults, limit: int) -> Selection:
    """Read the trace once and decide what to show of it: about ``limit`` events, and those that are cited."""
    wanted = set(evidence(results))
    named = process.linked(results.process)
    linked: dict[str, int] = {}
    counted: Counter[str] = Counter()
    cited: dict[str, int] = {}
    total, _ = await reader.counts()
    remaining = total
    async for event in reader.events():
        if remaining == 0:
            break
        remaining -= 1
        counted[event.event_type] += 1
        if event.event_id in wanted:
            cited[event.event_id] = event.seq
        if event.event_id in named and event.event_type not in QUIET:
            linked[event.event_id] = event.seq
    selection = Selection(total=total - remaining, counts=counted, cited=cited, linked=linked)
    left = limit
    for kind in TELLING:
        selection._room[kind] = min(counted[kind], left)
        left -= selection._room[kind]
    return selection
