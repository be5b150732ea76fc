"""Which events of a request are new, which were here already, and which contradict what is here."""

from dataclasses import dataclass, field
from typing import Any

import uuid_utils

from fixtrail.collector.refusals import Refusal
from fixtrail.delivery.digest import canonical_event

Stored = tuple[int, str, str]
"""Number, id and canonical JSON of an event."""


@dataclass
class Known:
    """Stored events, by id and by number."""

    by_id: dict[str, Stored] = field(default_factory=dict)
    by_seq: dict[int, Stored] = field(default_factory=dict)

    def add(self, seq: int, event_id: str, document: str) -> None:
        """Note an event that is stored, or is about to be."""
        self.by_id[event_id] = self.by_seq[seq] = (seq, event_id, document)


@dataclass(frozen=True)
class Placed:
    """Rows to insert, how many events were here already, and the number after the last one."""

    rows: list[Stored]
    duplicate: int
    next_seq: int


def place(events: list[dict[str, Any]], known: Known, next_seq: int) -> Placed:
    """Give every new event its place. ``known`` takes them in.

    An event is told by its ``event_id``, else by its ``seq``; one that has neither (schema 1.0) is always new.

    Raises
    ------
    Refusal
        409: the id or the number belongs to an event with other contents.
    """
    rows: list[Stored] = []
    duplicate = 0
    for index, event in enumerate(events):
        event_id, seq = event.get("event_id"), event.get("seq")
        there = known.by_id.get(event_id) if event_id else None
        there = there or (known.by_seq.get(seq) if seq else None)
        if there is not None:
            if _text(event, event_id or there[1], seq or there[0]) != there[2]:
                raise Refusal(
                    409,
                    "collector/event-conflict",
                    f"events[{index}]: event {there[1]} (seq {there[0]}) is here with other contents.",
                )
            duplicate += 1
            continue
        seq = seq or next_seq
        event_id = event_id or str(uuid_utils.uuid7())
        row = (seq, event_id, _text(event, event_id, seq))
        known.add(*row)
        rows.append(row)
        next_seq = max(next_seq, seq + 1)
    return Placed(rows, duplicate, next_seq)


def _text(event: dict[str, Any], event_id: str, seq: int) -> str:
    return canonical_event({**event, "event_id": event_id, "seq": seq}).decode()
