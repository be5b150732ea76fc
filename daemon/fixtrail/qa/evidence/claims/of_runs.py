"""Claims about what was run, and what the runs showed: commands, exit codes, errors, the bug itself."""

import re
from itertools import islice

from fixtrail.qa.evidence.claims.finding import Finding, Said, contradicted, supported, unverifiable
from fixtrail.qa.evidence.claims.of_tests import run_is_part, state
from fixtrail.qa.evidence.commands import FORMATTERS, LINTERS, TYPE_CHECKERS, Call, searches
from fixtrail.qa.evidence.entries import Run
from fixtrail.qa.evidence.record import back_from, between, fails, last

_LOOK_BACK = 300
"""Runs; an older one is not what a step speaks of."""
_AGAIN = re.compile(r"\b(?:re-?ran|re-?run|again|once more)\b")
_AFTER_CHANGE = re.compile(
    r"\b(?:after|since|following) (?:the|my|that|this|each|every|making the) (?:last |latest "
    r"|final )?(?:change|edit|fix|patch)"
)
_WHOLE = re.compile(r"\b(?:all|whole|full|entire|complete)\b")
_TOOLS = {
    "linter": LINTERS,
    "linters": LINTERS,
    "type checker": TYPE_CHECKERS,
    "typechecker": TYPE_CHECKERS,
    "formatter": FORMATTERS | {"ruff"},
}
_STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "on",
        "in",
        "for",
        "with",
        "when",
        "input",
        "inputs",
        "value",
        "values",
        "case",
        "cases",
        "is",
        "are",
        "and",
        "or",
        "to",
        "of",
    ]
)


def ran_tests(said: Said) -> Finding:
    """Decide "I ran the whole suite"."""
    runs = said.record.test_runs
    latest = last(runs, said.before)
    if latest is None:
        return unverifiable("No test run is recorded before this step.")
    words = said.clause.plain
    if _AFTER_CHANGE.search(words):
        edit = last(said.record.code_edits, said.before)
        if edit is not None and said.record.began(latest) <= edit.place:
            return unverifiable("No test run is recorded between the last edit of code and this step.", [edit])
    if _AGAIN.search(words) and len(between(runs, -1, said.before)) < 2:
        return unverifiable("Only one test run is recorded before this step.", [latest])
    if _WHOLE.search(words):
        whole = next((run for run in islice(back_from(runs, said.before), _LOOK_BACK) if not run_is_part(run)), None)
        if whole is None:
            return unverifiable("The test runs before this step were of a part of the tests.", [latest])
        return supported("A run of all tests is recorded before this step.", whole)
    return supported("A test run is recorded before this step.", latest)


def not_ran_tests(said: Said) -> Finding:
    """Decide "I haven't run the tests yet"."""
    now = state(said.record, said.step)
    if now.latest is not None:
        if (
            _WHOLE.search(said.clause.plain)
            or run_is_part(now.latest)
            or said.clause.plain[said.match.end() :].strip(". ").removesuffix("yet")
        ):
            return unverifiable("A test run is recorded; whether it is meant is not told.", [now.latest])
        return contradicted("A test run is recorded since the last change of the code.", now.latest)
    if now.hidden:
        return unverifiable("The trace has a gap or a pause: a run may have been missed.")
    if last(said.record.test_runs, said.before) is None:
        return supported("No test run is recorded before this step.")
    return supported("No test run is recorded between the last change of the code and this step.")


def ran_command(said: Said) -> Finding:
    """Decide "I ran mypy", "ran `git bisect`", "I grepped for it"."""
    wanted = said.match["tool"].strip()
    run = _matching(said, wanted)
    if run is None:
        return unverifiable("No such command is recorded before this step.")
    return supported("Such a command is recorded before this step.", run)


def _matching(said: Said, wanted: str) -> Run | None:
    if wanted.startswith("grep"):
        wanted = "grep"
    words = tuple("bisect" if word.startswith("bisect") else word for word in wanted.split())
    if words == ("bisect",):
        words = ("git", "bisect")
    for run in islice(back_from(said.record.timeline.runs, said.before), _LOOK_BACK):
        if any(_is(call, wanted, words) for call in run.calls):
            return run
        if len(words) > 1 and (run.command or "").lower().startswith(wanted):
            return run
    return None


