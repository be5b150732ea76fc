"""The first gate before the disk: what the developer did not allow is not stored.

Redaction of secrets stands behind this gate, at the same place: see ``docs/architecture.md``.
"""

from collections.abc import Mapping
from typing import Any

from fixtrail_protocol.trace import Consent

_IDS = frozenset({"blob_before", "blob_after", "form_before", "form_after"})
_VIEWS = frozenset({"file_open", "file_close", "file_view"})


def told(consent: Consent) -> str:
    """Return what is allowed, in words."""
    return "Allowed: " + (", ".join(name for name, given in consent if given) or "nothing") + "."


def apply_consent(event_type: str, data: Mapping[str, Any], consent: Consent) -> Mapping[str, Any] | None:
    """Return what of an event may be stored; None when nothing of it may.

    Without ``code`` a diff is left out and its path and counts stay; without ``terminal_output`` a command and
    its exit code stay; without ``file_views`` nothing tells what was looked at.
    """
    if event_type in _VIEWS:
        return data if consent.file_views else None
    if event_type == "code_edit" and not consent.code:
        # The id of a content tells whoever can guess the content that the guess is right.
        kept = {key: value for key, value in data.items() if key not in _IDS}
        return {**kept, "diff": None, "diff_omitted": data.get("diff_omitted") or "consent"}
    if event_type in ("git_change", "tree_change") and not consent.code:
        return {key: value for key, value in data.items() if key not in ("tree", "tree_before")}
    if event_type == "terminal_command" and not consent.terminal_output and data.get("output") is not None:
        return {**data, "output": None, "output_omitted": "consent", "truncated": 0}
    if event_type == "test_result" and not consent.terminal_output and data.get("cases"):
        cases = [{key: value for key, value in case.items() if key != "message"} for case in data["cases"]]
        return {**data, "cases": cases}
    return data
