"""The gate that takes secrets out: before the store, before the judge, before an export. It fails closed.

One gate for each trace: its key tags the secrets, so that the same secret has the same tag all over a trace, and
nobody without the key can try out guesses against it.
"""

import logging
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from fixtrail.privacy.redaction import RedactionError, Redactor, known_values_from, state_of_files
from fixtrail.settings import RedactionSettings

logger = logging.getLogger(__name__)

WITHHELD = "[WITHHELD: the redaction engine could not run]"
WITHHELD_RULE = "withheld"
LOOK_SECONDS = 1.0
"""How long a secret that was just written into a ``.env`` file may be unknown by its value."""
REMEMBERED = 512
"""Contents whose outcome is remembered: a file is seen again with each edit of it."""
SCANNED_BYTES = 32 * 1024**2
"""A larger text is not kept at all: what was not looked at is not let through."""

_MARK = re.compile(r"\[REDACTED:([a-z0-9_-]+):[0-9a-f]{8}\]")

PLAIN_KEYS = frozenset(
    {
        *("event_id", "event_type", "timestamp", "actor", "seq", "cause", "command_event_id", "refs", "session"),
        *("file_path", "old_path", "files", "language_id", "mode", "cut", "origin", "kind", "phase", "outcome"),
        *("blob_before", "blob_after", "form_before", "form_after", "tree", "tree_before", "from_ref", "to_ref"),
        *("diff_omitted", "output_omitted", "confidence", "reason", "mark", "operation", "branch", "runner", "source"),
        *("ranges", "exit_code", "duration_ms", "dwell_ms"),
    }
)
"""Keys whose values are ids, places and words of the format: they must stay what they are."""


class Gate:
    """Takes secrets out of everything of one trace."""

    def __init__(self, redactor: Redactor, learn: Callable[[], Redactor | None] | None = None) -> None:
        self._current = redactor
        self._learn = learn
        self._looked = time.monotonic()
        self._seen: OrderedDict[bytes, tuple[bytes, Mapping[str, int]] | None] = OrderedDict()

    @classmethod
    def for_workspace(cls, key: bytes, settings: RedactionSettings, workspace: Path) -> "Gate":
        """Return a gate that knows this machine's and this workspace's own secrets: by value, in memory only.

        Raises
        ------
        UsageError
            ``settings/invalid``: a rule of the user's own is no pattern.
        """
        values = set(known_values_from(os.environ, workspace))
        seen = state_of_files(workspace)

        def redactor() -> Redactor:
            return Redactor.from_settings(
                key,
                settings,
                known_values=sorted(values, key=lambda value: (-len(value), value)),
                home=Path.home(),
                user=os.environ.get("USER") or os.environ.get("LOGNAME"),
            )

        def learn() -> Redactor | None:
            nonlocal seen
            if (now := state_of_files(workspace)) == seen:
                return None
            seen = now
            # What was taken out of a file may still stand in the output of a program that had read it.
            values.update(known_values_from(os.environ, workspace))
            return redactor()

        return cls(redactor(), learn)

    @property
    def _redactor(self) -> Redactor:
        """The engine, with what ``.env`` files hold now: they are looked at once a second at the most."""
        if self._learn is not None and time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            if (newer := self._learn()) is not None:
                self._current = newer
                self._seen = OrderedDict()
        return self._current

    def text(self, text: str) -> str:
        """Return a text without its secrets."""
        try:
            return self._redactor.redact_text(text).text
        except RedactionError:
            logger.error("redaction failed: text withheld")
            return WITHHELD

    def diff(self, diff: str) -> str:
        """Return a unified diff without its secrets; it still has as many lines, and the same hunks."""
        try:
            return self._redactor.redact_diff(diff).text
        except RedactionError:
            logger.error("redaction failed: diff withheld")
            return ""

    def data(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, int]]:
        """Return the same data without secrets, and how often each rule replaced something."""
        try:
            return self._redactor.redact_data(data, plain=PLAIN_KEYS)
        except RedactionError:
            logger.error("redaction failed: data withheld")
            return _withheld(data), {WITHHELD_RULE: 1}

    def event(self, event_type: str, data: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, int]]:
        """Return the data of an event without secrets, and how often each rule replaced something.

        The diff of a ``code_edit`` is between contents that went through :meth:`content`, and has to stay what it is.
        """
        if event_type != "code_edit":
            return self.data(data)
        diff = data.get("diff")
        counts: dict[str, int] = {}
        for rule in _MARK.findall(diff) if isinstance(diff, str) and "[REDACTED:" in diff else ():
            counts[rule] = counts.get(rule, 0) + 1
        return dict(data), counts

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return an event as a trace document holds it, once more without secrets: rules may be newer than the trace.

        A diff is redacted line by line here: what is exported need not be replayed, what was stored must.
        """
        data, _ = self.data(document["data"])
        diff = document["data"].get("diff")
        if isinstance(diff, str):
            data["diff"] = self.diff(diff)
        return {**document, "data": data}

    def content(self, content: bytes) -> tuple[bytes, Mapping[str, int]] | None:
        """Return what may be kept of a file's content; None: all of it. As :data:`fixtrail.store.objects.Guard`."""
        if b"\0" in content[:8_000] or not content:
            return None  # binary: there is no text in it to look at
        redactor, seen = self._redactor, self._seen
        digest = blake2b(content, digest_size=16).digest()
        if digest in seen:
            seen.move_to_end(digest)
            return seen[digest]
        outcome = _redact(redactor, content)
        seen[digest] = outcome
        while len(seen) > REMEMBERED:
            seen.popitem(last=False)
        return outcome


def _redact(redactor: Redactor, content: bytes) -> tuple[bytes, Mapping[str, int]] | None:
    withheld = WITHHELD.encode() + b"\n", {WITHHELD_RULE: 1}
    if len(content) > SCANNED_BYTES:
        return withheld
    # Latin-1 gives each byte a character: what is not UTF-8 is looked at as well, and comes back as it was.
    codec = "utf-8"
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        codec = "latin-1"
        text = content.decode(codec)
    try:
        found = redactor.redact_text(text)
    except RedactionError:
        logger.error("redaction failed: content withheld")
        return withheld
    if found.text == text:
        return None
    return found.text.encode(codec, "replace"), found.counts


def _withheld(value: Any) -> Any:
    if isinstance(value, str):
        return WITHHELD
    if isinstance(value, Mapping):
        return {key: item if key in PLAIN_KEYS else _withheld(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_withheld(item) for item in value]
    return value
