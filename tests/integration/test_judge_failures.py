"""Every way in which a judge can fail, over real HTTP: each ends in time, in a named status, and never in a score."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import openai  # noqa: F401 - its import takes longer than the short deadlines here
import pytest
from fixtrail.qa.judge import ReasoningStep, judge_reasoning, judge_trace
from fixtrail.settings import JudgeSettings
from fixtrail_protocol.qa import DIMENSIONS, Reasoning

from tests.support.loopback import loopback_only
from tests.support.scripted_llm import (
    Behaviour,
    Request,
    ScriptedLLM,
    answers,
    by_model,
    cited,
    completion,
    drips,
    fails,
    full_marks,
    hangs,
    http_response,
    record_of,
    resets,
    says,
    sends,
)
from tests.support.timelines import SOUND, process_of, thought, timeline_of

STEPS = [ReasoningStep("a", "CONTENT-OF-THE-TRACE: the cache key lacks the locale.", "2026-11-23T09:00:00.000Z")]
TIMELINE = timeline_of([thought(STEPS[0].content), *SOUND])
KEY = "sk-test-key"
WHOLE = http_response(json.dumps(completion(full_marks())).encode())


@pytest.fixture(autouse=True)
def _stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    with loopback_only():
        yield


async def judge(base_url: str, deadline: float = 5.0, *, mode: str = "compat") -> Reasoning:
    """Judge, and check what holds for every failure: in time, no score, a sentence that gives nothing away."""
    settings = JudgeSettings.model_validate(
        {"base_url": base_url, "api_key": KEY, "timeout_seconds": deadline, "mode": mode}
    )
    started = time.monotonic()

    if mode == "compat":
        result = await judge_reasoning(STEPS, settings, consent=True)
    else:
        result = await judge_trace(TIMELINE, process_of(TIMELINE), settings, consent=True)

    assert result.mode == mode
    assert time.monotonic() - started < deadline + 1
    assert result.status != "scored"
    assert result.score is None
    assert result.dimensions is None
    assert result.feedback is None
    reason = result.reason or ""
    assert reason.endswith(".")
    assert KEY not in reason
    assert "CONTENT-OF-THE-TRACE" not in reason
    assert Reasoning.model_validate_json(result.model_dump_json()) == result
    return result


async def judge_by(*script: Behaviour, deadline: float = 5.0, requests: int = 1) -> Reasoning:
    async with ScriptedLLM(*script) as llm:
        result = await judge(llm.base_url, deadline)
        assert result.endpoint == llm.origin
        assert len(llm.requests) == requests, "nothing is tried again behind the developer's back"
    return result


@pytest.mark.parametrize(
    ("behaviour", "status", "advice"),
    [
        (fails(401, message=f"Incorrect API key provided: {KEY}"), "unauthorized", "OPENAI_API_KEY"),
        (fails(403), "unauthorized", "permissions"),
        (fails(404, code="model_not_found"), "model_not_found", "FIXTRAIL_JUDGE_MODEL"),
        (fails(403, code="model_not_found"), "model_not_found", "FIXTRAIL_JUDGE_MODEL"),
        (says("404 page not found", status=404), "model_not_found", "base URL"),
        (fails(429), "rate_limited", "later"),
        (fails(429, code="insufficient_quota"), "rate_limited", "billing"),
        (fails(500), "server_error", "HTTP 500"),
        (fails(503), "server_error", "later"),
        (fails(402), "server_error", "HTTP 402"),
        (fails(504), "timeout", "later"),
        (fails(400, code="content_filter"), "filtered", "another model"),
        (fails(400, code="context_length_exceeded"), "abstained", "larger context"),
        (fails(413), "abstained", "larger context"),
        (fails(400, code="unsupported_value", param="temperature"), "abstained", "temperature"),
    ],
)
async def test_an_http_error_is_named(behaviour: Behaviour, status: str, advice: str) -> None:
    result = await judge_by(behaviour)

    assert result.status == status
    assert advice in (result.reason or "")


@pytest.mark.parametrize(
    ("header", "advice"),
    [
        ("20", "in 20 s"),
        (" 7 ", "in 7 s"),
        ("99999999999999999999", "in 999999 s"),
        ("soon", "later"),
        ("-5", "later"),
        ("²", "later"),
    ],
)
async def test_retry_after_is_passed_on(header: str, advice: str) -> None:
    result = await judge_by(fails(429, headers={"retry-after": header}))

    assert result.status == "rate_limited"
    assert advice in (result.reason or "")


async def test_retry_after_may_be_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    result = await judge_by(fails(429, headers={"retry-after": format_datetime(moment, usegmt=True)}))

    assert any(f"in {seconds} s" in (result.reason or "") for seconds in range(85, 91))


async def test_a_server_that_hangs_is_given_up_at_the_deadline() -> None:
    result = await judge_by(hangs(), deadline=1.0)

    assert result.status == "timeout"
    assert "within 1 s" in (result.reason or "")
    assert result.response_format == "json_schema"
    assert result.latency_ms is not None


async def test_a_slow_drip_is_given_up_at_the_deadline_though_it_is_never_silent() -> None:
    assert (await judge_by(drips(WHOLE, every=0.2), deadline=1.0)).status == "timeout"


async def test_the_second_question_has_no_deadline_of_its_own() -> None:
    result = await judge_by(fails(400), hangs(), deadline=1.0, requests=2)

    assert (result.status, result.response_format) == ("timeout", "json_object")


async def test_nobody_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound and not listening: refuses, and nobody else gets the port
        result = await judge(f"http://127.0.0.1:{reserved.getsockname()[1]}/v1")

    assert result.status == "unreachable"
    assert "check that the server runs" in (result.reason or "")


@pytest.mark.parametrize("part", [b"", WHOLE[:40], WHOLE[:-20]])
async def test_the_connection_is_reset(part: bytes) -> None:
    assert (await judge_by(resets(part))).status == "unreachable"


@pytest.mark.parametrize("part", [b"", WHOLE[:-20]])
async def test_the_connection_is_closed_too_early(part: bytes) -> None:
    assert (await judge_by(sends(part))).status == "unreachable"


async def test_what_is_no_http_is_unreachable() -> None:
    assert (await judge_by(sends(b"SSH-2.0-OpenSSH_9.2\r\n"))).status == "unreachable"


async def test_a_redirect_is_not_followed() -> None:
    async with ScriptedLLM(answers(full_marks())) as elsewhere:
        location = {"location": f"{elsewhere.base_url}/chat/completions"}
        result = await judge_by(says("", status=307, headers=location))

    assert result.status == "unreachable"
    assert "redirects" in (result.reason or "")
    assert elsewhere.requests == []


@pytest.mark.parametrize("before", [(), (fails(400),)], ids=["json_schema", "json_object"])
@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (answers(full_marks()[:60], finish_reason="length"), "truncated"),
        (answers(None, refusal="I cannot help with that."), "refused"),
        (answers(full_marks(), refusal="I cannot help with that."), "refused"),
        (answers(None, finish_reason="content_filter"), "filtered"),
        (answers(full_marks(1.5)), "invalid_response"),
        (answers(full_marks(-0.25)), "invalid_response"),
        (answers(full_marks().replace("1.0", "NaN")), "invalid_response"),
        (answers(full_marks().replace("1.0", "true")), "invalid_response"),
        (answers(full_marks().replace("1.0", '"1.0"')), "invalid_response"),
        (answers(full_marks().replace('"depth"', '"breadth"')), "invalid_response"),
        (answers("I would say four out of five."), "invalid_response"),
        (answers(f"Sure!\n```json\n{full_marks()}\n```"), "invalid_response"),
        (answers(""), "invalid_response"),
        (answers(None), "invalid_response"),
    ],
)
async def test_an_answer_that_cannot_be_used(before: tuple[Behaviour, ...], behaviour: Behaviour, status: str) -> None:
    result = await judge_by(*before, behaviour, requests=len(before) + 1)

    assert result.status == status
    assert result.response_format == ("json_object" if before else "json_schema")


async def test_with_a_schema_a_code_block_is_not_what_was_asked_for() -> None:
    """A server that took the schema and then ignores it is not trusted to have meant it."""
    assert (await judge_by(answers(f"```json\n{full_marks()}\n```"))).status == "invalid_response"


@pytest.mark.parametrize("before", [(), (fails(400),)], ids=["json_schema", "json_object"])
@pytest.mark.parametrize(
    "body",
    [
        completion(full_marks()) | {"choices": []},
        completion(full_marks()) | {"choices": None},
        completion(full_marks()) | {"choices": [{}]},
        completion(full_marks()) | {"choices": [None]},
        completion(full_marks()) | {"choices": "none"},
        completion(full_marks()) | {"choices": [{"message": None, "finish_reason": "stop"}]},
        completion(full_marks()) | {"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]},
        completion(full_marks()) | {"choices": [{"message": {"content": ["a"]}, "finish_reason": "stop"}]},
        {"error": {"message": "overloaded", "code": 502}},
        {},
        [],
        5,
        None,
        "",
        "<html><body>Welcome to the captive portal</body></html>",
        "[" * 200_000,
    ],
    ids=lambda body: repr(body)[:60],
)
async def test_a_body_that_is_no_chat_completion(before: tuple[Behaviour, ...], body: object) -> None:
    result = await judge_by(*before, says(body), requests=len(before) + 1)

    assert result.status == "invalid_response"


@pytest.mark.parametrize("body", [b"\xff\xfe{", b"{\x00", b'{"choices": ['])
async def test_a_body_that_is_no_json(body: bytes) -> None:
    assert (await judge_by(sends(http_response(body)))).status == "invalid_response"


async def test_odd_names_and_counts_do_not_get_into_the_document() -> None:
    odd = completion("no marks") | {"model": ["x"], "usage": {"prompt_tokens": "many", "completion_tokens": -3}}
    result = await judge_by(fails(400), says(odd), requests=2)

    assert result.status == "invalid_response"
    assert result.model is None
    assert result.usage is not None
    assert (result.usage.prompt, result.usage.completion) == (0, 0)


async def test_what_was_used_is_known_of_a_truncated_answer_too() -> None:
    result = await judge_by(answers("{", finish_reason="length"))

    assert result.model == "scripted-2026-11"
    assert result.usage is not None
    assert result.usage.completion == 45


async def test_who_gave_an_invalid_answer_is_known() -> None:
    result = await judge_by(answers(full_marks(7.0)))

    assert (result.status, result.model) == ("invalid_response", "scripted-2026-11")


async def test_a_server_that_knows_no_structured_output_makes_the_judge_abstain() -> None:
    result = await judge_by(fails(400, code="invalid_request"), fails(400, code="invalid_request"), requests=2)

    assert result.status == "abstained"
    assert "structured output" in (result.reason or "")


async def test_an_address_that_is_none() -> None:
    result = await judge("localhost:11434")

    assert result.status == "unreachable"
    assert "FIXTRAIL_JUDGE_BASE_URL" in (result.reason or "")


async def test_progress_that_fails_fails_no_finalize() -> None:
    def broken(_: str) -> None:
        raise KeyError("CONTENT-OF-THE-TRACE")

    settings = JudgeSettings(base_url="http://127.0.0.1:9/v1")
    result = await judge_reasoning(STEPS, settings, consent=True, progress=broken)

    assert result.status == "abstained"
    assert "KeyError" in (result.reason or "")
    assert "CONTENT-OF-THE-TRACE" not in (result.reason or "")


def misquotes(change: Callable[[dict[str, Any]], None], *, wrap: str = "%s") -> Behaviour:
    """Answer as a good judge would, but for ``change``, as text in ``wrap``."""

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        answer = cited(record_of(request))
        change(answer)
        writer.write(http_response(json.dumps(completion(wrap % json.dumps(answer))).encode()))
        await writer.drain()

    return behave


def wrong_ids(answer: dict[str, Any]) -> None:
    for name in DIMENSIONS:
        answer[name] |= {"evidence": ["E77"], "quotes": [{"event": "E77", "text": "parse_price drops the sign"}]}


GROUNDED = {
    "401": (fails(401), "unauthorized"),
    "403": (fails(403), "unauthorized"),
    "404 model": (fails(404, code="model_not_found"), "model_not_found"),
    "no such model of several": (by_model({}), "model_not_found"),
    "429 with Retry-After": (fails(429, headers={"retry-after": "20"}), "rate_limited"),
    "500": (fails(500), "server_error"),
    "hang": (hangs(), "timeout"),
    "drip": (drips(WHOLE), "timeout"),
    "reset": (resets(WHOLE[:40]), "unreachable"),
    "truncation": (answers('{"can_assess": true, "hypothesis_form', finish_reason="length"), "truncated"),
    "refusal": (answers(None, refusal="I cannot help with that."), "refused"),
    "filter": (answers(None, finish_reason="content_filter"), "filtered"),
    "fenced JSON": (misquotes(lambda _: None, wrap="```json\n%s\n```"), "invalid_response"),
    "out of range": (misquotes(lambda answer: answer["depth"].update(mark=1.5)), "invalid_response"),
    "a mark that is text": (misquotes(lambda answer: answer["depth"].update(mark="1")), "invalid_response"),
    "no quotes at all": (misquotes(lambda answer: answer["depth"].pop("quotes")), "invalid_response"),
    "evidence that is no list": (misquotes(lambda answer: answer["depth"].update(evidence="E1")), "invalid_response"),
    "wrong ids": (misquotes(wrong_ids), "invalid_response"),
    "the answer of the mode of before": (answers(full_marks()), "invalid_response"),
    "empty": (answers(""), "invalid_response"),
    "no body": (says(""), "invalid_response"),
    "no schema, no object": (fails(400), "abstained"),
}


@pytest.mark.parametrize("case", GROUNDED)
async def test_every_failure_of_the_grounded_judge_ends_in_time_in_a_status(case: str) -> None:
    behaviour, status = GROUNDED[case]
    async with ScriptedLLM(behaviour) as llm:
        result = await judge(llm.base_url, 1.0 if status == "timeout" else 5.0, mode="grounded")

    assert result.status == status
    assert result.endpoint == llm.origin
    assert [share.status for share in result.models] == [status]
    assert result.samples == 0
    if case == "429 with Retry-After":
        assert "in 20 s" in (result.reason or "")


async def test_a_grounded_answer_in_a_code_block_is_read_where_no_schema_is_known() -> None:
    fenced = misquotes(lambda _: None, wrap="```json\n%s\n```")
    settings = {"samples": 1, "timeout_seconds": 10.0}
    async with ScriptedLLM(fails(400), fenced) as llm:
        chosen = JudgeSettings.model_validate({"base_url": llm.base_url} | settings)
        result = await judge_trace(TIMELINE, process_of(TIMELINE), chosen, consent=True)

    assert (result.status, result.score, result.response_format) == ("scored", 5.0, "json_object")


async def test_grounded_nobody_listens_and_an_address_that_is_none() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        nobody = await judge(f"http://127.0.0.1:{reserved.getsockname()[1]}/v1", mode="grounded")
    none = await judge("localhost:11434", mode="grounded")

    assert (nobody.status, none.status) == ("unreachable", "unreachable")


async def test_progress_that_fails_fails_no_grounded_judgement() -> None:
    def broken(_: str) -> None:
        raise KeyError("CONTENT-OF-THE-TRACE")

    settings = JudgeSettings(base_url="http://127.0.0.1:9/v1")
    result = await judge_trace(TIMELINE, process_of(TIMELINE), settings, consent=True, progress=broken)

    assert result.status == "abstained"
    assert "KeyError" in (result.reason or "")
    assert "CONTENT-OF-THE-TRACE" not in (result.reason or "")
