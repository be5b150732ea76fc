"""A trace file of any earlier version is taken up, brought forward and goes on; nothing of it changes."""

import sqlite3
from pathlib import Path

import orjson
import pytest
from fixtrail.store.batch import Row
from fixtrail.store.database import APPLICATION_ID, migrations
from fixtrail.store.lock import this_process
from fixtrail.store.reader import TraceReader
from fixtrail.store.writer import TraceWriter
from fixtrail_protocol.trace import Repo, TraceHeader

TRACE = "01997d40-6d00-7000-8000-000000000001"


def old_file(path: Path, version: int) -> list[tuple[str, str]]:
    """Write a file as a fixtrail that knew ``version`` wrote it; returns ids and data of its events."""
    header = TraceHeader(
        schema_version="1.1",
        trace_id=TRACE,
        developer_id="anon-1",
        repo=Repo(name="work"),
        start_time="2026-03-02T09:00:00.000Z",
    )
    events = [
        (f"id-{number}", orjson.dumps({"content": f"thought {number} \U0001f600"}).decode()) for number in range(9)
    ]
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for step in migrations()[:version]:
        db.executescript(step)
    db.execute(f"PRAGMA user_version = {version}")
    db.execute(
        "INSERT INTO trace (id, trace_id, state, workspace, header) VALUES (1, ?, 'recording', ?, ?)",
        (TRACE, str(path.parent), header.model_dump_json()),
    )
    for seq, (event_id, data) in enumerate(events, 1):
        db.execute(
            "INSERT INTO event (seq, event_id, event_type, timestamp, actor, data)"
            " VALUES (?, ?, 'reasoning_step', '2026-03-02T09:00:01.000Z', 'developer', ?)",
            (seq, event_id, data),
        )
    db.execute("INSERT INTO stream (name, last_seq) VALUES ('editor', 9)")
    db.commit()
    db.close()
    return events


@pytest.mark.parametrize("version", range(1, len(migrations()) + 1))
async def test_a_file_of_every_version_goes_on(tmp_path: Path, version: int) -> None:
    path = tmp_path / f"{TRACE}.db"
    events = old_file(path, version)
    writer = TraceWriter(path)
    await writer.open(this_process())
    try:
        assert (writer.events, writer.streams) == (9, {"editor": 9})
        more = Row("id-9", "reasoning_step", "2026-03-02T09:00:02.000Z", "developer", '{"content":"more"}', None)
        assert await writer.append(lambda: [more]) == [10]
    finally:
        await writer.close()
    async with TraceReader(path) as reader:
        await reader.check()
        page = await reader.linked_page(0, 100)
    assert [(event.event_id, event.data) for event, _ in page[:-1]] == events
    assert all(link for _, link in page)
    assert [event.clock is None for event, _ in page] == [True] * 9 + [False], "only what is new has a second clock"
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(migrations()),)
    db.close()
