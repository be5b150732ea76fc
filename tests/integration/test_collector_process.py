"""The collector as a process: it starts, stops in order, keeps what it took, and says why it does not start."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import sys

import httpx
import pytest

from tests.support.collectors import TOKEN
from tests.support.traces import document, event

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@contextlib.asynccontextmanager
async def process(folder, **environment):
    settings = {
        "FIXTRAIL_COLLECTOR_TOKEN": TOKEN,
        "FIXTRAIL_COLLECTOR_DATA": str(folder),
        "FIXTRAIL_COLLECTOR_PORT": "0",
    }
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fixtrail.collector"),
        env=os.environ | settings | environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def address(running):
    """Return the base URL that the process logs before it serves, once it answers there."""
    line = json.loads(await asyncio.wait_for(running.stderr.readline(), 60))
    assert line["event"] == "starting"
    url = f"http://{line['host']}:{line['port']}"
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/health", timeout=30)).json() == {"status": "healthy"}
    return url


async def test_what_was_acknowledged_is_there_after_kill_9(tmp_path):
    trace = document([event(1), event(2)])
    async with process(tmp_path) as first:
        url = await address(first)
        async with httpx.AsyncClient(base_url=url, headers=AUTHORIZED) as client:
            assert (await client.post("/traces", json=trace)).status_code == 201
        first.kill()
        await first.wait()
    async with process(tmp_path) as second:
        url = await address(second)
        async with httpx.AsyncClient(base_url=url, headers=AUTHORIZED) as client:
            found = await client.get(f"/traces/{trace['trace_id']}")
    assert found.json()["events"] == trace["events"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_request_under_way_is_answered_before_the_end(tmp_path, stop):
    body = json.dumps(document([event(1)])).encode()
    head = (
        f"POST /traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    async with process(tmp_path) as running:
        url = await address(running)
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head.encode() + body[:10])
        await writer.drain()
        async with httpx.AsyncClient(base_url=url) as client:
            await client.get("/health")  # the first half has surely arrived by now
        running.send_signal(stop)
        await asyncio.sleep(0.5)
        writer.write(body[10:])
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        await asyncio.wait_for(running.wait(), 30)
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert running.returncode in (0, -stop)
    assert not list(tmp_path.glob("*-wal")), "the database was closed in order"


async def ended(running):
    """Wait for a process that refuses to start; return its exit code and what it said."""
    _, said = await asyncio.wait_for(running.communicate(), 60)
    return running.returncode, said.decode()


@pytest.mark.parametrize("token", ["", "  "])
async def test_it_does_not_start_without_a_token(tmp_path, token):
    async with process(tmp_path, FIXTRAIL_COLLECTOR_TOKEN=token) as running:
        code, said = await ended(running)
    assert code == 2
    assert "FIXTRAIL_COLLECTOR_TOKEN" in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


async def test_a_port_in_use_is_said_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with process(tmp_path, FIXTRAIL_COLLECTOR_PORT=port) as running:
            code, said = await ended(running)
    assert code == 3
    assert said.startswith(f"The collector cannot listen on 127.0.0.1:{port}: ")
    assert len(said.splitlines()) == 1


async def test_two_collectors_do_not_share_a_folder(tmp_path):
    async with process(tmp_path) as first:
        await address(first)
        async with process(tmp_path) as second:
            code, said = await ended(second)
    assert code == 2
    assert "Another collector uses" in said.splitlines()[-1]
    assert "Traceback" not in said


async def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    async with process(tmp_path / "file") as running:
        code, said = await ended(running)
    assert code == 3
    assert "cannot be used" in said.splitlines()[-1]
    assert "Traceback" not in said


async def test_a_foreign_database_is_left_as_it_is(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "collector.db")) as db:
        db.execute("CREATE TABLE theirs (x)")
        db.commit()
    async with process(tmp_path) as running:
        code, said = await ended(running)
    assert code == 3
    assert "was not made by this version" in said.splitlines()[-1]


async def test_every_line_of_the_log_is_json(tmp_path):
    async with process(tmp_path) as running:
        url = await address(running)
        async with httpx.AsyncClient(base_url=url, headers=AUTHORIZED) as client:
            await client.post("/traces", json=document([event(1)]))
            await client.get("/traces/unknown")
        running.terminate()
        _, rest = await asyncio.wait_for(running.communicate(), 30)
    lines = [json.loads(line) for line in rest.splitlines()]
    requests = [(line["method"], line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert requests == [
        ("GET", "/health", 200),
        ("POST", "/traces", 201),
        ("GET", "/traces/{trace_id}", 404),
    ]
    assert {"time", "level", "event"} <= set(lines[0])
