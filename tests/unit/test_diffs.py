"""A diff is right when git, and patch, make the new text out of the old one with it."""

import subprocess
from pathlib import Path

import pytest
from fixtrail.capture.diffs import unified_diff
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

lines = st.sampled_from(
    ["a", "b", "", "  c", "\r", "d\r", "x\u2028y", "x\x0cy", "\x85", "é\U0001f600", "-- a", "++ b", "@@"]
)
texts = st.tuples(st.lists(lines, max_size=30), st.booleans()).map(
    lambda made: "\n".join(made[0]) + ("\n" if made[1] and made[0] else "")
)


def apply(folder: Path, name: str, old: str | None, diff: str) -> str | None:
    """Let git apply the diff in an empty folder and return what is there afterwards."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if old is not None:
        path.write_bytes(old.encode())
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "--unsafe-paths", "-"],
        cwd=folder,
        input=diff.encode(),
        capture_output=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )
    assert done.returncode == 0, done.stderr.decode() + diff
    return path.read_bytes().decode() if path.exists() else None


@given(texts, texts)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_git_makes_the_new_text_out_of_the_old(tmp_path: Path, old: str, new: str) -> None:
    diff, added, removed = unified_diff("src/file.py", old, new)

    assert bool(diff) == (old != new)
    if diff:
        assert apply(tmp_path, "src/file.py", old, diff) == new
        body = diff.split("\n", 2)[2]
        assert added == sum(line.startswith("+") for line in body.split("\n"))
        assert removed == sum(line.startswith("-") for line in body.split("\n"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a", "a\n"),
        ("a\n", "a"),
        ("", "a"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("".join(f"{n}\n" for n in range(5000)), "".join(f"{n + (n in (9, 4990))}\n" for n in range(5000))),
        ("same\n" * 100, "same\n" * 101),
    ],
)
def test_patch_agrees(tmp_path: Path, old: str, new: str) -> None:
    diff, _, _ = unified_diff("f.txt", old, new)
    (tmp_path / "f.txt").write_bytes(old.encode())
    subprocess.run(
        ["patch", "--binary", "--strip=1", "--quiet"],
        cwd=tmp_path,
        input=diff.encode(),
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "f.txt").read_bytes() == new.encode()


@pytest.mark.parametrize(
    "name", ["with space.py", 'with"quote.py', "tab\there.py", "back\\slash.py", "ünï.py", "-x.py"]
)
def test_any_file_name_can_be_applied(tmp_path: Path, name: str) -> None:
    diff, _, _ = unified_diff(name, "a\n", "b\n")
    assert apply(tmp_path, name, "a\n", diff) == "b\n"


def test_a_file_that_comes_and_one_that_goes(tmp_path: Path) -> None:
    created, added, _ = unified_diff("n.py", None, "a\nb\n")
    assert (apply(tmp_path, "n.py", None, created), added) == ("a\nb\n", 2)
    deleted, _, removed = unified_diff("n.py", "a\nb\n", None)
    assert (apply(tmp_path, "n.py", "a\nb\n", deleted), removed) == (None, 2)


def test_far_apart_edits_have_their_own_hunks_with_right_numbers() -> None:
    old = [f"{n}\n" for n in range(100)]
    new = [*old[:10], "ten\n", *old[11:80], *old[81:]]
    diff, added, removed = unified_diff("f", "".join(old), "".join(new))
    assert [line for line in diff.splitlines() if line.startswith("@@")] == ["@@ -8,7 +8,7 @@", "@@ -78,7 +78,6 @@"]
    assert (added, removed) == (1, 2)


def test_equal_lines_at_the_end_are_context_and_not_matched_with_others(tmp_path: Path) -> None:
    old, new = "a\nb\nb\nb\nb\n", "b\nb\nb\nb\nb\n"
    diff, added, removed = unified_diff("src/file.py", old, new)
    assert (added, removed) == (1, 1)
    assert apply(tmp_path, "src/file.py", old, diff) == new
