"""The collector's REST API, over real HTTP: the endpoints and status codes of schema 1.0's service, and ours."""

import asyncio
import contextlib
import hashlib
import json
import logging
import re
import sqlite3
from pathlib import Path

import orjson
import pytest
from fixtrail.collector.app import create_app
from fixtrail.collector.config import CollectorConfig
from fixtrail_protocol.trace import Trace

from tests.support.collectors import TOKEN, collector
from tests.support.traces import document, event, example

STEP = {
    "event_type": "reasoning_step",
    "timestamp": "2026-01-05T10:01:00Z",
    "data": {"content": "I think the bug is in login.py"},
}
NEW_1_0 = {
    "developer_id": "dev-001",
    "repo": {
        "name": "my-app",
        "url": "https://git.example.com/user/repo",
        "branch": "main",
        "commit_before": "abc123",
        "commit_after": "def456",
        "test_command": "pytest",
    },
    "start_time": "2026-01-05T10:00:00Z",
    "events": [],
}


@pytest.fixture
async def http(tmp_path):
    async with collector(tmp_path / "data") as client:
        yield client


async def test_health_and_root_need_no_token(http):
    http.headers.pop("Authorization")
    health = await http.get("/health")
    assert (health.status_code, health.json()) == (200, {"status": "healthy"})
    assert (await http.get("/")).json()["service"] == "fixtrail collector"


async def test_everything_else_does(http):
    http.headers.pop("Authorization")
    for authorization in (None, "Bearer wrong", "Bearer", "Basic a-long-random-word", "a-long-random-word", "Bearer é"):
        headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
        for method, path in (
            ("GET", "/traces"),
            ("POST", "/traces"),
            ("GET", "/traces/x"),
            ("GET", "/traces/x/status"),
            ("POST", "/traces/x/events"),
            ("POST", "/traces/x/finalize"),
        ):
            answer = await http.request(method, path, headers=headers)
            assert answer.status_code == 401, (path, authorization)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["code"] == "collector/unauthorized"


async def test_the_scheme_is_read_in_any_case(http):
    http.headers["Authorization"] = http.headers["Authorization"].replace("Bearer", "bearer")
    assert (await http.get("/traces")).status_code == 200


async def test_a_1_0_client_works_as_its_service_was_documented(http):
    created = await http.post("/traces", json=NEW_1_0)
    assert created.status_code == 201
    assert created.json()["status"] == "stored"
    trace_id = created.json()["trace_id"]
    appended = await http.post(f"/traces/{trace_id}/events", json={"events": [STEP, STEP]})
    assert appended.status_code == 200
    assert appended.json() == {"accepted": 2, "duplicate": 0, "next_seq": 3}
    finalized = await http.post(f"/traces/{trace_id}/finalize")
    assert finalized.status_code == 200
    fetched = await http.get(f"/traces/{trace_id}")
    assert fetched.json() == finalized.json()
    found = fetched.json()
    assert found.pop("trace_id") == trace_id
    assert found.pop("schema_version") == "1.0"
    assert found.pop("qa_results") == {}
    events = found.pop("events")
    assert [{name: sent[name] for name in STEP} for sent in events] == [STEP, STEP]
    assert [sent["seq"] for sent in events] == [1, 2]
    assert found == {name: value for name, value in NEW_1_0.items() if name != "events"}
    Trace.model_validate_json(fetched.content)


@pytest.mark.parametrize("name", ["recorded-1.1.json", "seed-1.0.json"])
async def test_a_whole_document_can_be_posted_and_comes_back(http, name):
    sent = example(name)
    created = await http.post("/traces", content=orjson.dumps(sent))
    assert created.status_code == 201
    assert created.json() == {
        "trace_id": sent["trace_id"],
        "status": "stored",
        "events": len(sent["events"]),
        "next_seq": len(sent["events"]) + 1,
    }
    found = (await http.get(f"/traces/{sent['trace_id']}")).json()
    for given, back in zip(sent["events"], found["events"], strict=True):
        assert back | given == back, "nothing is changed, only ids and numbers are added"
    assert {**found, "events": 0} == {**sent, "events": 0}


