"""When no model is asked: nothing is imported, nothing is sent, and the status says why."""

import subprocess
import sys

import pytest
from fixtrail.qa.judge import ReasoningStep, judge_reasoning
from fixtrail.settings import JudgeSettings
from pydantic import SecretStr

from tests.support.loopback import loopback_only

STEP = ReasoningStep("a", "The cache key lacks the locale.", "2026-11-23T09:00:00.000Z")
CLOSED = JudgeSettings(base_url="http://127.0.0.1:9/v1", api_key=SecretStr("sk-test"))


@pytest.mark.parametrize("key", [None, SecretStr(""), SecretStr("  ")])
async def test_without_key_and_address_there_is_no_judge(
    key: SecretStr | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")  # only the settings count

    with loopback_only() as tried:
        result = await judge_reasoning([STEP], JudgeSettings(api_key=key), consent=True)

    assert result.status == "not_configured"
    assert result.score is None
    assert "OPENAI_API_KEY" in (result.reason or "")
    assert tried == []


async def test_without_consent_nothing_is_sent() -> None:
    with loopback_only() as tried:
        result = await judge_reasoning([STEP], CLOSED, consent=False)

    assert result.status == "no_consent"
    assert result.score is None
    assert tried == []


@pytest.mark.parametrize("contents", [[], [""], [" \n", "\t"]])
async def test_without_reasoning_there_is_nothing_to_judge(contents: list[str]) -> None:
    steps = [ReasoningStep("a", content, "2026-11-23T09:00:00.000Z") for content in contents]
    with loopback_only() as tried:
        result = await judge_reasoning(steps, CLOSED, consent=True)

    assert result.status == "no_reasoning"
    assert result.score is None
    assert "fixtrail reason" in (result.reason or "")
    assert tried == []


async def test_a_key_that_cannot_be_a_header_is_refused_and_not_repeated() -> None:
    settings = JudgeSettings(base_url="http://127.0.0.1:9/v1", api_key=SecretStr("sk-päss"))
    with loopback_only() as tried:
        result = await judge_reasoning([STEP], settings, consent=True)

    assert result.status == "unauthorized"
    assert "päss" not in (result.reason or "")
    assert tried == []


def test_openai_is_imported_only_when_a_model_is_asked() -> None:
    program = """
import asyncio, sys
from fixtrail.qa.judge import ReasoningStep, judge_reasoning
from fixtrail.settings import JudgeSettings

steps = [ReasoningStep("a", "text", "2026-11-23T09:00:00.000Z")]
settings = JudgeSettings(base_url="http://127.0.0.1:9/v1")
print(asyncio.run(judge_reasoning(steps, JudgeSettings(), consent=True)).status)
print(asyncio.run(judge_reasoning(steps, settings, consent=False)).status)
print(asyncio.run(judge_reasoning([], settings, consent=True)).status)
print("openai" in sys.modules, "httpx2" in sys.modules)
print(asyncio.run(judge_reasoning(steps, settings, consent=True)).status)
print("openai" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.splitlines() == [
        "not_configured",
        "no_consent",
        "no_reasoning",
        "False False",
        "unreachable",
        "True",
    ]
