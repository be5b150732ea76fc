"""Timelines for tests of the judge: made from events as they are recorded, by the code that makes them."""

from collections.abc import Sequence
from typing import Any

from fixtrail.qa.evidence.timeline import Timeline, build_timeline
from fixtrail_protocol.events import Event
from fixtrail_protocol.process import Claim, Process, StepLabel
from pydantic import TypeAdapter

from tests.support.traces import event

_EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])

DIFF = "--- a/money.py\n+++ b/money.py\n@@ -1 +1 @@\n-PRICE = re.compile(r'\\d+')\n+PRICE = re.compile(r'-?\\d+')\n"

Told = tuple[str, dict[str, Any]]


def thought(content: str, kind: str | None = None) -> Told:
    return "reasoning_step", {"content": content, "kind": kind}


def run(command: str, exit_code: int = 0, output: str = "9 passed in 0.11s") -> Told:
    return "terminal_command", {"command": command, "exit_code": exit_code, "output": output}


def edit(path: str = "money.py", diff: str = DIFF) -> Told:
    return "code_edit", {"file_path": path, "diff": diff, "added": 1, "removed": 1}


def view(path: str = "money.py") -> Told:
    return "file_view", {"file_path": path, "ranges": [{"start": 1, "end": 40}], "dwell_ms": 4_000}


SOUND: tuple[Told, ...] = (
    thought("parse_price drops the sign: -1.50 comes back as 1.50."),
    run("python -m pytest -q", 1, "E   assert 1.5 == -1.5\n1 failed, 8 passed in 0.12s"),
    view(),
    thought("The pattern in money.py takes digits only, so the sign is never seen.", "hypothesis"),
    edit(),
    run("python -m pytest -q"),
    thought("With an optional sign all 9 tests pass, also the one that failed before.", "check"),
)
"""A small fix as it should be: E1 to E7 in the prompt."""


def long_session(count: int) -> list[Told]:
    """Return a session of any length: of ten events four views, a thought, two edits, a command, two test runs."""
    return [_told(number) for number in range(count)]


def _told(number: int) -> Told:
    path = f"src/pkg{number % 17}/mod{number % 31}.py"
    match number % 10:
        case 0 | 1 | 2 | 3:
            return view(path)
        case 4:
            return thought(f"Thought {number}: rounding in module {number % 31} loses a cent. " * (1 + number % 7))
        case 5 | 6:
            return edit(path, DIFF.replace("PRICE", f"PRICE_{number}"))
        case 7:
            return run(f"grep -rn price_{number} src", output=f"src/a.py:{number}: price\n" * 20)
        case _:
            failing = f"FAILED tests/test_{number}.py\n" * 30
            return run("python -m pytest -q", number % 2, f"{failing}{number % 9 + 1} failed, 8 passed in 0.12s")


def events_of(told: Sequence[Told]) -> list[Event]:
    """Return events as a document holds them, a second apart."""
    return _EVENTS.validate_python([event(seq, kind, **data) for seq, (kind, data) in enumerate(told, start=1)])


def timeline_of(told: Sequence[Told] = SOUND) -> Timeline:
    return build_timeline(events_of(told))


def process_of(timeline: Timeline, *, contradicted: Sequence[int] = (), addressing: Sequence[int] = ()) -> Process:
    """Return what is known of a timeline: the numbers of the steps that contradict the record or address the judge."""
    return Process(
        measures={},
        claims=[
            Claim(step=step.event_id, kind="tests_pass", quote=step.content[:20], status="contradicted")
            for step in timeline.steps
            if step.number in contradicted
        ],
        steps=[
            StepLabel(
                step=step.event_id,
                number=step.number,
                status="contradicted" if step.number in contradicted else "unverifiable",
                place="before_edit",
                flags=["addresses_judge"] if step.number in addressing else [],
            )
            for step in timeline.steps
        ],
    )
