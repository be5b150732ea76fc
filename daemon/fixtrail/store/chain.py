"""The chain over the events of a trace: a byte that is changed later, anywhere, breaks it at that event."""

import hashlib

from fixtrail_protocol.trace import TraceHeader

START = b"\0" * 32


def next_link(last: bytes, *fields: str | None, clock: int | None = None) -> bytes:
    """Return the link of an event: SHA-256 over the link before it and the event's fields.

    Parameters
    ----------
    fields
        ``event_id, event_type, timestamp, actor, data, redactions`` as stored.
    clock
        As stored; None in an event of before there was one, whose link is made as it was then.
    """
    # The lengths first, so that no two rows give the same bytes; one string, since this runs for every event.
    lengths = ".".join(["-" if value is None else str(len(value)) for value in fields])
    text = lengths + ":" + "".join([value for value in fields if value is not None])
    if clock is not None:
        text = f"{clock}@{text}"
    return hashlib.sha256(last + text.encode("utf-8", "surrogatepass")).digest()


def seal(last: bytes, header: TraceHeader) -> str:
    """Return the seal of a finalized trace: SHA-256 over its last link and its header, counts left out."""
    plain = header.model_copy(deep=True)
    plain.capture = None
    if plain.reconstruction is not None:
        plain.reconstruction.seal = None
    return hashlib.sha256(last + plain.model_dump_json().encode()).hexdigest()
