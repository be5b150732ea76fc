"""What the record itself says before any model is asked: what it allows no mark for, and what may not be cited."""

import re
from dataclasses import dataclass

from fixtrail_protocol.process import Process

from fixtrail.qa.evidence.timeline import Edit, Run, Timeline

CONTRADICTED_CAP = 0.25
"""Most that coherence and validation can get where a claim contradicts the record; the rubric's anchor for it."""

_TEXT_FILES = (".md", ".rst", ".adoc")
"""A change of these can break no test that was run before it."""

_LOOKS = frozenset(
    (
        *("cd", "ls", "ll", "dir", "pwd", "cat", "bat", "less", "more", "head", "tail", "grep", "egrep", "rg", "ag"),
        *("find", "fd", "tree", "wc", "file", "stat", "which", "type", "echo", "printf", "true", "clear", "history"),
        *("man", "git", "gh", "diff", "vim", "vi", "nvim", "nano", "emacs", "code", "touch", "mkdir", "cp", "mv", "rm"),
        *("chmod", "export", "set", "source", "black", "isort", "ruff", "prettier"),
    )
)
"""Programs that look at files, move, keep or format them: running one does not show whether the code works."""

_PARTS = re.compile(r"&&|\|\||[;|\n]")
_ASSIGNMENT = re.compile(r"\w+=\S*")


@dataclass(frozen=True)
class Facts:
    """What the events decide by themselves."""

    last_edit: Edit | None
    """The last change of the code: tests and documentation aside, unless only they were changed."""
    validating: tuple[Run, ...]
    """Runs after it that could show whether it works."""
    contradicted: int
    """Claims in the reasoning that the events contradict."""
    addressing: frozenset[str]
    """Events that address the judge: they are no evidence for anything."""
    addressed: bool
    """Something in the trace addresses the judge."""

    @property
    def no_validation(self) -> str | None:
        """Why there can be no mark for validation; None: there can."""
        if self.last_edit is None:
            return "No change of a file is recorded."
        return None if self.validating else "Nothing was run after the last change of the code."


def find_facts(timeline: Timeline, process: Process) -> Facts:
    """Return what the events of a trace decide by themselves."""
    last = _last_edit(timeline)
    addressing = frozenset(label.step for label in process.steps if "addresses_judge" in label.flags)
    return Facts(
        last_edit=last,
        validating=tuple(run for run in timeline.runs if last is not None and run.place > last.place and shows(run)),
        contradicted=sum(claim.status == "contradicted" for claim in process.claims),
        addressing=addressing,
        addressed=bool(addressing) or "addresses_judge" in process.flags,
    )


def shows(run: Run) -> bool:
    """Say whether a run could show that the code works: a test run, or a command that does more than look."""
    if run.is_test or run.command is None:
        return True
    return any(name not in _LOOKS for part in _PARTS.split(run.command) if (name := _program(part)))


def _program(part: str) -> str:
    words = part.split()
    while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in ("sudo", "time", "env")):
        words = words[1:]
    return words[0].rsplit("/", 1)[-1] if words else ""


def _last_edit(timeline: Timeline) -> Edit | None:
    changes = [edit for edit in timeline.edits if edit.diff != "" and not edit.path.lower().endswith(_TEXT_FILES)]
    code = [edit for edit in changes if not edit.is_test]
    return next(reversed(code or changes), None)
