"""Write a trace as one JSON document, a page of events at a time."""

import contextlib
from pathlib import Path
from typing import Any

import orjson
from fixtrail_protocol.rpc import ExportResult

from fixtrail.delivery.document import Schema, event_document, header_document
from fixtrail.errors import UsageError
from fixtrail.privacy.gate import Gate
from fixtrail.store.output import OutputFile
from fixtrail.store.reader import TraceReader


async def export_json(
    trace_file: Path, target: Path, *, schema: Schema = "1.1", gate: Gate | None = None
) -> ExportResult:
    """Write the trace in ``trace_file`` to ``target`` as native JSON.

    The header is laid out for reading, each event is one line. Memory does not grow with the trace. A trace that
    is still being written is exported as it was at the beginning of the call.

    Parameters
    ----------
    target
        Replaced when it is a regular file; mode 0600.
    schema
        ``1.1``: everything. ``1.0``: exactly the fields and the six event types of schema 1.0.
    gate
        Takes secrets out once more.

    Returns
    -------
    ExportResult
        Path, size in bytes and SHA-256 of the file.

    Raises
    ------
    StoreError, UsageError
        ``export/cannot-write``, or ``store/...`` when the trace cannot be read.
    """
    with contextlib.suppress(OSError, ValueError):  # OutputFile says what is wrong with such a target
        if target.samefile(trace_file):
            raise UsageError("export/cannot-write", f"{target} is the trace itself.", "Name another file.")
    async with TraceReader(trace_file) as reader, OutputFile(target) as out:
        header = (await reader.trace()).header
        remaining, _ = await reader.counts()
        document = header_document(header, schema)
        results = document.pop("qa_results")
        fields = [_field(name, value) for name, value in document.items()]
        await out.write(b"{\n" + b",\n".join(fields) + b',\n  "events": [')
        separator = b"\n    "
        async for event in reader.events():
            if remaining == 0:
                break
            remaining -= 1
            if (line := event_document(event, schema, gate)) is not None:
                await out.write(separator + orjson.dumps(line))
                separator = b",\n    "
        end = b"],\n" if separator == b"\n    " else b"\n  ],\n"
        await out.write(end + _field("qa_results", results) + b"\n}\n")
    return ExportResult(path=str(target), bytes=out.size, sha256=out.sha256)


def _field(name: str, value: Any) -> bytes:
    # A JSON text holds no raw line break inside a string, so shifting its lines changes the layout only.
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).replace(b"\n", b"\n  ")
    return b"  " + orjson.dumps(name) + b": " + text
