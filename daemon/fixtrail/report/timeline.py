"""The timeline of the HTML report: reasoning is its spine, actions hang between."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from fixtrail.report import markup
from fixtrail.report.markup import chip, code, fold, tag, text
from fixtrail.report.words import clip, clock, duration, label, plural, seconds_between
from fixtrail.store.reader import StoredEvent

REASONING_CHARACTERS = 20_000
_CASES = 50
_PAUSE_SECONDS = 600
QUIET = frozenset({"file_open", "file_close", "file_view"})
_QUIET_TOGETHER = 40
_ANCHOR = re.compile(r"[0-9a-f-]{36}")
_MARKS = {
    "started": "Recording started",
    "paused": "Recording paused",
    "resumed": "Recording resumed",
    "reopened": "Trace reopened",
    "finalized": "Finalized",
    "editor_restarted": "The editor was restarted",
    "daemon_restarted": "The recorder was restarted",
}


class Timeline:
    """Turns events into list items, one after the other.

    Parameters
    ----------
    start
        Timestamp that the clock at the side counts from.
    cited
        Number of each event that the judgement rests on; they are marked.
    """

    def __init__(self, start: str, cited: dict[str, int]) -> None:
        self._start = start
        self._cited = cited
        self._numbers = dict(cited)
        self._last_time = start
        self._quiet: list[str] = []
        self._quiet_at = ""
        self._left_out: Counter[str] = Counter()

    def leave_out(self, event: StoredEvent) -> None:
        """Count an event that is not shown."""
        self._left_out[event.event_type] += 1

    def item(self, event: StoredEvent, *, bodies: bool = True) -> str:
        """Return the HTML for an event, and for what was held back before it; ``bodies`` False: its line only."""
        data = event.document()["data"]
        self._numbers[event.event_id] = event.seq
        found = self._pause(event)
        if event.event_type in QUIET and event.event_id not in self._cited:
            if self._left_out or len(self._quiet) >= _QUIET_TOGETHER:
                found += self.flush()
            if not self._quiet:
                self._quiet_at = event.timestamp
            self._quiet.append(_LINES[event.event_type](data))
            return found
        found = self.flush() + found
        if event.event_type == "reasoning_step":
            return found + self._reasoning(event, data)
        line = _LINES[event.event_type](data)
        body = _BODIES[event.event_type](data) if bodies and event.event_type in _BODIES else ""
        kind = "gap" if event.event_type == "capture_gap" else "mark" if event.event_type == "session_mark" else ""
        return found + self._row(event, f'<div class="line">{line}{self._labels(event)}</div>{body}', kind)

    def flush(self) -> str:
        """Return what is held back: quiet events that share a line, and the count of those left out."""
        found = ""
        if self._quiet:
            content = " ".join(self._quiet)
            found = f'<li class="quiet-row">{self._time(self._quiet_at)}<div class="body">{content}</div></li>'
            self._quiet.clear()
        if self._left_out:
            total = sum(self._left_out.values())
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self._left_out.most_common())
            verb = "is" if total == 1 else "are"
            words = f"{plural(total, 'event')} {verb} not shown here ({kinds})."
            found += f'<li class="left-out"><div class="body">{text(words)}</div></li>'
            self._left_out.clear()
        return found

    def _pause(self, event: StoredEvent) -> str:
        passed = seconds_between(self._last_time, event.timestamp)
        self._last_time = event.timestamp
        if passed is None or passed < _PAUSE_SECONDS:
            return ""
        return self.flush() + f'<li class="pause"><div class="body">{text(duration(passed))} later</div></li>'

    def _time(self, timestamp: str) -> str:
        return f'<time datetime="{text(timestamp)}">{clock(seconds_between(self._start, timestamp))}</time>'

    def _row(self, event: StoredEvent, body: str, css: str) -> str:
        anchor = f' id="e-{event.event_id}"' if _ANCHOR.fullmatch(event.event_id) else ""
        return f'<li class="{css}"{anchor}>{self._time(event.timestamp)}<div class="body">{body}</div></li>'

    def _labels(self, event: StoredEvent) -> str:
        found = "" if event.actor in ("developer", "tool") else chip(event.actor, "actor")
        return found + (chip("cited by the judge", "cited") if event.event_id in self._cited else "")

    def _reasoning(self, event: StoredEvent, data: dict[str, Any]) -> str:
        kind = chip(data["kind"], "kind") if data.get("kind") else ""
        refs = [link for ref in (data.get("refs") or [])[:20] if (link := event_link(ref, self._numbers))]
        speaks = f'<span class="refs">on {" ".join(refs)}</span>' if refs else ""
        head = f'<div class="line">{kind}<span class="quiet">#{event.seq}</span>{speaks}{self._labels(event)}</div>'
        content = text(clip(str(data.get("content", "")), REASONING_CHARACTERS))
        return self._row(event, f'{head}<p class="thought" dir="auto">{content}</p>', "thought-row")


def event_link(event_id: str, numbers: dict[str, int]) -> str:
    """Return a link to an event of this page; empty for one that is not known."""
    if event_id not in numbers or not _ANCHOR.fullmatch(event_id):
        return ""
    return f'<a href="#e-{event_id}">#{numbers[event_id]}</a>'


def _path(data: dict[str, Any]) -> str:
    return code(data.get("file_path", ""))


def _edit_line(data: dict[str, Any]) -> str:
    added, removed = data.get("added"), data.get("removed")
    numbers = "" if added is None else tag("span", f"+{added:,}", "plus")
    numbers += "" if removed is None else tag("span", f"−{removed:,}", "minus")  # noqa: RUF001 - a minus sign
    why = data.get("diff_omitted")
    omitted = f'<span class="quiet">no diff: {text(label(why).lower())}</span>' if why else ""
    return f"<b>Edited</b> {_path(data)} {numbers}{omitted}"


def _edit_body(data: dict[str, Any]) -> str:
    if not (value := data.get("diff")):
        return ""
    lines = value.count("\n")
    return fold(f'Diff <span class="quiet">{plural(lines, "line")}</span>', markup.diff(value), opened=lines <= 40)


def exit_badge(exit_code: int | None, reason: str | None = None) -> str:
    """Return the badge for an exit code; null is not a failure, it is unknown."""
    if exit_code is None:
        return chip("exit code unknown" + (f": {clip(reason, 120)}" if reason else ""), "unknown")
    return chip(f"exit {exit_code}", "good" if exit_code == 0 else "bad")


def _command_line(data: dict[str, Any]) -> str:
    ran = data.get("duration_ms")
    took = f'<span class="quiet">{duration(ran / 1000)}</span>' if ran is not None else ""
    place = f'<span class="quiet">in {code(data["cwd"])}</span>' if data.get("cwd") not in (None, "", ".") else ""
    badge = exit_badge(data.get("exit_code"), data.get("exit_code_reason"))
    return f'<span class="prompt">$</span>{code(clip(data.get("command", ""), 2000))} {badge}{took}{place}'


def _command_body(data: dict[str, Any]) -> str:
    if not (value := data.get("output")):
        return ""
    return markup.output(value, left_out=data.get("truncated") or 0)


def _test_line(data: dict[str, Any]) -> str:
    numbers = {"passed": "good", "failed": "bad", "errors": "bad", "skipped": ""}
    chips = "".join(chip(f"{data[name]:,} {name}", css) for name, css in numbers.items() if data.get(name))
    if not chips:
        chips = f"{exit_badge(data.get('exit_code'))}<span>{text(clip(data.get('summary') or '', 300))}</span>"
    return f"<b>Tests</b> {chips}"


def _test_body(data: dict[str, Any]) -> str:
    cases = [case for case in data.get("cases") or [] if case.get("outcome") in ("failed", "error")]
    found = "".join(
        f"<li>{code(clip(case.get('name', ''), 300))}"
        + (f'<pre dir="ltr">{text(clip(case["message"], 2000))}</pre>' if case.get("message") else "")
        + "</li>"
        for case in cases[:_CASES]
    )
    more = f"<li>… and {len(cases) - _CASES:,} more</li>" if len(cases) > _CASES else ""
    return fold(f"{len(cases):,} not passed", f'<ul class="cases">{found}{more}</ul>') if cases else ""


def _view_line(data: dict[str, Any]) -> str:
    ranges = [f"{part['start']}-{part['end']}" for part in (data.get("ranges") or [])[:3]]
    lines = f'<span class="quiet">lines {text(", ".join(ranges))}</span> ' if ranges else ""
    return f"<span>viewed {_path(data)} {lines}</span>"


def _git_line(data: dict[str, Any]) -> str:
    moved = " → ".join(code(clip(data[name], 80)) for name in ("from_ref", "to_ref") if data.get(name))
    files = f'<span class="quiet">{plural(len(data["files"]), "file")}</span>' if data.get("files") else ""
    return f"<b>Git {text(data.get('kind', ''))}</b> {moved} {files}"


def _tree_line(data: dict[str, Any]) -> str:
    why = "Changed while nothing was recorded" if data.get("reason") == "paused" else "Changed at once"
    return f"<b>{why}</b> {plural(int(data.get('files_changed') or 0), 'file')}"


def _debug_line(data: dict[str, Any]) -> str:
    place = code(f"{data['file_path']}:{data.get('line') or ''}".rstrip(":")) if data.get("file_path") else ""
    what = code(clip(data["expression"], 300)) if data.get("expression") else text(clip(data.get("name") or "", 200))
    return f"<b>Debugger {text(data.get('phase', ''))}</b> {place} {what}"


def _mark_line(data: dict[str, Any]) -> str:
    mark = str(data.get("mark", ""))
    detail = f" <span>{text(clip(data['detail'], 300))}</span>" if data.get("detail") else ""
    return text(_MARKS.get(mark, mark)) + detail


def _gap_line(data: dict[str, Any]) -> str:
    place = f" {_path(data)}" if data.get("file_path") else ""
    words = label(str(data.get("reason", ""))).lower()
    return f"<b>Something may be missing</b> {text(words)}{place} {text(clip(data.get('detail') or '', 500))}"


_LINES: dict[str, Callable[[dict[str, Any]], str]] = {
    "file_open": lambda data: f"<span>opened {_path(data)}</span>",
    "file_close": lambda data: f"<span>closed {_path(data)}</span>",
    "file_view": _view_line,
    "code_edit": _edit_line,
    "terminal_command": _command_line,
    "test_result": _test_line,
    "file_create": lambda data: f"<b>Created</b> {_path(data)}",
    "file_rename": lambda data: f"<b>Renamed</b> {code(data.get('old_path', ''))} → {_path(data)}",
    "file_delete": lambda data: f"<b>Deleted</b> {_path(data)}",
    "git_change": _git_line,
    "tree_change": _tree_line,
    "debug_session": _debug_line,
    "session_mark": _mark_line,
    "capture_gap": _gap_line,
}
_BODIES: dict[str, Callable[[dict[str, Any]], str]] = {
    "code_edit": _edit_body,
    "terminal_command": _command_body,
    "test_result": _test_body,
}
