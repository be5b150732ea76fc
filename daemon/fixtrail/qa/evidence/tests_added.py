"""Which edits add a test: a new one, or a further case of an old one."""

import re

from fixtrail.qa.evidence.entries import Edit

_NO_TESTS = frozenset({"conftest.py", "__init__.py"})
_IDLE_LINE = re.compile(
    r"(?:#|//|/?\*).*|import\b.*|from\s.*\bimport\b.*|(?:const|let|var)\b.*\brequire\(.*|[)\]}(,;\s]*"
)
"""What makes no test: comments, imports, closing brackets."""
_TEST_LINE = re.compile(
    r"\s*(?:(?:async )?def test|class Test|#\[(?:tokio::)?test\]|func Test|@Test\b|@ParameterizedTest"
    r"|(?:it|test|describe|specify)(?:\.\w+)*\s*[('\"`]|>>> )"
)
"""What opens a test, in whatever file."""


def adds_test(edit: Edit) -> bool:
    """Whether an edit of a test file puts something in that can be a test or a case of one."""
    if not edit.is_test or edit.is_prose or edit.path.rpartition("/")[2] in _NO_TESTS:
        return False
    if edit.diff is None:
        return edit.added > edit.removed
    lines = edit.diff.splitlines()
    put = {line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++")}
    taken = {line[1:].strip() for line in lines if line.startswith("-") and not line.startswith("---")}
    return any(not _IDLE_LINE.fullmatch(line) for line in put - taken) and len(put) > len(taken)


def opens_test(edit: Edit) -> bool:
    """Whether an edit of any file puts a line in that opens a test, such as ``#[test]`` beside the code."""
    return any(line.startswith("+") and _TEST_LINE.match(line, 1) for line in (edit.diff or "").splitlines())
