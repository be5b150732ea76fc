"""Reads the text form of a trace. One thing that happened a paragraph, or a line; what it takes follows indented.

    twin NAME                        an injected trace's clean twin
    no consent file_views, code      classes that were not allowed (else all are)
    wait 90                          seconds that pass; each event takes five
    open PATH                        a file came into view
    view PATH 1-40 for 20            lines seen, seconds
    edit PATH                        lines that begin with - and + follow
    edit PATH by git                 another actor: git, tool, agent, unknown
    new PATH                         a file made; lines that begin with + follow
    save PATH                        text that was only typed before is saved now
    $ COMMAND -> 1                   a command and its exit code (? unknown); lines that begin with | are its output
    tests 13 passed 1 failed         what the command above reported; names of tests follow:  failed test_empty
    git stash FILE ...               git changed files of the workspace
    gap REASON, pause, resume        something may be missing; nothing is recorded
    think, hypothesis, observation,  a reasoning step, the text indented
    decision, check
    ---                              what must be found follows
    measure NAME VALUE               yes, no, null or a number
    step N PLACE [FLAG]              for each step
    claim N KIND STATUS QUOTE        for each claim, in order
    label NAME when VERDICT          passed, failed, none; "proven": tests that failed before pass

A ``#`` at the beginning of a line, or after two spaces behind the ``---``, begins a remark.
"""

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fixtrail_protocol.base import format_timestamp
from fixtrail_protocol.events import Event
from fixtrail_protocol.trace import Consent
from pydantic import TypeAdapter

_EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
_KINDS = {
    "think": None,
    "hypothesis": "hypothesis",
    "observation": "observation",
    "decision": "decision",
    "check": "check",
}
_START = 1_772_442_000.0
_STEP = 5.0


