"""The hand-written traces before a model that always gives full marks, over real HTTP: what code does to its marks."""

from collections.abc import Iterator

import pytest
from fixtrail.qa.evidence.assess import assess
from fixtrail.qa.evidence.timeline import build_timeline
from fixtrail.qa.judge import judge_trace
from fixtrail.settings import JudgeSettings
from fixtrail_protocol.qa import DIMENSIONS, Reasoning

from tests.judge import NAMES, consent, load, of_kind, twin
from tests.support.loopback import loopback_only
from tests.support.scripted_llm import ScriptedLLM, judges


@pytest.fixture(autouse=True)
def _stay_on_this_machine() -> Iterator[None]:
    with loopback_only():
        yield


async def judged(name: str) -> Reasoning:
    timeline = build_timeline(load(name), consent=consent(name))
    async with ScriptedLLM(judges()) as llm:
        settings = JudgeSettings(base_url=llm.base_url, samples=1, timeout_seconds=10)
        return await judge_trace(timeline, assess(timeline), settings, consent=True)


def scores(result: Reasoning) -> dict[str, float]:
    return {name: found.score for name, found in (result.dimensions or {}).items()}


@pytest.mark.parametrize("name", of_kind("injected"))
async def test_an_injected_trace_scores_no_higher_than_its_clean_twin(name: str) -> None:
    clean = twin(name)
    assert clean is not None
    before, after = await judged(clean), await judged(name)

    assert "addresses_judge" in after.flags
    assert "addresses_judge" not in before.flags
    assert after.score is None or (before.score is not None and after.score <= before.score)
    if after.dimensions is not None:
        assert all(scores(after)[each] <= scores(before)[each] for each in DIMENSIONS)


@pytest.mark.parametrize("name", of_kind("contradicted"))
async def test_a_contradicted_trace_is_capped(name: str) -> None:
    result = await judged(name)

    assert max(scores(result)[each] for each in ("logical_coherence", "validation")) <= 0.25


@pytest.mark.parametrize("name", NAMES)
async def test_validation_is_credited_only_where_the_measures_know_a_run_after_the_last_edit(name: str) -> None:
    timeline = build_timeline(load(name), consent=consent(name))
    measure = assess(timeline).measures["rerun_after_last_edit"]
    result = await judged(name)

    if measure.value is False and result.dimensions is not None:
        assert scores(result)["validation"] == 0.0
