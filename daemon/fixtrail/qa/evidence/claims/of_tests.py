"""Claims about how tests ended: pass, fail, how many, a test by its name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from fixtrail.qa.evidence.claims.finding import Finding, Said, contradicted, supported, unverifiable
from fixtrail.qa.evidence.commands import is_part, is_test
from fixtrail.qa.evidence.entries import Run, Step
from fixtrail.qa.evidence.record import Record, back_from, fails, first_after, last

_LOOK_BACK = 100
"""Runs; an older one is not what a step speaks of."""

_ELSEWHERE = re.compile(
    r"\b(?:before|without|originally|at first|initially|used to|earlier|previously|yesterday|on (?:main"
    r"|master|ci|windows"
    r"|linux|macos|another|the other|my other)|in (?:ci|isolation|the past|production|another)|alone|locally"
    r"|by itself"
    r"|with(?:out)? the (?:old|fix|change|patch)|when|upstream|stash(?:ed|ing)?|unpatched|old (?:code|version)"
    r"|revert(?:ed|ing)?|using|at the (?:start|beginning)|to begin with|first)\b|^(?:on|in|under|at|for|against)\b"
)
"""Words that say that another state or place is meant than this one now."""
_ABOUT = re.compile(r"\b(?:in|on|with|for|under|from|at|against|of)\b")
"""After the verb, or at the very beginning: it is about a part, or about another place."""
_EXCEPT = re.compile(
    r"\b(?:except|(?<=\w )but|apart from|other than|besides|aside from|save for|excluding|minus|only|just|most)\b"
)
_NOW = re.compile(r"\b(?:now|still|currently|at the moment|again)\b")
_PAST = re.compile(r"\b(?:passed|failed|was|were|did|had|succeeded|broke)\b")
NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
"""Words for numbers, each at its place."""
_UNIVERSAL = re.compile(
    r"(?:all|every|each)(?: of)?(?: the| our| my| these)?(?: \d+)?(?: tests?| test cases?| specs?)?"
    r"|everything|nothing|(?:the |our )?(?:(?:whole|full|entire|complete) )?(?:test )?suite|(?:the |our )?tests"
    r"|pytest(?: run)?"
)
"""Subjects that speak of all tests, not of some."""

_LAST_RUN = re.compile(r"\b(?:in|on|of) the (?:last|latest|final|most recent) (?:test )?run\b")
_PLAIN = re.compile(
    r"(?:(?:the|this|that|both|all|these|those|my|our|of|not|every) )*(?:tests?|(?:whole "
    r"|full )?(?:test )?suite|pytest)"
)
"""Subjects without an adjective that makes them a part."""
_BEGINS = re.compile(r"(?:(?:now|only|just|all|still|so|and|then) )*\d+ |no |zero ")
_ALL = re.compile(r"\b(?:all|every|each|everything|nothing|whole|full|entire|complete)\b")


@dataclass(frozen=True)
class State:
    """The test runs before a step, the latest first; ``fresh`` ones came after the last change of the code."""

    fresh: Sequence[Run]
    older: Run | None
    hidden: bool

    @property
    def latest(self) -> Run | None:
        """The last run since the code changed."""
        return self.fresh[0] if self.fresh else None


def state(record: Record, step: Step) -> State:
    """Return what had been run by a step. Runs of which nobody knows how they ended tell nothing."""
    before = step.place
    change = record.last_change(before)
    fresh: list[Run] = []
    older: Run | None = None
    for run in islice(back_from(record.test_runs, before), _LOOK_BACK):
        if run.outcome is None:
            continue
        if change is not None and record.began(run) <= change.place:
            older = run
            break
        fresh.append(run)
    since = fresh[0].place if fresh else -1
    following = first_after(record.test_runs, before)
    # It had begun when the step was written, and may have ended: events of several sources may arrive in another order.
    late = following is not None and following.moment <= step.moment
    return State(fresh, older, late or record.hides(since, before))


def run_is_part(run: Run) -> bool:
    """Whether a run was of some of the tests only."""
    return any(is_test(call) and is_part(call) for call in run.calls)


def tests_pass(said: Said) -> Finding:
    """Decide "All tests pass now"."""
    if _EXCEPT.search(said.clause.plain):
        return unverifiable("It names an exception, which is not checked.")
    if said.has("name"):
        return _named(said, said.match["name"], passes=True)
    if said.has("last") or _LAST_RUN.search(said.clause.plain):
        return _of_last_run(said, "passed")
    now, words = state(said.record, said.step), said.clause.plain
    if now.latest is None and now.older is None:
        return unverifiable("No test run that came to an end is recorded before this step.")
    if _ELSEWHERE.search(words):
        passing = next((run for run in _all_runs(said) if run.outcome == "passed"), None)
        return supported("A run before this step passed.", passing) if passing else unverifiable(_OTHER_STATE)
    if now.latest is None:
        return _stale(said, now, "passed")
    who = said.match["who"] or "all"
    every = _UNIVERSAL.fullmatch(who) is not None
    if now.latest.outcome == "passed":
        return _passing(now, all_of_them=_ALL.search(who) is not None)
    if now.hidden:
        return unverifiable(_HIDDEN, [now.latest])
    if (not every and now.latest.passed != 0) or _ABOUT.search(_rest(said)):
        return unverifiable("The last run failed, but it is not told which of its tests are meant.", [now.latest])
    if _past(words) and any(run.outcome == "passed" for run in _all_runs(said)):
        return unverifiable("The last run failed; an earlier one passed, and may be meant.", [now.latest])
    return contradicted("The last test run before this step failed, and nothing was changed after it.", now.latest)


def _passing(now: State, *, all_of_them: bool) -> Finding:
    latest = now.latest
    assert latest is not None
    if not all_of_them:
        return supported("The last test run before this step passed.", latest)
    whole = next((run for run in now.fresh if run.outcome == "passed" and not run_is_part(run)), None)
    seen: set[str | None] = set()
    for run in now.fresh:
        if run.outcome == "failed" and run.command not in seen and (whole is None or run.place > whole.place):
            return unverifiable("Another run of the same code failed.", [run, latest])
        seen.add(run.command)
    if whole is None:
        return unverifiable("The run that passed was of a part of the tests.", [latest])
    return supported("The last run of all tests before this step passed.", whole)


def tests_fail(said: Said) -> Finding:
    """Decide "The tests still fail"."""
    if said.has("name"):
        return _named(said, said.match["name"], passes=False)
    if said.has("last") or _LAST_RUN.search(said.clause.plain):
        return _of_last_run(said, "failed")
    now, words = state(said.record, said.step), said.clause.plain
    failing = next((run for run in now.fresh if run.outcome == "failed"), None)
    if failing is not None:
        return supported("A test run before this step failed, and nothing was changed after it.", failing)
    other = last(said.record.failing_runs, said.before)
    speaks_of_now = not _past(words)
    if other is not None and (not speaks_of_now or _ELSEWHERE.search(words)):
        return supported("A run before this step failed.", other)
    run = last(said.record.timeline.runs, said.before)
    if run is not None and fails(run):
        return supported("The last run before this step failed.", run)
    if now.latest is None:
        if now.older is None:
            return unverifiable("No failing run is recorded before this step.")
        return _stale(said, now, "failed")
    if now.hidden:
        return unverifiable(_HIDDEN, [now.latest])
    vague = _PLAIN.fullmatch(said.match["who"]) is None or _ABOUT.search(_rest(said)) is not None
    if vague or not speaks_of_now or _ELSEWHERE.search(words) or _EXCEPT.search(words) or run_is_part(now.latest):
        return unverifiable("The last run passed, but it is not told that it is meant.", [now.latest])
    return contradicted("The last test run before this step passed, and nothing was changed after it.", now.latest)


def _of_last_run(said: Said, wanted: str) -> Finding:
    """Decide a claim that names the last run: whatever was changed after it, it ended as it did."""
    now = state(said.record, said.step)
    run = now.latest or now.older
    if run is None:
        return unverifiable("No test run that came to an end is recorded before this step.")
    if run.outcome == wanted:
        return supported(f"The last test run before this step {wanted}.", run)
    if now.hidden or said.record.hides(run.place, said.before):
        return unverifiable(_HIDDEN, [run])
    return contradicted(f"The last test run before this step {run.outcome}.", run)


def _stale(said: Said, now: State, outcome: str) -> Finding:
    assert now.older is not None
    if now.older.outcome == outcome and _past(said.clause.plain):
        return supported("The last test run before this step ended so; the code was changed after it.", now.older)
    return unverifiable("The code was changed after the last test run before this step.", [now.older])


def test_count(said: Said) -> Finding:
    """Decide "3 failed", "all 18 pass"."""
    number = _number(said.match["count"])
    kind = "failed" if said.match["verb"].startswith("fail") else "passed"
    words = said.clause.plain
    now = state(said.record, said.step)
    if kind == "failed" and number == 0 and now.latest is not None and now.latest.outcome == "passed":
        return supported("The last test run before this step passed.", now.latest)
    runs = _all_runs(said) if _past(words) or _ELSEWHERE.search(words) else now.fresh
    found = next((run for run in runs if _count(run, kind) == number), None)
    every = said.has("all")
    if found is not None and not (every and kind == "passed" and found.outcome == "failed"):
        return supported(f"A test run before this step had {number} {kind}.", found)
    latest = now.latest
    recorded = _count(latest, kind) if latest is not None else None
    if latest is None or recorded is None:
        return unverifiable("No test run with its counts is recorded between the last change and this step.")
    plain_words = said.has("tests") or _BEGINS.match(words) is not None
    unknown = any(_count(run, kind) is None for run in _all_runs(said))
    if now.hidden or unknown or run_is_part(latest) or _ELSEWHERE.search(words) or not plain_words:
        return unverifiable("It may speak of another run than the last.", [latest])
    if _ABOUT.search(_rest(said)):
        return unverifiable("It may speak of a part of the tests.", [latest])
    if every and kind == "passed" and latest.outcome == "failed" and number >= recorded:
        return contradicted(f"The last test run before this step failed: {_told(latest)}.", latest)
    if number > recorded or (number == 0 and kind == "failed") or (said.has("only") and number != recorded):
        return contradicted(f"The last test run before this step had {_told(latest)}.", latest)
    return unverifiable("It may speak of a part of the tests.", [latest])


def _named(said: Said, name: str, *, passes: bool) -> Finding:
    """Decide a claim on one test. A test with parameters passed if all of its cases did."""
    now, words = state(said.record, said.step), said.clause.plain
    elsewhere = _ELSEWHERE.search(words) is not None
    past = elsewhere or _past(words)
    wanted = "passed" if passes else "failed"
    for run in _all_runs(said) if past else now.fresh:
        if (ended := _ended(said.record, run, name)) == wanted:
            return supported(f"{name} {wanted} in a run before this step.", run)
        if ended is not None and not past:
            if now.hidden:
                return unverifiable(_HIDDEN, [run])
            return contradicted(f"{name} {ended} in the last run before this step that ran it.", run)
    return unverifiable(f"How {name} ended is not recorded between the last change and this step.")


def _ended(record: Record, run: Run, name: str) -> str | None:
    outcomes = record.outcomes(run).get(name, set())
    if outcomes & {"failed", "error"}:
        return "failed"
    if "passed" in outcomes:
        return "passed"
    named = any(is_test(call) and any(name in word.lower() for word in call.arguments) for call in run.calls)
    if run.outcome == "failed":
        return "failed" if named and run.failed == 1 and not run.passed else None
    ran = name in record.names_run_by(run.command) or (not run_is_part(run) and name in record.test_names)
    return "passed" if run.outcome == "passed" and (named or ran) else None


def _all_runs(said: Said) -> Sequence[Run]:
    return [run for run in islice(back_from(said.record.test_runs, said.before), _LOOK_BACK) if run.outcome]


def _past(words: str) -> bool:
    return _PAST.search(words) is not None and _NOW.search(words) is None


def _rest(said: Said) -> str:
    return said.clause.plain[said.match.end() :]


def _number(word: str) -> int:
    return int(word) if word.isdigit() else 0 if word == "no" else NUMBERS.index(word)


def _count(run: Run, kind: str) -> int | None:
    count = run.passed if kind == "passed" else run.failed
    if count is None and kind == "failed" and run.outcome == "passed":
        return 0
    return count


def _told(run: Run) -> str:
    parts = [f"{count} {kind}" for kind in ("failed", "passed") if (count := _count(run, kind)) is not None]
    return ", ".join(parts)


_HIDDEN = "The trace has a gap or a pause after the last run: another one may have been missed."
_OTHER_STATE = "It speaks of another state of the code, or of another machine."
