"""Secrets of this machine and this workspace, by value: from the environment and from ``.env`` files.

They are held in memory only. What is short, common or no secret by its name's and value's looks is left out: to
replace the word ``true`` everywhere would destroy a trace and protect nothing.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from fixtrail.privacy.redaction.judgement import is_placeholder

LONGEST_FILE = 64 * 1024
SHORTEST_VALUE = 8
MOST_VALUES = 500
_NAME = re.compile(
    r"pass(?:w|phrase|$|_)|pwd|secret|token|api_?key|access_?key|private_?key|signing_?key|credential|auth(?!or)|_key$",
    re.IGNORECASE,
)
_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*?)\s*$")
_NOT_SECRET = re.compile(r"^(?:/|~|\.\.?/|[A-Za-z]:\\|\d+$|(?:true|false|yes|no|on|off)$)", re.IGNORECASE)
_SAMPLES = (".example", ".sample", ".template", ".dist")


def _worth(name: str, value: str, *, named: bool) -> bool:
    if len(value) < SHORTEST_VALUE or _NOT_SECRET.search(value) or is_placeholder(value):
        return False
    return not named or _NAME.search(name) is not None


def _from_file(path: Path) -> Iterator[str]:
    try:
        if path.stat().st_size > LONGEST_FILE:
            return
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        if found := _LINE.match(line):
            value = found[2]
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            # In a file that is there for secrets any value that is no plain word may be one.
            named = value.isalpha() or "://" in value
            if _worth(found[1], value, named=named):
                yield value


def known_values_from(environ: Mapping[str, str], workspace: Path) -> tuple[str, ...]:
    """Return values that are never to be stored, the longest first.

    Parameters
    ----------
    environ
        Of a variable the name decides whether its value is a secret.
    workspace
        Its ``.env`` files are read, those beside it and in it; samples are not.
    """
    found = {value for name, value in environ.items() if _worth(name, value, named=True)}
    for path in _env_files(workspace):
        found.update(_from_file(path))
    return tuple(sorted(found, key=lambda value: (-len(value), value))[:MOST_VALUES])


def _env_files(workspace: Path) -> list[Path]:
    try:
        return [path for path in workspace.glob(".env*") if path.is_file() and not path.name.endswith(_SAMPLES)]
    except OSError:
        return []


State = tuple[tuple[str, int, int, int], ...]


def state_of_files(workspace: Path) -> State:
    """Return what changes when one of the files that :func:`known_values_from` reads does: name, inode, size, time."""
    found = []
    try:
        with os.scandir(workspace) as entries:
            for entry in entries:
                if entry.name.startswith(".env"):
                    stat = entry.stat()
                    found.append((entry.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
    except OSError:
        pass
    return tuple(sorted(found))
