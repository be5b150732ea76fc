"""The judge against a real HTTP server on loopback: what is asked, and what is made of the answer."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
from fixtrail.qa.judge import ReasoningStep, judge_reasoning
from fixtrail.qa.judge.prompt import prompt_hash
from fixtrail.settings import JudgeSettings
from fixtrail_protocol.qa import DIMENSIONS, Reasoning
from pydantic import SecretStr

from tests.support.loopback import loopback_only
from tests.support.scripted_llm import ScriptedLLM, answers, completion, fails, full_marks, hangs, holds, http_response

STEPS = [
    ReasoningStep(
        "a", "parse_price drops the sign: -1.50 comes back as 1.50.", "2026-11-23T09:00:00.000Z", "hypothesis"
    ),
    ReasoningStep("b", 'The pattern in money.py is "\\d+\\.\\d+": no sign.', "2026-11-23T09:01:00.000Z", "observation"),
    ReasoningStep("c", "With an optional sign all 9 tests pass, also the new one for -0.", "2026-11-23T09:05:00.000Z"),
]


@pytest.fixture(autouse=True)
def _stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    with loopback_only():
        yield


async def judge(llm: ScriptedLLM, **settings: object) -> Reasoning:
    values = {"base_url": llm.base_url, "timeout_seconds": 10.0} | settings
    return await judge_reasoning(STEPS, JudgeSettings.model_validate(values), consent=True)


async def test_an_answer_becomes_a_score_with_its_provenance() -> None:
    content = json.dumps(json.loads(full_marks(0.75)) | {"depth": 0.25, "feedback": "A sound chain.\nAsk about '+'."})
    async with ScriptedLLM(answers(content)) as llm:
        result = await judge(llm, api_key=SecretStr("sk-test"))

    assert result.status == "scored"
    assert result.reason is None
    assert result.score == 3.25
    assert {name: entry.score for name, entry in (result.dimensions or {}).items()} == dict.fromkeys(
        DIMENSIONS, 0.75
    ) | {"depth": 0.25}
    assert result.feedback == "A sound chain. Ask about '+'."
    assert result.model == "scripted-2026-11"
    assert result.endpoint == llm.origin
    assert result.prompt_hash == prompt_hash()
    assert result.response_format == "json_schema"
    assert result.temperature == 0.3
    assert result.usage is not None
    assert (result.usage.prompt, result.usage.completion) == (321, 45)
    assert result.latency_ms is not None
    assert result.steps == 3
    assert Reasoning.model_validate_json(result.model_dump_json()) == result


async def test_the_steps_are_sent_as_json_data_to_the_default_model() -> None:
    async with ScriptedLLM(answers(full_marks())) as llm:
        await judge(llm)

    [request] = llm.requests
    body = request.json()
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert body["model"] == "gpt-4o-mini"
    assert body["temperature"] == 0.3
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert set(schema["schema"]["properties"]) == {"feedback", *DIMENSIONS}
    system, user = body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    entries = [json.loads(line) for line in user["content"].splitlines() if line.startswith("{")]
    assert [entry["text"] for entry in entries] == [step.content for step in STEPS]
    assert "parse_price" not in system["content"]


async def test_steps_from_the_middle_that_did_not_fit_are_counted_in_the_result() -> None:
    steps = [ReasoningStep(str(n), f"{n} " + "z" * 1_000, "2026-11-23T09:00:00.000Z") for n in range(1_000)]
    async with ScriptedLLM(answers(full_marks())) as llm:
        settings = JudgeSettings(base_url=llm.base_url)
        result = await judge_reasoning(steps, settings, consent=True)

    assert result.status == "scored"
    assert result.steps is not None
    assert 0 < result.steps < 1_000
    assert f"{1_000 - result.steps} steps" in (result.reason or "")


async def test_progress_names_model_and_place() -> None:
    lines: list[str] = []
    async with ScriptedLLM(answers(full_marks())) as llm:
        await judge_reasoning(STEPS, JudgeSettings(base_url=llm.base_url), consent=True, progress=lines.append)

    assert lines == [f"Asking gpt-4o-mini at {llm.origin} about 3 reasoning steps"]


async def test_a_server_without_json_schema_is_asked_for_a_json_object() -> None:
    async with ScriptedLLM(fails(400, param="response_format"), answers(full_marks(0.5))) as llm:
        result = await judge(llm)

    assert result.status == "scored"
    assert result.score == 2.5
    assert result.response_format == "json_object"
    assert [request.json()["response_format"]["type"] for request in llm.requests] == ["json_schema", "json_object"]


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refusal_that_names_no_cause_is_taken_for_one_of_the_schema(status: int) -> None:
    async with ScriptedLLM(fails(status), answers(full_marks(0.5))) as llm:
        result = await judge(llm)

    assert (result.status, result.response_format) == ("scored", "json_object")


async def test_a_json_object_in_a_code_block_is_read() -> None:
    async with ScriptedLLM(fails(400), answers(f"```json\n{full_marks(0.5)}\n```")) as llm:
        result = await judge(llm)

    assert (result.status, result.score) == ("scored", 2.5)


async def test_only_the_key_of_the_settings_is_sent_and_no_header_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer sk-header\nX-Mine: secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    async with ScriptedLLM(answers(full_marks())) as llm:
        await judge(llm, api_key=SecretStr("sk-test"))
        await judge(llm)

    with_key, without = (dict(request.headers) for request in llm.requests)
    assert with_key.pop("authorization") == "Bearer sk-test"
    assert without.pop("authorization") == "Bearer not-needed"
    for headers in (with_key, without):
        assert set(headers) == {
            "host", "connection", "accept", "accept-encoding", "content-type", "content-length", "user-agent",
            "x-stainless-raw-response",
        }  # fmt: skip


async def test_a_user_in_the_address_is_used_and_not_shown() -> None:
    async with ScriptedLLM(answers(full_marks())) as llm:
        result = await judge(llm, base_url=llm.base_url.replace("//", "//me:pass@"))

    assert result.status == "scored"
    assert llm.requests[0].headers["authorization"].startswith("Basic ")
    assert result.endpoint == llm.origin


async def test_a_proxy_of_the_environment_does_not_see_what_is_meant_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with ScriptedLLM(answers(full_marks())) as proxy, ScriptedLLM(answers(full_marks())) as llm:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        result = await judge(llm)

    assert result.status == "scored"
    assert (len(proxy.requests), len(llm.requests)) == (0, 1)


async def test_neither_trace_nor_key_gets_into_a_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_LOG", "debug")
    caplog.set_level(logging.DEBUG)
    async with ScriptedLLM(answers(full_marks()), fails(400), fails(500)) as llm:
        for _ in range(2):
            await judge(llm, api_key=SecretStr("sk-test"))

    assert len(llm.requests) == 3
    for word in ("parse_price", "sk-test", "chat/completions"):
        assert word not in caplog.text


async def test_cancelling_ends_the_request_and_is_passed_on() -> None:
    async with ScriptedLLM(hangs()) as llm:
        task = asyncio.create_task(judge(llm))
        await llm.arrived()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await llm.hung_up()


async def test_no_connection_is_left_behind() -> None:
    kept_alive = http_response(json.dumps(completion(full_marks())).encode(), headers={"connection": "keep-alive"})
    async with ScriptedLLM(holds(kept_alive)) as llm:
        result = await judge(llm)
        async with asyncio.timeout(5):
            await llm.hung_up()

    assert result.status == "scored"