@dataclass
class Written:
    """A trace, and what must be found in it."""

    name: str
    events: list[Event]
    consent: Consent
    twin: str | None = None
    measures: dict[str, bool | float | None] = field(default_factory=dict)
    steps: dict[int, tuple[str, ...]] = field(default_factory=dict)
    claims: list[tuple[int, str, str, str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)


def parse(text: str, name: str) -> Written:
    """Return what ``text`` writes down.

    Raises
    ------
    ValueError
        A line is not understood.
    """
    happened, _, found = text.partition("\n---\n")
    writer = _Writer(name)
    for words, block in _paragraphs(happened):
        writer.take(words, block)
    result = Written(name, _EVENTS.validate_python(writer.documents), writer.consent, writer.twin)
    for line in found.splitlines():
        line = re.split(r"  #|^#", line, maxsplit=1)[0].strip()
        if line:
            _expect(result, line)
    return result


def _paragraphs(text: str) -> Iterator[tuple[str, list[str]]]:
    head: str | None = None
    block: list[str] = []
    for line in text.splitlines():
        if line.startswith("#") or (not line.strip() and head is None):
            continue
        if line.startswith("    "):
            block.append(line[4:])
        elif not line.strip():
            block.append("")
        else:
            if head is not None:
                yield head, block
            head, block = line.strip(), []
    if head is not None:
        yield head, block


class _Writer:
    def __init__(self, name: str) -> None:
        self._name = name
        self._now = _START
        self._applied: dict[str, list[tuple[str, ...]]] = {}
        self._command: str | None = None
        self.documents: list[dict[str, Any]] = []
        self.consent = Consent(code=True, terminal_output=True, file_views=True, judge=True, upload=True)
        self.twin: str | None = None

    def take(self, head: str, block: list[str]) -> None:
        while block and not block[-1].strip():
            block.pop()
        word, _, rest = head.partition(" ")
        if word == "$":
            self._ran(rest, block)
        elif word in _KINDS:
            data = {"content": "\n".join(block), "kind": _KINDS[word]}
            self._event("reasoning_step", {key: value for key, value in data.items() if value is not None})
        elif word in ("edit", "new"):
            path, _, actor = rest.partition(" by ")
            self._edited(path, block, actor or "developer", new=word == "new")
        else:
            getattr(self, f"_take_{word}")(rest, block)

    def _take_twin(self, rest: str, _: list[str]) -> None:
        self.twin = rest

    def _take_no(self, rest: str, _: list[str]) -> None:
        refused = rest.removeprefix("consent ").split(", ")
        self.consent = self.consent.model_copy(update=dict.fromkeys(refused, False))

    def _take_wait(self, rest: str, _: list[str]) -> None:
        self._now += float(rest)

    def _take_open(self, rest: str, _: list[str]) -> None:
        if self.consent.file_views:
            self._event("file_open", {"file_path": rest, "language_id": "python"})

    def _take_view(self, rest: str, _: list[str]) -> None:
        path, start, end, seconds = re.fullmatch(r"(\S+) (\d+)-(\d+) for (\d+)", rest).groups()  # type: ignore[union-attr]
        if self.consent.file_views:
            ranges = [{"start": int(start), "end": int(end)}]
            self._event("file_view", {"file_path": path, "ranges": ranges, "dwell_ms": int(seconds) * 1000})
            self._now += float(seconds)

    def _take_save(self, rest: str, _: list[str]) -> None:
        blob = self._blob(rest)
        data = {"file_path": rest, "diff": "", "added": 0, "removed": 0, "blob_before": blob, "blob_after": blob}
        self._event("code_edit", {**data, "cut": "save", "origin": "editor", "saved": True})

    def _take_git(self, rest: str, _: list[str]) -> None:
        operation, *files = rest.split()
        kind = "stash" if operation == "stash" else "head"
        trees = [self._hash("tree", str(len(self.documents) + side)) for side in (0, 1)]
        data = {"kind": kind, "operation": operation, "files": files, "files_changed": len(files)}
        self._event("git_change", {**data, "tree_before": trees[0], "tree": trees[1]}, actor="git")

    def _take_gap(self, rest: str, _: list[str]) -> None:
        self._event("capture_gap", {"reason": rest}, actor="tool")

    def _take_pause(self, _rest: str, _: list[str]) -> None:
        self._event("session_mark", {"mark": "paused"}, actor="tool")

    def _take_resume(self, _rest: str, _: list[str]) -> None:
        self._event("session_mark", {"mark": "resumed"}, actor="tool")

    def _take_tests(self, rest: str, block: list[str]) -> None:
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped)", rest)}
        cases = [{"name": name, "outcome": outcome} for outcome, name in (line.split() for line in block)]
        data: dict[str, Any] = {"summary": rest, "runner": "pytest", "errors": 0, **counts, "source": "pytest"}
        data |= {name: 0 for name in ("passed", "failed") if name not in data}
        if self._command:
            data["command_event_id"] = self._command
        self._event("test_result", {**data, **({"cases": cases} if cases else {})}, actor="tool")

    def _ran(self, rest: str, block: list[str]) -> None:
        command, _, code = rest.rpartition(" -> ")
        output = "\n".join(line.removeprefix("| ").removeprefix("|") for line in block)
        data: dict[str, Any] = {"command": command, "cwd": ".", "duration_ms": 800, "confidence": "high"}
        if code == "?":
            data["exit_code_reason"] = "the shell reported none"
        else:
            data["exit_code"] = int(code)
        if not self.consent.terminal_output:
            data["output_omitted"] = "consent"
        else:
            data["output"] = output + "\n" if output else ""
        self._command = self._event("terminal_command", data)

    def _edited(self, path: str, block: list[str], actor: str, *, new: bool) -> None:
        lines = [line for line in block if line[:1] in ("-", "+")]
        taken, put = ([line[1:] for line in lines if line[0] == sign] for sign in "-+")
        applied = self._applied.setdefault(path, [])
        before = None if new else self._blob(path)
        inverse = tuple(sorted(("+" if line[0] == "-" else "-") + line[1:] for line in lines))
        if applied and applied[-1] == inverse:
            applied.pop()  # the file is again what it was
        else:
            applied.append(tuple(sorted(lines)))
        old = "/dev/null" if new else f"a/{path}"
        hunk = f"@@ -{0 if new else 12},{len(taken)} +{1 if new else 12},{len(put)} @@"
        diff = "\n".join([f"--- {old}", f"+++ b/{path}", hunk, *lines, ""])
        data: dict[str, Any] = {"file_path": path, "added": len(put), "removed": len(taken)}
        data |= {"cut": "save", "origin": "editor", "saved": True}
        if self.consent.code:
            data |= {"diff": diff, "blob_before": before, "blob_after": self._blob(path), "mode": "100644"}
        else:
            data |= {"diff": None, "diff_omitted": "consent"}
        self._event("code_edit", data, actor=actor)

    def _blob(self, path: str) -> str:
        return self._hash(path, repr(self._applied.get(path, [])))

    def _hash(self, *parts: str) -> str:
        return hashlib.sha1("\0".join(parts).encode()).hexdigest()

    def _event(self, event_type: str, data: dict[str, Any], actor: str = "developer") -> str:
        self._now += _STEP
        seq = len(self.documents) + 1
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._name.removeprefix('injected_')}/{seq}"))
        moment = format_timestamp(_moment(self._now))
        document = {"event_id": event_id, "seq": seq, "event_type": event_type, "timestamp": moment, "actor": actor}
        self.documents.append({**document, "data": data})
        return event_id


def _moment(seconds: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


def _expect(result: Written, line: str) -> None:
    word, _, rest = line.partition(" ")
    if word == "measure":
        name, value = rest.split()
        values: dict[str, bool | None] = {"yes": True, "no": False, "null": None}
        result.measures[name] = values[value] if value in values else float(value)
    elif word == "step":
        number, *told = rest.split()
        result.steps[int(number)] = tuple(told)
    elif word == "claim":
        number, kind, status, quote = rest.split(" ", 3)
        result.claims.append((int(number), kind, status, quote))
    elif word == "label":
        label, _, verdict = rest.partition(" when ")
        result.labels[verdict] = label
    else:
        raise ValueError(f"{result.name}: what is {line!r}?")
