"""What capture writes as a diff, replay applies; git and patch do as well."""

import subprocess
from pathlib import Path

import pytest
from fixtrail.capture.diffs import unified_diff
from fixtrail.replay.patch import PatchError, apply_diff
from hypothesis import given
from hypothesis import strategies as st

LINES = st.sampled_from(
    ["a\n", "b\n", "c\r\n", "\r", "\n", "\x0c\n", "x\u2028y\n", "-- x\n", "@@ -1 +1 @@\n", "\\ z\n", "end"]
)
TEXTS = st.lists(LINES, max_size=30).map("".join)


@given(old=TEXTS, new=TEXTS)
def test_a_diff_applied_gives_the_new_text(old: str, new: str) -> None:
    diff, _, _ = unified_diff("a.py", old, new)
    assert (apply_diff(old, diff) if diff else old) == new


@given(old=st.lists(LINES, min_size=3, max_size=20).map("".join), new=TEXTS)
def test_a_diff_of_another_text_is_refused(old: str, new: str) -> None:
    diff, _, _ = unified_diff("a.py", old, new)
    other = "\n".join("Q" + line for line in old.split("\n"))
    if any(line.startswith((" ", "-")) for line in diff.split("\n")[2:]):
        with pytest.raises(PatchError):
            apply_diff(other, diff)


CASES = [
    ("plain.txt", b"one\ntwo\nthree\n", b"one\n2\nthree\n", None),
    ("no newline", b"one\ntwo", b"one\n2", None),
    ("crlf.txt", b"one\r\ntwo\r\n", b"one\r\n2\r\n", None),
    ("bom.txt", b"\xef\xbb\xbfone\n", b"\xef\xbb\xbfone\ntwo\n", None),
    ('quo"ted\ttab.txt', b"one\n", b"two\n", None),
    ("new/file.txt", None, b"fresh\n", None),
    ("gone.txt", b"gone\n", None, None),
    ("emptied.txt", b"x\n", b"", None),
    ("here.txt", b"one\ntwo\nthree\nfour\n", b"one\ntwo\nthree\n4\n", "there.txt"),
    ("empty", None, b"", None),
]


@pytest.mark.parametrize(("name", "old", "new", "old_path"), CASES, ids=[case[0] for case in CASES])
def test_git_applies_it(tmp_path: Path, name: str, old: bytes | None, new: bytes | None, old_path: str | None) -> None:
    place = tmp_path / (old_path or name)
    if old is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(old)
    texts = [None if part is None else part.decode() for part in (old, new)]
    modes = [None if part is None else "100644" for part in (old, new)]
    diff, _, _ = unified_diff(name, *texts, old_mode=modes[0], new_mode=modes[1], old_path=old_path)

    done = subprocess.run(["git", "apply", "-"], input=diff.encode(), cwd=tmp_path, capture_output=True, check=False)

    assert done.returncode == 0, (done.stderr, diff)
    assert ((tmp_path / name).read_bytes() if (tmp_path / name).exists() else None) == new
    assert old_path is None or not place.exists()
    assert apply_diff(texts[0] or "", diff) == (texts[1] or "")


@pytest.mark.parametrize("diff", ["@@ -1 +1 @@\n-a\n", "@@ -9,1 +9,1 @@\n-a\n+b\n", "@@ -1 +1 @@\n?a\n+b\n"])
def test_what_is_no_diff_of_the_text_is_refused(diff: str) -> None:
    with pytest.raises(PatchError):
        apply_diff("a\n", diff)
