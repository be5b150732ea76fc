"""What every model shares: strictness, timestamps, ids, and paths that cannot leave the repository."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

TIMESTAMP_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?Z$"
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Timestamp = Annotated[str, StringConstraints(pattern=TIMESTAMP_PATTERN)]
"""RFC 3339 in UTC, written with ``Z``; fixtrail itself writes milliseconds."""

Uuid = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
"""A UUID in lower case (RFC 9562); fixtrail itself makes version 7, which sorts by time."""

_DRIVE = re.compile(r"^[A-Za-z]:")


def check_repo_path(path: str) -> str:
    """Return ``path`` if it names a place inside a repository, as POSIX, relative to its root.

    Raises
    ------
    ValueError
        The path is empty, absolute, has a drive, a backslash, a NUL, or an empty, ``.`` or ``..`` segment.
        (A symbolic link that leads out can only be seen on a disk: the daemon checks that.)
    """
    if not path:
        raise ValueError("the path is empty; give it relative to the repository's root")
    if "\0" in path:
        raise ValueError("the path holds a NUL character")
    if path.startswith("/") or _DRIVE.match(path):
        raise ValueError(f"{path!r} is absolute; give it relative to the repository's root")
    if "\\" in path:
        raise ValueError(f"{path!r} holds a backslash; use / between folders")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"{path!r} holds an empty, '.' or '..' segment; it must stay inside the repository")
    return path


RepoPath = Annotated[str, AfterValidator(check_repo_path)]
"""A file of the repository: relative to its root, POSIX separators, no way out of it."""


class DocumentModel(BaseModel):
    """Part of a trace document: snake_case as the 1.0 document had it; fields of later versions are kept."""

    model_config = ConfigDict(extra="allow", strict=True)


class RpcModel(BaseModel):
    """Envelope of a JSON-RPC message: camelCase as in LSP; an unknown field is an error, not a guess."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True)


def format_timestamp(moment: datetime) -> str:
    """Write an aware ``moment`` as RFC 3339, UTC, with milliseconds: ``2026-01-31T09:30:00.125Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def now() -> str:
    """Return the present moment as a :data:`Timestamp`."""
    return format_timestamp(datetime.now(UTC))