async def test_the_same_event_twice_is_stored_once(http):
    trace = document([])
    await http.post("/traces", json=trace)
    path = f"/traces/{trace['trace_id']}"
    events = [event(1), event(2), event(3)]
    assert (await http.post(f"{path}/events", json={"events": events[:2]})).json()["accepted"] == 2
    again = await http.post(f"{path}/events", json={"events": [*events, events[2]]})
    assert again.json() == {"accepted": 1, "duplicate": 3, "next_seq": 4}
    assert (await http.get(path)).json()["events"] == events


async def test_another_event_under_a_used_number_or_id_is_a_conflict_and_nothing_of_its_batch_is_stored(http):
    trace = document([event(1), event(2)])
    await http.post("/traces", json=trace)
    path = f"/traces/{trace['trace_id']}"
    for wrong in (
        event(1) | {"event_id": event(9)["event_id"]},
        event(1) | {"data": {"content": "changed"}},
        event(1) | {"seq": 7},
    ):
        answer = await http.post(f"{path}/events", json={"events": [event(3), wrong]})
        assert answer.status_code == 409
        assert answer.json()["code"] == "collector/event-conflict"
        assert answer.json()["detail"].startswith("events[1]: event ")
    assert [found["seq"] for found in (await http.get(path)).json()["events"]] == [1, 2]


async def test_many_clients_at_once_store_each_event_once(http):
    trace = document([])
    await http.post("/traces", json=trace)
    path = f"/traces/{trace['trace_id']}/events"
    batches = [[event(seq) for seq in range(first, first + 20)] for first in range(1, 201, 20)]
    answers = await asyncio.gather(*(http.post(path, json={"events": batch}) for batch in batches * 3))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["accepted"] for answer in answers) == 200
    assert sum(answer.json()["duplicate"] for answer in answers) == 400


async def test_a_trace_announced_again_says_where_to_go_on(http):
    trace = document([])
    assert (await http.post("/traces", json=trace)).status_code == 201
    await http.post(f"/traces/{trace['trace_id']}/events", json={"events": [event(1), event(2)]})
    again = await http.post("/traces", json=trace)
    assert again.status_code == 200
    assert again.json()["next_seq"] == 3
    status = await http.get(f"/traces/{trace['trace_id']}/status")
    assert status.json() == {"trace_id": trace["trace_id"], "status": "stored", "events": 2, "next_seq": 3}


async def test_an_id_cannot_be_taken_over_by_another_trace(http):
    trace = document([event(1)])
    await http.post("/traces", json=trace)
    for change in ({"developer_id": "somebody"}, {"repo": {"name": "else"}}, {"start_time": "2026-03-02T09:00:01Z"}):
        answer = await http.post("/traces", json=trace | change)
        assert (answer.status_code, answer.json()["code"]) == (409, "collector/trace-conflict")


