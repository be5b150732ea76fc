"""Writer and reader on real SQLite files: order, durability, one writer, and files that are not ours."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
from fixtrail.errors import StoreError
from fixtrail.store.batch import Batch, Row
from fixtrail.store.lock import LockedError, Owner, this_process
from fixtrail.store.reader import PAGE, TraceReader
from fixtrail.store.writer import TraceWriter
from fixtrail_protocol.trace import TraceHeader

from tests.support.traces import document


def header() -> TraceHeader:
    fields = {name: value for name, value in document([]).items() if name != "events"}
    return TraceHeader.model_validate_json(orjson.dumps(fields))


def row(number: int, *, content: str = "", event_id: str | None = None, event_type: str = "reasoning_step") -> Row:
    data = orjson.dumps({"content": content or f"thought {number}"}).decode()
    return Row(event_id or f"id-{number:09d}", event_type, "2026-03-02T09:00:00.000Z", "developer", data)


@asynccontextmanager
async def writing(path: Path, *, create: bool = True) -> AsyncIterator[TraceWriter]:
    writer = TraceWriter(path)
    if create:
        await writer.create(header(), state="recording", workspace=path.parent, owner=this_process())
    else:
        await writer.open(this_process())
    try:
        yield writer
    finally:
        await writer.close()


async def contents(path: Path) -> list[tuple[int, str]]:
    async with TraceReader(path) as reader:
        return [(event.seq, event.event_id) async for event in reader.events()]


async def test_many_producers_are_stored_in_the_order_of_submission(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    commits: list[dict[str, int]] = []
    writer = TraceWriter(path, on_commit=commits.append)
    await writer.create(header(), state="recording", workspace=tmp_path, owner=this_process())
    for number in range(1, 5001):
        writer.submit(
            Batch(prepare=lambda number=number: [row(number)], stream=f"s{number % 3}", stream_seq=number)  # type: ignore[misc]
        )
    assert writer.pending == 5000
    await writer.flush()
    assert (writer.pending, writer.events) == (0, 5000)
    await writer.close()

    assert await contents(path) == [(number, f"id-{number:09d}") for number in range(1, 5001)]
    assert 1 <= len(commits) < 5000  # a group at a time, each told once it is stored
    merged: dict[str, int] = {}
    for moved in commits:
        assert all(seq > merged.get(name, 0) for name, seq in moved.items())
        merged |= moved
    assert merged == writer.streams == {"s0": 4998, "s1": 4999, "s2": 5000}


async def test_what_was_acknowledged_is_there_for_another_connection(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with writing(path) as writer:
        assert await writer.append(lambda: [row(1), row(2)]) == [1, 2]
        with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as other:
            assert other.execute("SELECT count(*) FROM event").fetchone() == (2,)
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        other.close()


async def test_an_event_id_is_stored_once(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with writing(path) as writer:
        assert await writer.append(lambda: [row(1), row(2), row(1)]) == [1, 2, 1]
        assert await writer.append(lambda: [row(2), row(3)]) == [2, 3]
        assert writer.events == 3
    async with writing(path, create=False) as writer:
        assert await writer.append(lambda: [row(3), row(4)]) == [3, 4]

    assert [seq for seq, _ in await contents(path)] == [1, 2, 3, 4]


async def test_reopening_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with writing(path) as writer:
        writer.submit(Batch(prepare=lambda: [row(1), row(2, event_type="capture_gap")], stream="s", stream_seq=2))
    async with writing(path, create=False) as writer:
        assert (writer.events, writer.gaps, writer.streams) == (2, 1, {"s": 2})
        assert await writer.append(lambda: [row(3)]) == [3]
        await writer.write_header(header(), "paused")
    async with TraceReader(path) as reader:
        stored = await reader.trace()
    assert (stored.state, stored.workspace) == ("paused", tmp_path)


async def test_a_second_writer_is_told_who_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from fixtrail.store.lock import this_process\n"
        "from fixtrail.store.writer import TraceWriter\n"
        "async def main():\n"
        "    writer = TraceWriter(Path(sys.argv[1]))\n"
        "    await writer.open(this_process())\n"
        "    print('held', flush=True)\n"
        "    await asyncio.to_thread(sys.stdin.read)\n"
        "    await writer.close()\n"
        "asyncio.run(main())\n"
    )
    async with writing(path):
        with pytest.raises(LockedError) as here:
            await TraceWriter(path).open(this_process())
        assert here.value.owner == Owner(pid=os.getpid())

    other = subprocess.Popen(  # noqa: ASYNC220 - started and gone in an instant, read in a thread
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert await asyncio.to_thread(other.stdout.readline) == "held\n"
        with pytest.raises(LockedError) as there:
            await TraceWriter(path).open(this_process())
        assert (there.value.code, there.value.owner) == ("trace/locked", Owner(pid=other.pid))
        other.kill()
    async with writing(path, create=False) as writer:  # the lock went with its process
        assert await writer.append(lambda: [row(1)]) == [1]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        ("PRAGMA user_version = 9999", "store/too-new"),
        ("PRAGMA application_id = 7", "store/not-a-trace"),
        (None, "store/unreadable"),
    ],
)
async def test_a_file_that_is_not_ours_is_refused_and_left_as_it_is(
    tmp_path: Path, make: str | None, code: str
) -> None:
    path = tmp_path / "t.db"
    async with writing(path) as writer:
        await writer.append(lambda: [row(1)])
    if make is None:
        path.write_bytes(b"This is a letter to my grandmother. " * 200)
    else:
        other = sqlite3.connect(path)
        other.execute(make)
        other.commit()
        other.close()
    before = path.read_bytes()

    with pytest.raises(StoreError) as written:
        await TraceWriter(path).open(this_process())
    with pytest.raises(StoreError) as read:
        async with TraceReader(path):
            pass

    assert (written.value.code, read.value.code) == (code, code)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.glob("t.db-*") if found.stat().st_size] == []


async def test_deleting_takes_the_bytes_out_of_the_file_and_its_log(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with writing(path) as writer:
        secret = "correct horse battery staple " * 500  # long enough for pages of its own
        await writer.append(lambda: [row(1), row(2, content=secret), row(3, content="short-secret"), row(4)])
        assert any(b"battery" in file.read_bytes() for file in tmp_path.glob("t.db*"))

        assert await writer.delete(["id-000000002", "id-000000003", "not-there"], None, None) == (2, 0)

        for file in tmp_path.glob("t.db*"):
            assert b"battery" not in file.read_bytes(), file
            assert b"short-secret" not in file.read_bytes(), file
        assert (writer.events, writer.gaps) == (4, 2)
        assert await writer.append(lambda: [row(5)]) == [5]
        assert await writer.append(lambda: [row(2, content="sent again")]) == [2]
        assert await writer.delete(["id-000000002"], None, None) == (0, 0)
    assert [seq for seq, _ in await contents(path)] == [1, 2, 3, 4, 5]
    async with TraceReader(path) as reader:
        told = [event async for event in reader.events("capture_gap")]
    assert [(event.seq, event.document()["data"]["reason"]) for event in told] == [(2, "deleted"), (3, "deleted")]


async def test_deleting_by_time_takes_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with writing(path) as writer:
        rows = [row(number) for number in range(1, 6)]
        for number, each in enumerate(rows, start=1):
            each.timestamp = f"2026-03-02T09:00:0{number}.000Z"
        await writer.append(lambda: rows)
        assert await writer.delete(None, "2026-03-02T09:00:02.000Z", "2026-03-02T09:00:04.000Z") == (3, 0)
    async with TraceReader(path) as reader:
        assert [event.seq async for event in reader.events("capture_gap")] == [2, 3, 4]


async def test_a_batch_that_cannot_be_prepared_does_not_end_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "t.db"

    def broken() -> list[Row]:
        raise ValueError("a bug of ours")

    async with writing(path) as writer:
        with pytest.raises(StoreError) as refused:
            await writer.append(broken)
        assert refused.value.code == "store/unpreparable"
        assert await writer.append(lambda: [row(1)]) == [1]
    assert [seq for seq, _ in await contents(path)] == [1]


async def test_a_hundred_thousand_events_are_read_in_bounded_pages(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with writing(path) as writer:
        for first in range(0, 100_000, 4_000):
            writer.submit(Batch(prepare=lambda first=first: [row(first + n) for n in range(4_000)], size=4_000))  # type: ignore[misc]
        await writer.flush()

    async with TraceReader(path) as reader:
        assert len(await reader.page(0, PAGE)) == PAGE
        assert len(await reader.page(0, 10_000, max_bytes=2_500)) <= 120
        assert await reader.page(100_000, 10) == []
        expected = 0
        async for event in reader.events():
            expected += 1
            assert event.seq == expected
    assert expected == 100_000
