"""How long the judge's prompt takes to be put together, whether that grows with the trace only, and how long it is."""

import time

from fixtrail.qa.evidence.timeline import Timeline
from fixtrail.qa.judge.facts import find_facts
from fixtrail.qa.judge.grounded_prompt import draft_prompt
from fixtrail.qa.judge.rubric import load_rubric
from fixtrail.settings import JudgeSettings
from fixtrail_protocol.process import Process

from tests.benchmarks.figure import Figure, alternate
from tests.benchmarks.scene import Scene
from tests.support.timelines import long_session, timeline_of

EVENTS = 10_000
ROUNDS = 5


def run(_scene: Scene) -> list[Figure]:
    budget = JudgeSettings().prompt_tokens
    rubric = load_rubric(None)
    long, short = (timeline_of(long_session(count)) for count in (EVENTS, EVENTS // 10))
    nothing = Process(measures={})

    def taken(timeline: Timeline) -> float:
        begin = time.perf_counter()
        draft_prompt(timeline, find_facts(timeline, nothing), rubric, budget)
        return time.perf_counter() - begin

    whole, tenth = alternate(ROUNDS, lambda: taken(long), lambda: taken(short))
    draft = draft_prompt(long, find_facts(long, nothing), rubric, budget)
    prompt = draft.prompt()
    shown = f"{len(draft.transcript.shown)} of {EVENTS:,} events, {len(prompt.system) + len(prompt.user):,} characters"
    return [
        # The baseline is what ten times the shorter trace would take.
        Figure("judge's prompt, 10,000 events", "ms", whole * 1e3, tenth * 1e4, 1.2, note="against 10 times 1,000"),
        Figure("judge's prompt, tokens estimated", "tokens", float(draft.tokens), float(budget), 1.0, note=shown),
    ]
