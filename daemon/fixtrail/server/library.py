"""Requests about any trace on this machine: list, get, delete events, export, upload."""

import asyncio
from pathlib import Path
from typing import Any, cast

from fixtrail_protocol.rpc import (
    DeleteEventsParams,
    DeleteEventsResult,
    ExportParams,
    ExportResult,
    GetParams,
    ListParams,
    ListResult,
    RecordingState,
    TraceSummary,
    UploadParams,
    UploadResult,
)

from fixtrail.errors import FixtrailError, UnavailableError, UsageError, not_recording
from fixtrail.keys import with_upload_token
from fixtrail.privacy.gate import Gate
from fixtrail.server.code import make_gate
from fixtrail.server.service import TraceService
from fixtrail.store.reader import TraceReader

PAGE_BYTES = 32 * 1024 * 1024
"""A page of ``trace/get`` ends at this size, however many events were asked for."""


class Library:
    """All traces in the data directory."""

    def __init__(self, service: TraceService) -> None:
        self._service = service

    def _id(self, trace_id: str | None) -> str:
        if trace_id is not None:
            return trace_id
        if self._service.recorder is None:
            raise not_recording()
        return self._service.recorder.trace_id

    async def _settled(self, trace_id: str | None) -> Path:
        """Return the trace's file, once everything handed over for it is in it."""
        wanted = self._id(trace_id)
        recorder = self._service.recorder
        if recorder is not None and recorder.trace_id == wanted:
            recorder.cut_edits("event")
            await recorder.writer.flush()
        return self._service.data.existing_trace(wanted)

    async def _gate(self, path: Path) -> Gate:
        """Return what takes secrets out of this trace."""
        async with TraceReader(path) as reader:
            workspace = (await reader.trace()).workspace
        service = self._service
        return make_gate(
            service.data, path.stem, workspace, service.settings(workspace if workspace.is_dir() else None)
        )

    async def list_traces(self, params: ListParams) -> ListResult:
        """List traces, newest first. A file that can't be read is named, not hidden."""
        traces: list[TraceSummary] = []
        unreadable: list[str] = []
        for path in self._service.data.trace_files():
            if len(traces) == params.limit:
                break
            try:
                async with TraceReader(path) as reader:
                    stored = await reader.trace()
                    events, _ = await reader.counts()
            except FixtrailError:
                unreadable.append(path.name)
                continue
            header = stored.header
            traces.append(
                TraceSummary(
                    trace_id=header.trace_id,
                    state=cast("RecordingState", stored.state),
                    repo=header.repo.name,
                    workspace=str(stored.workspace),
                    bug_id=header.bug_id,
                    start_time=header.start_time,
                    end_time=header.end_time,
                    events=events,
                    tests_passed=header.qa_results.tests_passed,
                    reasoning_score=header.qa_results.reasoning_score,
                )
            )
        return ListResult(traces=traces, unreadable=unreadable)

    async def get(self, params: GetParams) -> dict[str, Any]:
        """Return a page as :class:`~fixtrail_protocol.rpc.GetResult` has it; plain, since events hold any text."""
        async with TraceReader(await self._settled(params.trace_id)) as reader:
            stored = await reader.trace()
            page = await reader.page(params.after_seq, params.limit, max_bytes=PAGE_BYTES)
            last = page[-1].seq if page else params.after_seq
            more = bool(page) and bool(await reader.page(last, 1))
        return {
            "trace": stored.header.model_dump(mode="json"),
            "events": [event.document() for event in page],
            "nextSeq": last if more else None,
        }

    async def delete_events(self, params: DeleteEventsParams) -> DeleteEventsResult:
        """Delete events for good: overwritten in the file, gone from its log, and from everything made of them."""
        if params.event_ids is None and params.since is None and params.until is None:
            raise UsageError("delete/nothing-named", "Neither events nor a time range are named.", "Name some.")
        deleted = await self._service.forget(params)
        self._service.on_status()
        return DeleteEventsResult(deleted=deleted)

    async def export(self, params: ExportParams) -> ExportResult:
        """Write a trace as a document."""
        from fixtrail.delivery.json_export import export_json

        path = await self._settled(params.trace_id)
        schema = "1.0" if params.format == "json-1.0" else "1.1"
        suffix = ".1.0.json" if schema == "1.0" else ".json"
        target = Path(params.path) if params.path else self._service.data.exports / f"{path.stem}{suffix}"
        if not target.is_absolute():
            raise UsageError("export/relative-path", f"The path {target} is relative.", "Give an absolute path.")
        return await export_json(path, target, schema=cast("Any", schema), gate=await self._gate(path))

    async def upload(self, params: UploadParams) -> UploadResult:
        """Send a finalized trace to a collector."""
        from fixtrail.delivery.collector_client import UploadTarget, upload_trace

        path = await self._settled(params.trace_id)
        settings = self._service.settings(None)
        if params.target or settings.upload.url:
            settings = await asyncio.to_thread(with_upload_token, settings)
        upload = settings.upload
        url = params.target or upload.url
        if url is None:
            raise UnavailableError(
                "upload/no-target", "There is no collector to upload to.", "Give one, or set FIXTRAIL_UPLOAD_URL."
            )
        # A token belongs to the collector it was set for: it is not sent to any other address.
        token = upload.token.get_secret_value() if upload.token and url == (upload.url or url) else None
        return await upload_trace(path, UploadTarget(url=url, token=token), gate=await self._gate(path))
