"""Keeps the last judgement of a trace beside it, so that a second finalize of the same content asks nobody."""

import hashlib
import logging
from pathlib import Path

import orjson
from fixtrail_protocol.qa import Reasoning
from pydantic import BaseModel, ValidationError

from fixtrail.store.layout import write_private

_log = logging.getLogger(__name__)


class _Kept(BaseModel):
    key: str
    reasoning: Reasoning


class JudgeCache:
    """The last judgement of one trace, in a file that only its owner can read.

    Parameters
    ----------
    path
        The file. It holds the result and the hash of what it is the result of; of the trace no more than the quotes in
        the result.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, key: str) -> Reasoning | None:
        """Return what was kept under ``key``; None: nothing, or something else."""
        try:
            kept = _Kept.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None
        return kept.reasoning.model_copy(update={"cached": True}) if kept.key == key else None

    def save(self, key: str, reasoning: Reasoning) -> None:
        """Keep a judgement in the place of the one before. That it cannot be kept is no failure of it."""
        try:
            write_private(self._path, orjson.dumps({"key": key, "reasoning": reasoning.model_dump(mode="json")}))
        except OSError as error:
            _log.warning("judgement not kept: %s", error.strerror)


def content_key(*parts: object) -> str:
    """Return a hash of ``parts``, which JSON can hold."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
