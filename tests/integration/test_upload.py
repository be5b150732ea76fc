"""Upload to a real collector over a network that fails: each event arrives once, and every refusal says what to do."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest
from fixtrail.delivery import collector_client
from fixtrail.delivery.collector_client import RetryPolicy, UploadTarget, upload_trace
from fixtrail.errors import StateError, UnavailableError, UsageError

from tests.support.collectors import TOKEN, Answers, CuttingProxy, collector, serve
from tests.support.traces import document, event, example, write_trace

QUICK = RetryPolicy(attempts=4, wait_initial=0.01, wait_max=0.02)
ONCE = RetryPolicy(attempts=1)


def target(http, token=TOKEN):
    return UploadTarget(str(http.base_url), token)


async def stored(http, trace):
    return (await http.get(f"/traces/{trace['trace_id']}")).json()


async def test_the_whole_trace_arrives_and_is_finalized(tmp_path):
    trace = example()
    path = await write_trace(tmp_path, trace)
    async with collector(tmp_path / "data") as http:
        result = await upload_trace(path, target(http))
        assert (result.accepted, result.duplicate) == (26, 0)
        assert result.url == f"{str(http.base_url).rstrip('/')}/traces/{trace['trace_id']}"
        assert await stored(http, trace) == trace
        assert (await http.get(f"/traces/{trace['trace_id']}/status")).json()["status"] == "finalized"


async def test_uploading_again_changes_nothing(tmp_path):
    trace = document([event(seq) for seq in range(1, 1201)])
    path = await write_trace(tmp_path, trace)
    async with collector(tmp_path / "data") as http:
        first = await upload_trace(path, target(http))
        again = await upload_trace(path, target(http))
        assert (first.accepted, first.duplicate) == (1200, 0)
        assert (again.accepted, again.duplicate) == (0, 1200)
        assert (await stored(http, trace))["events"] == trace["events"]


async def test_progress_goes_up_to_the_whole(tmp_path):
    path = await write_trace(tmp_path, document([event(seq) for seq in range(1, 1201)]))
    seen = []
    async with collector(tmp_path / "data") as http:
        await upload_trace(path, target(http), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(500, 1200), (1000, 1200), (1200, 1200), (1200, 1200)]


async def test_a_trace_without_events_is_uploaded_too(tmp_path):
    trace = document([])
    path = await write_trace(tmp_path, trace)
    async with collector(tmp_path / "data") as http:
        assert (await upload_trace(path, target(http))).accepted == 0
        assert (await stored(http, trace))["events"] == []


async def test_hostile_text_arrives_character_for_character(tmp_path):
    data = {
        "content": "NUL \0, \U0001f389, \uffff\u2028\r\n " + "x" * 1_000_000,
        "jsonrpc": {"type_name": 1, "content-type": "x", "class": [], "_x": None},
        "numbers": [0.1, 1e300, 2**64 - 1, -0.0],
    }
    trace = document([event(1, "reasoning_step", **data)])
    path = await write_trace(tmp_path, trace)
    async with collector(tmp_path / "data") as http:
        await upload_trace(path, target(http))
        assert (await stored(http, trace))["events"][0]["data"] == data


async def test_nothing_leaves_without_consent_or_before_finalize(tmp_path):
    seen = []

    async def counting(scope, receive, send):
        seen.append(scope)

    for number, (changes, code) in enumerate(
        (
            ({"consent": None}, "upload/no-consent"),
            ({"consent": {"upload": False, "code": True}}, "upload/no-consent"),
            ({"end_time": None}, "upload/not-finalized"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = await write_trace(folder, document([event(1)], **changes))
        async with serve(counting) as url:
            before = len(seen)
            with pytest.raises(UsageError) as refused:
                await upload_trace(path, UploadTarget(url, TOKEN))
            assert refused.value.code == code
            assert len(seen) == before, "not even a connection"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_collector_is_asked_again(tmp_path, status):
    trace = document([event(1)])
    path = await write_trace(tmp_path, trace)
    fronts = []

    def busy(app):
        fronts.append(Answers(app, "/events", [(status, {}), (status, {"Retry-After": "0"})]))
        return fronts[0]

    async with collector(tmp_path / "data", wrap=busy) as http:
        result = await upload_trace(path, target(http), retry=QUICK)
        assert result.accepted == 1
        assert [path for path in fronts[0].seen if path.endswith("/events")] == [
            f"/traces/{trace['trace_id']}/events"
        ] * 3


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_honoured(tmp_path, form):
    path = await write_trace(tmp_path, document([event(1)]))
    later = datetime.now(UTC) + timedelta(seconds=2)
    asked = "1" if form == "seconds" else format_datetime(later, usegmt=True)
    async with collector(
        tmp_path / "data", wrap=lambda app: Answers(app, "/traces", [(503, {"Retry-After": asked})])
    ) as http:
        begun = time.monotonic()
        await upload_trace(path, target(http), retry=QUICK)
        # A date has whole seconds, so up to one of the two may be over already. Without the header it is 0.01 s.
        assert time.monotonic() - begun > 0.5


async def test_a_retry_after_of_a_day_is_not_waited_for(tmp_path):
    path = await write_trace(tmp_path, document([event(1)]))
    retry = RetryPolicy(attempts=2, wait_initial=0.01, wait_max=0.02, retry_after_max=0.05)
    script = [(503, {"Retry-After": "86400"})]
    async with collector(tmp_path / "data", wrap=lambda app: Answers(app, "/traces", script)) as http:
        assert (await upload_trace(path, target(http), retry=retry)).accepted == 1


async def test_a_collector_that_stays_busy_is_given_up_and_the_upload_goes_on_later(tmp_path):
    trace = document([event(seq) for seq in range(1, 1201)])
    path = await write_trace(tmp_path, trace)
    script = [None, *[(503, {})] * 4]
    async with collector(tmp_path / "data", wrap=lambda app: Answers(app, "/events", script)) as http:
        with pytest.raises(UnavailableError) as refused:
            await upload_trace(path, target(http), retry=QUICK)
        assert refused.value.code == "upload/unavailable"
        assert len((await stored(http, trace))["events"]) == 500
        result = await upload_trace(path, target(http))
        assert (result.accepted, result.duplicate) == (700, 500)
        assert (await stored(http, trace))["events"] == trace["events"]


@pytest.mark.parametrize("cut", [{"after_request": 300_000}, {"at_answer": 3}])
async def test_an_upload_that_is_cut_and_started_again_arrives_exactly_once(tmp_path, cut):
    """Once in the middle of a batch, once after a batch was stored and before its answer came back."""
    trace = document([event(seq, content="w" * 200) for seq in range(1, 1601)])
    path = await write_trace(tmp_path, trace)
    async with collector(tmp_path / "data") as http:
        async with CuttingProxy(str(http.base_url), **cut) as proxy:
            with pytest.raises(UnavailableError) as refused:
                await upload_trace(path, UploadTarget(proxy.url, TOKEN), retry=ONCE)
            assert refused.value.code == "upload/unreachable"
            assert proxy.cuts == 1
        held = (await stored(http, trace))["events"]
        assert 0 < len(held) < 1600
        assert held == trace["events"][: len(held)], "whole batches, from the beginning"
        assert len(held) == (500 if "after_request" in cut else 1000)
        result = await upload_trace(path, target(http))
        assert (result.accepted, result.duplicate) == (1600 - len(held), len(held))
        assert (await stored(http, trace))["events"] == trace["events"]


async def test_a_lost_answer_is_asked_for_again_within_one_upload(tmp_path):
    trace = document([event(seq) for seq in range(1, 801)])
    path = await write_trace(tmp_path, trace)
    async with collector(tmp_path / "data") as http, CuttingProxy(str(http.base_url), at_answer=2) as proxy:
        result = await upload_trace(path, UploadTarget(proxy.url, TOKEN), retry=QUICK)
        assert proxy.cuts == 1
        assert (result.accepted, result.duplicate) == (300, 500), "the first batch was stored though nobody said so"
        assert (await stored(http, trace))["events"] == trace["events"]


async def test_a_batch_that_is_too_large_is_halved_until_it_fits(tmp_path):
    trace = document([event(seq, content="v" * 1000) for seq in range(1, 601)])
    path = await write_trace(tmp_path, trace)
    fronts = []

    def noting(app):
        fronts.append(Answers(app, "", []))
        return fronts[0]

    async with collector(tmp_path / "data", wrap=noting, max_body=100_000) as http:
        result = await upload_trace(path, target(http), retry=ONCE)
        assert result.accepted == 600
        assert (await stored(http, trace))["events"] == trace["events"]
    # 500 events are refused, then 250, then 125 (twice 62 and 63 fit); from then on no batch is too large.
    assert len([path for path in fronts[0].seen if path.endswith("/events")]) < 20


async def test_batches_stay_under_four_megabytes(tmp_path):
    trace = document([event(seq, content="u" * 1_000_000) for seq in range(1, 11)])
    path = await write_trace(tmp_path, trace)
    async with collector(tmp_path / "data", max_body=collector_client.BATCH_BYTES + 10_000) as http:
        seen = []
        await upload_trace(path, target(http), retry=ONCE, progress=lambda done, _: seen.append(done))
        assert seen == [4, 8, 10, 10]


async def test_one_event_that_is_too_large_is_named(tmp_path):
    path = await write_trace(tmp_path, document([event(1), event(2, content="t" * 300_000), event(3)]))
    async with collector(tmp_path / "data", max_body=100_000) as http:
        with pytest.raises(UnavailableError) as refused:
            await upload_trace(path, target(http), retry=ONCE)
    assert refused.value.code == "upload/too-large"
    assert f"event 2 (reasoning_step, {event(2)['event_id']})" in refused.value.message


async def test_an_event_the_collector_refuses_is_named(tmp_path):
    events = [event(1), event(2, "file_open", file_path="../outside.py")]
    path = await write_trace(tmp_path, document(events))
    async with collector(tmp_path / "data") as http:
        with pytest.raises(UsageError) as refused:
            await upload_trace(path, target(http))
    assert refused.value.code == "upload/rejected"
    assert f"event 2 (file_open, {events[1]['event_id']})" in refused.value.message
    assert "'../outside.py' holds an empty, '.' or '..' segment" in refused.value.message


async def test_an_event_that_does_not_fit_the_schema_is_named(tmp_path):
    path = await write_trace(tmp_path, document([event(1), event(2), event(3, "reasoning_step", content=5)]))
    async with collector(tmp_path / "data") as http:
        with pytest.raises(UsageError) as refused:
            await upload_trace(path, target(http))
    assert refused.value.code == "upload/rejected"
    assert "event 3 (reasoning_step, " in refused.value.message
    assert "Input should be a valid string" in refused.value.message


async def test_a_refused_header_says_why(tmp_path):
    path = await write_trace(tmp_path, document([], repo={"name": "x", "test_command": "a; b"}))
    async with collector(tmp_path / "data") as http:
        with pytest.raises(UsageError, match=r"repo\.test_command: .*';'"):
            await upload_trace(path, target(http))


@pytest.mark.parametrize("token", ["wrong", None, ""])
async def test_a_wrong_token_is_not_tried_again(tmp_path, token):
    path = await write_trace(tmp_path, document([event(1)]))
    fronts = []

    def noting(app):
        fronts.append(Answers(app, "", []))
        return fronts[0]

    async with collector(tmp_path / "data", wrap=noting) as http:
        with pytest.raises(UnavailableError) as refused:
            await upload_trace(path, target(http, token), retry=QUICK)
    assert refused.value.code == "upload/unauthorized"
    assert fronts[0].seen == ["/traces"]
    assert "wrong" not in str(refused.value)


async def test_events_deleted_after_an_upload_are_noticed(tmp_path):
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = await write_trace(tmp_path / "before", document([event(1), event(2)]))
    after = await write_trace(tmp_path / "after", document([event(1)]))
    async with collector(tmp_path / "data") as http:
        await upload_trace(before, target(http))
        with pytest.raises(StateError) as refused:
            await upload_trace(after, target(http))
    assert refused.value.code == "upload/conflict"
    assert "2 events are here and not 1" in refused.value.message


async def test_a_trace_that_went_on_and_was_finalized_again_is_brought_up_to_date(tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    first = await write_trace(tmp_path / "first", document([event(1)]))
    longer = document([event(1), event(2)], end_time="2026-03-02T11:00:00.000Z", qa_results={"tests_passed": True})
    second = await write_trace(tmp_path / "second", longer)
    async with collector(tmp_path / "data") as http:
        await upload_trace(first, target(http))
        result = await upload_trace(second, target(http))
        assert (result.accepted, result.duplicate) == (1, 1)
        found = await stored(http, longer)
        assert found["events"] == longer["events"]
        assert (found["end_time"], found["qa_results"]["tests_passed"]) == ("2026-03-02T11:00:00.000Z", True)


async def test_a_server_that_is_no_collector_is_recognised(tmp_path):
    path = await write_trace(tmp_path, document([event(1)]))

    def answering(status, body):
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                raise RuntimeError("none")
            while (await receive()).get("more_body"):
                pass
            headers = [(b"content-length", str(len(body)).encode()), (b"location", b"http://127.0.0.1:1/")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        return app

    for status, body, code in (
        (200, b"<html>welcome</html>", "upload/not-a-collector"),
        (201, orjson.dumps({"trace_id": "x", "status": "stored"}), "upload/not-a-collector"),
        (201, orjson.dumps({"next_seq": "1"}), "upload/not-a-collector"),
        (302, b"", "upload/not-a-collector"),
        (404, b"not here", "upload/not-a-collector"),
        (500, b"oops", "upload/server-error"),
    ):
        async with serve(answering(status, body)) as url:
            with pytest.raises(UnavailableError) as refused:
                await upload_trace(path, UploadTarget(url, TOKEN), retry=QUICK)
            assert refused.value.code == code, (status, body)


async def test_nobody_there_is_said_plainly(tmp_path, unused_tcp_port):
    path = await write_trace(tmp_path, document([event(1)]))
    with pytest.raises(UnavailableError) as refused:
        await upload_trace(path, UploadTarget(f"http://127.0.0.1:{unused_tcp_port}", TOKEN), retry=QUICK)
    assert refused.value.code == "upload/unreachable"
    assert "cannot be reached (connect error)" in refused.value.message
    assert "what has arrived is not sent twice" in refused.value.hint


@pytest.mark.parametrize(
    "url", ["", "collector", "ftp://x", "http://", "http://me:pw@host", "http://h/?a=1", "http://h/#f", "http://[x"]
)
async def test_an_address_that_is_none_is_refused(tmp_path, url):
    path = await write_trace(tmp_path, document([event(1)]))
    with pytest.raises(UsageError) as refused:
        await upload_trace(path, UploadTarget(url, TOKEN))
    assert refused.value.code == "upload/bad-url"
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize("token", ["two\nlines", "with space", "é", "\udce9"])
async def test_a_token_that_no_header_can_carry_is_refused(tmp_path, token):
    path = await write_trace(tmp_path, document([event(1)]))
    with pytest.raises(UsageError) as refused:
        await upload_trace(path, UploadTarget("http://127.0.0.1:1", token))
    assert refused.value.code == "upload/bad-token"
    assert token not in str(refused.value)


def test_a_target_does_not_show_its_token():
    assert TOKEN not in repr(UploadTarget("http://h", TOKEN))