def _is(call: Call, wanted: str, words: tuple[str, ...]) -> bool:
    program = call.program.lower()
    if wanted == "grep":
        return searches(call)
    if wanted in _TOOLS:
        task = call.task() or ""
        return program in _TOOLS[wanted] or task in _TOOLS[wanted] or task.startswith(wanted.partition(" ")[0])
    arguments = tuple(word.lower() for word in call.arguments)
    return program == words[0] and arguments[: len(words) - 1] == words[1:]


def exit_code(said: Said) -> Finding:
    """Decide "It exited with 2"."""
    wanted = said.match["code"]  # None: not zero
    runs = list(islice(back_from(said.record.timeline.runs, said.before), _LOOK_BACK))
    for run in runs:
        if run.exit_code is not None and (run.exit_code != 0 if wanted is None else run.exit_code == int(wanted)):
            return supported(f"A run before this step ended with exit code {run.exit_code}.", run)
    if not runs or any(run.exit_code is None for run in runs) or said.record.hides(-1, said.before):
        return unverifiable("The exit codes of the runs before this step are not all recorded.")
    if len(runs) == _LOOK_BACK or not said.has("past"):
        return unverifiable("No run before this step ended so; it may speak of another.", runs[:1])
    latest = runs[0]
    if latest.output is None or re.search(rf"\b{wanted}\b", latest.output):
        return unverifiable("No run before this step ended so; a program that it started may have.", [latest])
    return contradicted(f"No run ended so; the last one had exit code {latest.exit_code}.", latest)


def error_seen(said: Said) -> Finding:
    """Decide "It raises a KeyError"."""
    name = said.match["error"]
    for run in said.record.outputs_with(name):
        if run.place < said.before:
            return supported(f"{name} stands in what was printed before this step.", run)
    if not said.record.has_outputs:
        return unverifiable("What commands printed is not recorded.")
    return unverifiable(f"{name} stands in nothing that was printed before this step.")


def reproduced(said: Said) -> Finding:
    """Decide "I reproduced it"."""
    run = next((run for run in said.record.failing_runs[:1] if run.place < said.before), None)
    if run is not None:
        return supported("A failing run is recorded before this step.", run)
    return unverifiable("No failing run is recorded before this step; it may have been done by hand.")


def works(said: Said) -> Finding:
    """Decide "It works now", "the bug is gone"."""
    now = state(said.record, said.step)
    failed_before = said.record.failing_runs[:1]
    if now.latest is not None and now.latest.outcome == "passed":
        reason = "The last test run before this step passed, after the last change."
        if failed_before and failed_before[0].place < now.latest.place:
            return supported(reason, failed_before[0], now.latest)
        return supported(reason, now.latest)
    run = last(said.record.check_runs, said.before)
    change = said.record.last_change(said.before)
    if run is not None and not run.is_test and run.exit_code == 0:
        fresh = change is None or said.record.began(run) > change.place
        if fresh:
            return supported("The command that had failed ended well after the last change.", run)
    return unverifiable("No run that passed is recorded between the last change and this step.")


def only_fails_on(said: Said) -> Finding:
    """Decide "It only fails on empty input"."""
    stems = {word[:5] for word in re.findall(r"[a-z0-9]+", said.match["what"]) if word not in _STOP_WORDS}
    stems = {stem for stem in stems if len(stem) > 1}
    for run in islice(back_from(said.record.test_runs, said.before), 3):
        bad = [case for case in run.cases if case.outcome in ("failed", "error")]
        good = any(case.outcome == "passed" for case in run.cases) or bool(run.passed)
        if not bad or not good or len(bad) != (run.failed or len(bad)):
            continue
        if stems and all(any(stem in case.name.lower() for stem in stems) for case in bad):
            return supported("In a run before this step every test that failed names it, and others passed.", run)
        return unverifiable("The names of the tests that failed do not tell.", [run])
    failing = last(said.record.failing_runs, said.before)
    return unverifiable("No run with its single tests tells.", [failing] if failing is not None else [])


def still_broken(said: Said) -> Finding:
    """Decide "Still the same error"."""
    run = last(said.record.timeline.runs, said.before)
    if run is not None and fails(run):
        return supported("The last run before this step failed.", run)
    return unverifiable("The last run before this step is not known to have failed.")
