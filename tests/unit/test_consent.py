"""Each class of consent lets through what it names, and nothing else."""

from typing import Any

import pytest
from fixtrail.privacy.consent import apply_consent
from fixtrail_protocol.trace import Consent

ALL = Consent(code=True, terminal_output=True, file_views=True, judge=True, upload=True)
NONE = Consent(code=False, terminal_output=False, file_views=False, judge=False, upload=False)
CASE = {"name": "t", "outcome": "failed", "message": "expected a secret"}


@pytest.mark.parametrize(
    ("event_type", "data", "kept"),
    [
        ("file_open", {"file_path": "a"}, None),
        ("file_close", {"file_path": "a"}, None),
        ("file_view", {"file_path": "a", "ranges": [], "dwell_ms": 1}, None),
        ("code_edit", {"file_path": "a", "diff": "+x", "added": 1}, {"diff": None, "diff_omitted": "consent"}),
        ("code_edit", {"file_path": "a", "diff": None, "diff_omitted": "too_large"}, {}),
        ("terminal_command", {"command": "ls", "output": "x", "truncated": 5}, {"output": None, "truncated": 0}),
        ("terminal_command", {"command": "ls", "output": None}, {}),
        ("test_result", {"failed": 1, "cases": [CASE]}, {"cases": [{"name": "t", "outcome": "failed"}]}),
        ("reasoning_step", {"content": "mine"}, {}),
        ("session_mark", {"mark": "started"}, {}),
        ("capture_gap", {"reason": "paused"}, {}),
    ],
)
def test_with_everything_and_with_nothing(event_type: str, data: dict[str, Any], kept: dict[str, Any] | None) -> None:
    assert apply_consent(event_type, data, ALL) == data
    found = apply_consent(event_type, data, NONE)
    if kept is None:
        assert found is None
    else:
        assert found is not None
        if data.get("output"):
            kept = {**kept, "output_omitted": "consent"}
        assert found == {**data, **kept}