async def test_finalize_checks_count_and_digest_and_can_be_repeated(http):
    events = [event(1), event(2)]
    trace = document(events, qa_results={"tests_passed": True, "reasoning_score": 4.0})
    await http.post("/traces", json=trace)
    path = f"/traces/{trace['trace_id']}/finalize"
    text = "".join(
        json.dumps(sent, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for sent in events
    )
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    for wrong in ({"count": 3, "sha256": sha256}, {"count": 2, "sha256": "0" * 64}):
        answer = await http.post(path, json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (409, "collector/mismatch")
        assert (await http.get(f"/traces/{trace['trace_id']}/status")).json()["status"] == "stored"
    for _ in range(2):
        done = await http.post(path, json={"count": 2, "sha256": sha256})
        assert done.status_code == 200
        assert done.json()["qa_results"] == {"tests_passed": True, "reasoning_score": 4.0}
    short = await http.post(path, json={"count": 2}, headers={"Prefer": "return=minimal"})
    assert short.json() == {"trace_id": trace["trace_id"], "status": "finalized", "events": 2, "next_seq": 3}
    assert short.headers["preference-applied"] == "return=minimal"


async def test_a_finalized_trace_takes_nothing_new_until_its_header_comes_again_changed(http):
    trace = document([event(1)])
    await http.post("/traces", json=trace)
    path = f"/traces/{trace['trace_id']}"
    await http.post(f"{path}/finalize")
    late = await http.post(f"{path}/events", json={"events": [event(2)]})
    assert (late.status_code, late.json()["code"]) == (409, "collector/finalized")
    again = await http.post(f"{path}/events", json={"events": [event(1)]})
    assert again.json() == {"accepted": 0, "duplicate": 1, "next_seq": 2}
    reopened = await http.post("/traces", json=trace | {"end_time": "2026-03-02T11:00:00.000Z"})
    assert reopened.json()["status"] == "stored"
    assert (await http.post(f"{path}/events", json={"events": [event(2)]})).json()["accepted"] == 1


async def test_an_unknown_trace_is_404(http):
    for method, path in (("GET", ""), ("GET", "/status"), ("POST", "/events"), ("POST", "/finalize")):
        answer = await http.request(method, f"/traces/nothing{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "collector/unknown-trace")
    assert (await http.get("/no/such/place")).json()["code"] == "collector/not-found"
    assert (await http.delete("/traces")).json()["code"] == "collector/bad-method"


async def test_a_path_that_leaves_the_repository_is_400_and_named(http):
    trace = document([])
    await http.post("/traces", json=trace)
    for path in ("../secrets.py", "src/../../x", "/etc/passwd", "C:\\x.py", "a\\b", "a\0b", "a//b", ""):
        bad = {"events": [event(1), event(2, "file_open", file_path=path)]}
        for where in ("/traces", f"/traces/{trace['trace_id']}/events"):
            answer = await http.post(where, json=trace | bad)
            assert (answer.status_code, answer.json()["code"]) == (400, "collector/bad-path"), path
            assert answer.json()["detail"].startswith("events[1].data.file_path: ")


async def test_a_test_command_that_needs_a_shell_is_400_and_named(http):
    for command, part in (
        ("pytest; rm -rf /", "';'"),
        ("pytest && ls", "'&&'"),
        ("pytest $(id)", "'$('"),
        ("a | b", "'|'"),
        ("`id`", "'`'"),
    ):
        answer = await http.post("/traces", json=NEW_1_0 | {"repo": {"name": "x", "test_command": command}})
        assert (answer.status_code, answer.json()["code"]) == (400, "collector/bad-command"), command
        assert answer.json()["detail"].startswith("repo.test_command: ")
        assert part in answer.json()["detail"]


SECRET = "s3cret-words"


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (b"", None),
        (b"[1, 2", None),
        (b"[]", []),
        (b'{"events": NaN}', ["events"]),
        (orjson.dumps({"events": [{**STEP, "event_type": SECRET}]}), ["events", 0]),
        (orjson.dumps({"events": [{**STEP, "timestamp": SECRET}]}), ["events", 0, "reasoning_step", "timestamp"]),
        (orjson.dumps({"events": [{**STEP, "data": {}}]}), ["events", 0, "reasoning_step", "data", "content"]),
        (orjson.dumps({"events": [{**STEP, "data": {"content": [SECRET]}}]}), None),
        (orjson.dumps({"events": [{**STEP, "seq": 0}]}), ["events", 0, "reasoning_step", "seq"]),
        (orjson.dumps({"events": [{**STEP, "seq": 2**60}]}), ["events", 0, "seq"]),
        (b'{"events": [' + orjson.dumps(STEP)[:-2] + b',"x":"\\ud83d"}}]}', None),
        (b'{"events": [' + orjson.dumps(STEP)[:-2] + b',"x":NaN}}]}', None),
        (b'{"events": [' + orjson.dumps(STEP)[:-2] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}}]}", None),
    ],
)
async def test_a_body_that_does_not_fit_is_422_and_is_not_echoed(http, body, loc):
    trace = document([])
    await http.post("/traces", json=trace)
    answer = await http.post(f"/traces/{trace['trace_id']}/events", content=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "collector/invalid"
    assert SECRET not in answer.text
    if loc is not None:
        assert answer.json()["errors"][0]["loc"] == loc
    assert (await http.get(f"/traces/{trace['trace_id']}")).json()["events"] == []


async def test_a_trace_without_its_required_fields_is_422(http):
    answer = await http.post("/traces", json={"developer_id": 5, "repo": {}})
    assert answer.status_code == 422
    assert {tuple(found["loc"]) for found in answer.json()["errors"]} == {
        ("developer_id",),
        ("repo", "name"),
        ("start_time",),
    }
    odd = await http.post("/traces", json=NEW_1_0 | {"trace_id": "../../etc"})
    assert odd.status_code == 422


async def test_a_body_that_is_too_long_is_413_whether_it_says_so_or_not(tmp_path):
    async with collector(tmp_path, max_body=100_000) as http:
        trace = document([])
        await http.post("/traces", json=trace)
        path = f"/traces/{trace['trace_id']}/events"
        fits = orjson.dumps({"events": [event(1, content="x" * 90_000)]})
        large = orjson.dumps({"events": [event(1, content="x" * 3_000_000)]})

        async def chunks():
            for start in range(0, len(large), 50_000):
                yield large[start : start + 50_000]

        for body in (large, chunks()):
            answer = await http.post(path, content=body)
            assert (answer.status_code, answer.json()["code"]) == (413, "collector/too-large")
        assert (await http.post(path, content=fits)).json()["accepted"] == 1


async def test_a_body_that_stalls_is_given_up(tmp_path):
    async with collector(tmp_path, body_timeout=0.2) as http:

        async def stalls():
            yield b'{"developer_id": '
            await asyncio.sleep(1)

        answer = await asyncio.wait_for(http.post("/traces", content=stalls()), 60)
        assert (answer.status_code, answer.json()["code"]) == (408, "collector/timeout")


async def test_a_compressed_body_is_415(http):
    answer = await http.post("/traces", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (415, "collector/bad-encoding")


async def test_text_comes_through_unchanged(http):
    data = {
        "content": "NUL \0, \U0001f389, \uffff\u2028\r\n",
        "jsonrpc": {"type_name": 1, "content-type": "x", "class": [], "_x": None},
        "numbers": [0.1, 1e300, 2**64 - 1],
    }
    trace = document([event(1, "reasoning_step", **data)])
    await http.post("/traces", json=trace)
    [found] = (await http.get(f"/traces/{trace['trace_id']}")).json()["events"]
    assert found["data"] == data


async def test_the_listing_filters_and_is_bounded(http):
    for number, (repo, passed) in enumerate([("a", True), ("b", False), ("a", None), ("a", True)]):
        trace = NEW_1_0 | {"trace_id": f"t{number}", "repo": {"name": repo}, "qa_results": {"tests_passed": passed}}
        await http.post("/traces", json=trace)

    async def ids(**params):
        return [line["trace_id"] for line in (await http.get("/traces", params=params)).json()["traces"]]

    assert await ids() == ["t3", "t2", "t1", "t0"]
    assert await ids(limit=2) == ["t3", "t2"]
    assert await ids(repo="a") == ["t3", "t2", "t0"]
    assert await ids(tests_passed="true") == ["t3", "t0"]
    assert await ids(tests_passed="false", repo="a") == []
    [line] = (await http.get("/traces", params={"repo": "b"})).json()["traces"]
    assert (line["tests_passed"], line["status"], line["events"]) == (False, "stored", 0)
    for wrong in ({"limit": 0}, {"limit": 1001}, {"tests_passed": SECRET}):
        answer = await http.get("/traces", params=wrong)
        assert answer.status_code == 422
        assert SECRET not in answer.text


async def test_a_trace_of_many_events_is_streamed(http):
    trace = document([])
    await http.post("/traces", json=trace)
    path = f"/traces/{trace['trace_id']}"
    for first in range(1, 6001, 2000):
        events = [event(seq, content="z" * 500) for seq in range(first, first + 2000)]
        await http.post(f"{path}/events", json={"events": events})
    chunks = 0
    body = b""
    async with http.stream("GET", path) as answer:
        assert answer.headers["transfer-encoding"] == "chunked"
        async for chunk in answer.aiter_raw():
            chunks += 1
            body += chunk
    assert chunks > 3
    assert [found["seq"] for found in orjson.loads(body)["events"]] == list(range(1, 6001))


async def test_the_log_holds_ids_and_counts_and_no_contents(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with collector(tmp_path) as http:
        trace = document([event(1, content=SECRET)], bug_id=SECRET, repo={"name": SECRET})
        await http.post("/traces", json=trace)
        await http.post(f"/traces/{trace['trace_id']}/events", json={"events": [{"event_type": SECRET}]})
        await http.get("/traces", params={"repo": SECRET})
        await http.get("/traces", headers={"Authorization": f"Bearer {SECRET}"})
    ours = [record for record in caplog.records if record.name == "fixtrail.collector"]
    assert {record.getMessage() for record in ours} >= {"trace stored", "refused", "request", "unauthorized"}
    stored = next(record for record in ours if record.getMessage() == "trace stored")
    assert stored.fields == {"trace": trace["trace_id"], "accepted": 1, "duplicate": 0, "new": True}
    server = [record for record in caplog.records if record.name.startswith(("fixtrail", "uvicorn"))]
    assert not [record for record in server if SECRET in f"{record.getMessage()}{vars(record)}"]


async def test_a_database_that_refuses_is_503_and_nothing_half_done_stays(tmp_path):
    async with collector(tmp_path) as http:
        trace = document([event(1)])
        await http.post("/traces", json=trace)
        path = f"/traces/{trace['trace_id']}"
        # Another program holds the database.
        with contextlib.closing(sqlite3.connect(tmp_path / "collector.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            busy = await http.post(f"{path}/events", json={"events": [event(2)]})
            assert (busy.status_code, busy.json()["code"]) == (503, "collector/storage")
            assert busy.headers["retry-after"] == "5"
            assert (await http.get(f"{path}/status")).json()["events"] == 1
            other.execute("ROLLBACK")
        assert (await http.post(f"{path}/events", json={"events": [event(2)]})).json()["accepted"] == 1


async def test_the_database_is_private_durable_and_knows_what_it_is(tmp_path):
    async with collector(tmp_path / "data") as http:
        await http.post("/traces", json=document([event(1)]))
    path = tmp_path / "data" / "collector.db"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA application_id").fetchone() == (0x46585443,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_documentation_names_every_endpoint_and_every_code(tmp_path):
    root = Path(__file__).parents[2]
    text = (root / "docs" / "collector.md").read_text(encoding="utf-8")
    app = create_app(CollectorConfig(data_dir=tmp_path, token=TOKEN))
    routes = [(method, route.path) for route in app.routes for method in getattr(route, "methods", ())]
    assert len(routes) == 8
    assert not [(method, path) for method, path in routes if f"`{method} {path}`" not in text]
    source = "".join(path.read_text() for path in (root / "daemon" / "fixtrail" / "collector").glob("*.py"))
    answered = set(re.findall(r'"(collector/[a-z-]+)"', source)) - {
        "collector/no-token",
        "collector/locked",
        "collector/cannot-listen",
        "collector/refused",
    }
    assert answered == set(re.findall(r"`(collector/[a-z-]+)`", text))
