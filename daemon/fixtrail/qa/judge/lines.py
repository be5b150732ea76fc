"""What happened, one JSON line each: what the judge sees of a thought, a run, an edit, a view and the like."""

from typing import Literal

from fixtrail.qa.evidence.timeline import Debug, Edit, Entry, Gap, Run, Step, TreeMove, View
from fixtrail.qa.judge.jsonline import Value, json_line

What = Literal["reasoning", "test_run", "edit", "command", "files_changed", "debug", "view", "gap"]

WITHHELD = "text that addresses the assessor"

_STEP_KINDS = frozenset({"hypothesis", "observation", "decision", "check"})
_NAME_CHARS = 200
_MOST_CASES = 5
_MOST_RANGES = 8


def what(entry: Entry) -> What:
    """Say what an entry is, in the words of the prompt."""
    match entry:
        case Step():
            return "reasoning"
        case Run():
            return "test_run" if entry.is_test else "command"
        case Edit():
            return "edit"
        case TreeMove():
            return "files_changed"
        case Debug():
            return "debug"
        case Gap():
            return "gap"
        case _:
            return "view"


def handle(entry: Entry) -> str:
    """Return the short name of an entry in the prompt: ``E1`` is the first of the timeline, shown or not."""
    return f"E{entry.place + 1}"


def line_of(entry: Entry, limit: int, *, withheld: bool = False) -> str:
    """Write an entry as one JSON line.

    Parameters
    ----------
    limit
        Characters that each of its texts keeps: a thought its head and tail, an output its tail, a diff its head. What
        is left out is counted there.
    withheld
        Leave out the texts and say so.
    """
    fields: dict[str, Value] = {"event": handle(entry), "what": what(entry)}
    if withheld:
        return json_line(fields | {"withheld": WITHHELD})
    match entry:
        case Step():
            _step(fields, entry, limit)
        case Run():
            _run(fields, entry, limit)
        case Edit():
            _edit(fields, entry, limit)
        case View():
            _view(fields, entry)
        case TreeMove():
            _move(fields, entry)
        case Debug():
            _debug(fields, entry, limit)
        case Gap():
            fields["reason"] = entry.reason
    return json_line(fields)


def gap_line(left_out: dict[What, int]) -> str:
    """Write how many entries of which kinds are not shown at this place."""
    return json_line({"left_out": {str(kind): count for kind, count in sorted(left_out.items())}})


def words_of(entry: Entry) -> str:
    """Return all the text of an entry that may be quoted, whole."""
    match entry:
        case Step():
            return entry.content
        case Run():
            failing = "\n".join(case.name for case in entry.cases)
            return "\n".join(part for part in (entry.command, entry.output, failing) if part)
        case Edit():
            return f"{entry.path}\n{entry.diff or ''}"
        case View():
            return entry.path
        case Debug():
            return "\n".join(part for part in (entry.expression, entry.path) if part)
        case _:
            return ""


def _step(fields: dict[str, Value], step: Step, limit: int) -> None:
    if step.kind in _STEP_KINDS:
        fields["kind"] = step.kind
    if len(step.content) <= limit:
        fields["text"] = step.content
        return
    tail = limit // 3
    fields["text"] = step.content[: limit - tail]
    fields["characters_left_out"] = len(step.content) - limit
    fields["text_goes_on"] = step.content[-tail:]


def _run(fields: dict[str, Value], run: Run, limit: int) -> None:
    if run.command is not None:
        fields["command"] = _clip(run.command, limit)
    fields["exit_code"] = run.exit_code
    for name in ("passed", "failed", "skipped"):
        if (count := getattr(run, name)) is not None:
            fields[name] = count
    bad = [_clip(case.name, _NAME_CHARS) for case in run.cases if case.outcome in ("failed", "error")]
    if bad:
        fields["failing"] = bad[:_MOST_CASES]
    output = (run.output or "").strip()
    if output:
        fields["output_tail"] = output[-limit:]
        if len(output) > limit:
            fields["characters_left_out"] = len(output) - limit


def _edit(fields: dict[str, Value], edit: Edit, limit: int) -> None:
    fields["path"] = _clip(edit.path, _NAME_CHARS)
    fields["added"], fields["removed"] = edit.added, edit.removed
    if edit.actor not in ("developer", "unknown"):
        fields["by"] = edit.actor
    diff = _without_heads(edit.diff or "")
    if diff:
        fields["diff"] = diff[:limit]
        if len(diff) > limit:
            fields["characters_left_out"] = len(diff) - limit


def _view(fields: dict[str, Value], view: View) -> None:
    fields["path"] = _clip(view.path, _NAME_CHARS)
    if view.ranges:
        fields["lines"] = ", ".join(f"{first}-{last}" for first, last in view.ranges[:_MOST_RANGES])
    if view.dwell_ms:
        fields["seconds"] = round(view.dwell_ms / 1000)


def _move(fields: dict[str, Value], move: TreeMove) -> None:
    fields["by"] = move.actor
    fields["operation"] = move.operation
    fields["files"] = [_clip(path, _NAME_CHARS) for path in move.files[:_MOST_CASES]]
    fields["count"] = move.files_changed


def _debug(fields: dict[str, Value], debug: Debug, limit: int) -> None:
    fields["phase"] = debug.phase
    if debug.path is not None:
        fields["path"] = _clip(debug.path, _NAME_CHARS)
    if debug.line is not None:
        fields["line"] = debug.line
    if debug.expression is not None:
        fields["expression"] = _clip(debug.expression, limit)


def _without_heads(diff: str) -> str:
    """Return a diff from its first hunk on: the path has a field of its own."""
    if diff.startswith("@@"):
        return diff
    at = diff.find("\n@@")
    return diff[at + 1 :] if at >= 0 else diff


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
