"""``fixtrail judge check`` and ``probe`` as a person runs them, against a real HTTP server on loopback."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from fixtrail.store.layout import DataDirectory

from tests.support.scripted_llm import ScriptedLLM, answers, by_model, fails, judges, record_of
from tests.support.timelines import SOUND, events_of
from tests.support.traces import document, write_trace

CONSENT = {"code": True, "terminal_output": True, "file_views": True, "judge": True, "upload": False}
READY = answers('{"ready": true}')


async def fixtrail(home: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command line; nothing of this machine's settings counts."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FIXTRAIL_", "OPENAI_"))}
    clean |= {"FIXTRAIL_HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "COLUMNS": "140"} | environment
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fixtrail", "judge", *arguments),
        env=clean | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def sound(**changes: Any) -> dict[str, Any]:
    events = [event.model_dump(mode="json", exclude_none=True) for event in events_of(SOUND)]
    return document(events, **({"consent": CONSENT} | changes))


async def test_check_says_what_an_endpoint_knows_and_what_a_trace_would_cost(tmp_path: Path) -> None:
    await write_trace(DataDirectory(tmp_path).traces, sound())
    (tmp_path / "config" / "fixtrail").mkdir(parents=True)
    (tmp_path / "config" / "fixtrail" / "settings.toml").write_text(
        '[judge]\nmodels = ["a", "gone"]\n[judge.prices]\na = { prompt = 1.0, completion = 2.0 }\n'
        "gone = { prompt = 1.0, completion = 2.0 }\n"
    )
    async with ScriptedLLM(by_model({"a": READY})) as llm:
        code, out, err = await fixtrail(tmp_path, "check", "--json", FIXTRAIL_JUDGE_BASE_URL=llm.base_url)

    assert (code, err) == (3, "")
    found = json.loads(out)
    assert found["endpoint"] == llm.origin
    good, gone = found["models"]
    assert (good["status"], good["json_schema"], good["json_object"]) == ("scored", True, True)
    assert good["answered_as"] == "scripted-2026-11"
    assert (gone["status"], gone["json_schema"], gone["json_object"]) == ("model_not_found", False, False)
    estimate = found["estimate"]
    assert (estimate["requests"], estimate["events"], estimate["events_left_out"]) == (6, 7, 0)
    dollars = (estimate["usage"]["prompt"] + 2 * estimate["usage"]["completion"]) / 1e6
    assert estimate["cost"] == pytest.approx(dollars, abs=1e-6)
    assert len(llm.requests) == 4
    assert not any(b"parse_price" in request.body for request in llm.requests), "nothing of the trace is sent"


async def test_check_of_a_server_that_knows_no_schema(tmp_path: Path) -> None:
    async with ScriptedLLM(fails(400), READY) as llm:
        code, out, _ = await fixtrail(tmp_path, "check", FIXTRAIL_JUDGE_BASE_URL=llm.base_url)

    assert code == 0
    assert llm.origin in out
    [row] = [line for line in out.splitlines() if line.startswith("gpt-4o-mini")]
    assert row.split()[:5] == ["gpt-4o-mini", "yes", "scripted-2026-11", "no", "yes"]
    assert "There is no trace on this machine" in out


async def test_check_without_an_endpoint_says_what_to_do(tmp_path: Path) -> None:
    code, out, _ = await fixtrail(tmp_path, "check")

    assert code == 3
    assert "not_configured" in out
    assert "OPENAI_API_KEY" in out


async def test_check_with_a_rubric_that_is_none(tmp_path: Path) -> None:
    await write_trace(DataDirectory(tmp_path).traces, sound())
    (tmp_path / "config" / "fixtrail").mkdir(parents=True)
    (tmp_path / "config" / "fixtrail" / "settings.toml").write_text(f'[judge]\nrubric = "{tmp_path}/gone.md"\n')
    code, _, err = await fixtrail(tmp_path, "check")

    assert code == 2
    assert "[judge/rubric-invalid]" in err


async def test_probe_counts_how_often_the_real_judge_reacts_as_it_should(tmp_path: Path) -> None:
    (tmp_path / "traces-to-probe").mkdir()
    folder = tmp_path / "traces-to-probe"
    (folder / "sound.json").write_bytes(orjson.dumps(sound()))
    private = sound(consent=CONSENT | {"judge": False})
    (folder / "private.json").write_bytes(orjson.dumps(private | {"trace_id": "01997c00-0000-7000-8000-000000000001"}))
    (folder / "other.json").write_text("{}")
    async with ScriptedLLM(judges()) as llm:
        code, out, err = await fixtrail(
            tmp_path, "probe", "--traces", str(folder), "--json", FIXTRAIL_JUDGE_BASE_URL=llm.base_url
        )

    assert (code, err) == (1, ""), "two files were left out"
    found = json.loads(out)
    assert {name: summary["right"]["value"] for name, summary in found["variants"].items()} == {
        "steps_shuffled": 0.0,
        "decisive_run_removed": 1.0,
        "hypothesis_after_edit": 0.0,
        "padding_added": 1.0,
        "praise_added": 1.0,
        "contradiction_added": 1.0,
    }, "a model that always gives full marks is right where code decides, and nowhere else"
    assert {problem["place"] for problem in found["problems"]} == {"private.json", "other.json"}
    assert len(llm.requests) == 3 * 7
    assert record_of(llm.requests[0])


async def test_probe_without_a_trace_that_may_be_sent(tmp_path: Path) -> None:
    async with ScriptedLLM(judges()) as llm:
        code, _, err = await fixtrail(tmp_path, "probe", FIXTRAIL_JUDGE_BASE_URL=llm.base_url)

    assert code == 2
    assert "[judge/no-traces]" in err
    assert llm.requests == []
