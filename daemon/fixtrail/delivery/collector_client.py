"""Send a finalized trace to a collector: in batches, each idempotent, so that a cut upload goes on where it ended.

One call is one attempt by the user. A durable outbox that tries again by itself belongs above this module.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from fixtrail_protocol.rpc import UploadResult
from fixtrail_protocol.trace import TraceHeader

from fixtrail.delivery.digest import EventsDigest, canonical_event
from fixtrail.delivery.document import header_document
from fixtrail.delivery.target import RetryPolicy, UploadTarget
from fixtrail.errors import UnavailableError, UsageError
from fixtrail.privacy.gate import Gate
from fixtrail.store.reader import StoredEvent, TraceReader

if TYPE_CHECKING:
    from fixtrail.delivery.http_session import CollectorSession

__all__ = ["RetryPolicy", "UploadTarget", "upload_trace"]

BATCH_EVENTS = 500
BATCH_BYTES = 4 * 1024 * 1024

Progress = Callable[[int, int], None]


def _no_progress(_done: int, _total: int) -> None:
    pass


async def upload_trace(
    trace_file: Path,
    target: UploadTarget,
    *,
    progress: Progress = _no_progress,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
    gate: Gate | None = None,
) -> UploadResult:
    """Send the trace in ``trace_file`` to ``target``, whole; may be called again after any failure.

    Parameters
    ----------
    progress
        Told after each batch how many events of how many the collector holds.
    gate
        Takes secrets out once more.

    Returns
    -------
    UploadResult
        ``accepted`` events were new to the collector, ``duplicate`` ones it had already; together all of them.

    Raises
    ------
    UsageError
        ``upload/no-consent``, ``upload/not-finalized``, ``upload/bad-url``, ``upload/bad-token``;
        ``upload/rejected``: the collector refused an event, which is named;
        ``upload/conflict``: it holds other contents under this trace.
    UnavailableError
        ``upload/unauthorized``, ``upload/unreachable``, ``upload/unavailable``, ``upload/server-error``,
        ``upload/failed``, ``upload/too-large``, ``upload/lost`` or ``upload/not-a-collector``.
    """
    from fixtrail.delivery.http_session import CollectorSession

    async with TraceReader(trace_file) as reader:
        header = (await reader.trace()).header
        _check_allowed(header)
        total, _ = await reader.counts()
        async with CollectorSession(target, retry) as session:
            return await _Upload(session, header, total, progress, gate).run(reader)


def _check_allowed(header: TraceHeader) -> None:
    if header.consent is None or not header.consent.upload:
        raise UsageError(
            "upload/no-consent",
            "This trace was recorded without consent to upload it, so it stays here.",
            "Allow uploads when you start a recording.",
        )
    if header.end_time is None:
        raise UsageError("upload/not-finalized", "This trace is not finalized.", "Finalize it first.")


class _Upload:
    def __init__(
        self, session: "CollectorSession", header: TraceHeader, total: int, progress: Progress, gate: Gate | None
    ) -> None:
        self._session = session
        self._header = header
        self._path = f"/traces/{header.trace_id}"
        self._total = total
        self._progress = progress
        self._gate = gate
        self._max_bytes = BATCH_BYTES
        self._accepted = 0
        self._duplicate = 0

    async def run(self, reader: TraceReader) -> UploadResult:
        next_seq = await self._announce()
        digest = EventsDigest()
        batch: list[tuple[StoredEvent, bytes]] = []
        size = 0
        async for event in reader.events():
            if digest.count == self._total:
                break
            document = event.document()
            line = canonical_event(self._gate.document(document) if self._gate is not None else document)
            digest.update(line)
            if event.seq < next_seq:
                self._duplicate += 1
                continue
            if batch and (len(batch) == BATCH_EVENTS or size + len(line) > self._max_bytes):
                await self._send(batch)
                batch, size = [], 0
            batch.append((event, line))
            size += len(line) + 1
        if batch:
            await self._send(batch)
        await self._finalize(digest)
        return UploadResult(accepted=self._accepted, duplicate=self._duplicate, url=f"{self._session.base}{self._path}")

    async def _announce(self) -> int:
        """Send the header; return the number from which on the collector misses events."""
        from fixtrail.delivery.http_session import PayloadTooLarge

        body = orjson.dumps(header_document(self._header) | {"events": []})
        try:
            answer = await self._session.post("/traces", body)
        except PayloadTooLarge:
            raise UnavailableError(
                "upload/too-large",
                f"The head of the trace has {len(body)} bytes, which the collector refuses as too large.",
                "Most of it is the patch of what was not committed when recording began.",
            ) from None
        return _number(answer, "next_seq", at_least=1)

    async def _send(self, batch: list[tuple[StoredEvent, bytes]]) -> None:
        from fixtrail.delivery.http_session import PayloadTooLarge, Rejected

        body = b'{"events":[' + b",".join(line for _, line in batch) + b"]}"
        try:
            answer = await self._session.post(f"{self._path}/events", body)
        except PayloadTooLarge:
            if len(batch) == 1:
                raise UnavailableError(
                    "upload/too-large",
                    f"The collector refuses {_name(batch[0][0])} as too large ({len(body)} bytes).",
                    "Ask for a larger limit there, or delete the event.",
                ) from None
            self._max_bytes = len(body) // 2
            middle = len(batch) // 2
            await self._send(batch[:middle])
            await self._send(batch[middle:])
            return
        except Rejected as error:
            if error.index is None or error.index >= len(batch):
                raise
            raise UsageError(
                "upload/rejected",
                f"The collector refused {_name(batch[error.index][0])}: {error.detail}",
                "Nothing of its batch was stored.",
            ) from None
        _number(answer, "next_seq", at_least=batch[-1][0].seq + 1)
        self._accepted += _number(answer, "accepted")
        self._duplicate += _number(answer, "duplicate")
        self._progress(self._accepted + self._duplicate, self._total)

    async def _finalize(self, digest: EventsDigest) -> None:
        body = orjson.dumps({"count": digest.count, "sha256": digest.sha256})
        # The whole document would come back otherwise.
        await self._session.post(f"{self._path}/finalize", body, {"Prefer": "return=minimal"})
        self._progress(self._total, self._total)


def _name(event: StoredEvent) -> str:
    return f"event {event.seq} ({event.event_type}, {event.event_id})"


def _number(answer: dict[str, Any], name: str, *, at_least: int = 0) -> int:
    from fixtrail.delivery.http_session import not_a_collector

    value = answer.get(name)
    if not isinstance(value, int) or value < at_least:
        raise not_a_collector()
    return value
