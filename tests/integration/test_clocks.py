"""A wall clock that is set while a trace is recorded: the order stays, and the trace says what happened."""

from collections.abc import Iterator
from pathlib import Path

from fixtrail.capture.clocks import ClockWatch, Reading
from fixtrail.capture.documents import DocumentStore
from fixtrail.capture.paths import Workspace
from fixtrail.capture.recorder import Recorder
from fixtrail.settings import CaptureSettings
from fixtrail.store.lock import this_process
from fixtrail.store.reader import TraceReader
from fixtrail.store.writer import TraceWriter
from fixtrail_protocol.trace import Repo, TraceHeader

HOUR = 3_600_000


def set_back_after(readings: int) -> Iterator[Reading]:
    moment = 0
    while True:
        wall = 10 * HOUR + moment - (HOUR if moment >= readings else 0)
        yield Reading(wall, moment, moment)
        moment += 1


async def test_a_clock_set_back_is_marked_and_the_order_stays(tmp_path: Path) -> None:
    header = TraceHeader(
        schema_version="1.1",
        trace_id="01997d40-6d00-7000-8000-000000000001",
        developer_id="anon-1",
        repo=Repo(name="work"),
        start_time="2026-03-02T09:00:00.000Z",
    )
    writer = TraceWriter(tmp_path / "trace.db")
    await writer.create(header, state="recording", workspace=tmp_path, owner=this_process())
    recorder = Recorder(writer, header, Workspace(tmp_path), DocumentStore(), CaptureSettings())
    clocks = set_back_after(3)
    recorder._clocks = ClockWatch(clocks.__next__)
    times = ["12:00:00", "12:00:01", "11:00:02", "11:00:03"]  # what the wall clock showed
    for number, time in enumerate(times):
        await recorder.record("reasoning_step", {"content": f"{number}"}, timestamp=f"2026-03-02T{time}.000Z")
    await recorder.close()
    async with TraceReader(tmp_path / "trace.db") as reader:
        events = [event.document() async for event in reader.events()]
    told = [event["data"].get("content") or event["data"]["mark"] for event in events]
    assert told == ["0", "1", "clock_changed", "2", "3"]
    assert "set back by 3600.0 s" in events[2]["data"]["detail"]
