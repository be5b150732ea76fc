"""Only files inside the folder are named, and only by paths that mean the same on every machine."""

from pathlib import Path

import pytest
from fixtrail.capture.paths import Workspace, path_of_uri
from fixtrail_protocol.base import RepoPath
from pydantic import TypeAdapter, ValidationError

repo_path: TypeAdapter[str] = TypeAdapter(RepoPath)


@pytest.mark.parametrize("path", ["a.py", "src/a b.py", ".github/x", "ünï/\U0001f600.py", "a..b/c...py", "-x"])
def test_paths_of_a_repository(path: str) -> None:
    assert repo_path.validate_python(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "../a",
        "a/../../b",
        "a/..",
        "/etc/passwd",
        "//host/share",
        "C:/a",
        "c:a",
        "a\\b",
        "a\0b",
        "a//b",
        "a/",
        "./a",
    ],
)
def test_paths_that_are_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        repo_path.validate_python(path)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b%20c.py", "/a/b c.py"),
        ("file://localhost/a", "/a"),
        ("file:///a%2Fb", "/a/b"),
        ("untitled:Untitled-1", None),
        ("git:/a/b", None),
        ("vscode-notebook-cell:/a", None),
        ("file:///a%00b", None),
        ("", None),
    ],
)
def test_uris(uri: str, path: str | None) -> None:
    assert path_of_uri(uri) == (Path(path) if path else None)


def test_files_inside_and_outside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (root / "out").symlink_to(tmp_path / "out")
    (root / "in").symlink_to(root / "src")
    (root / "loop").symlink_to(root / "loop")
    (tmp_path / "root2").mkdir()
    workspace = Workspace(root)

    assert workspace.of_uri((root / "src" / "a.py").as_uri()) == "src/a.py"
    assert workspace.of_uri((root / "in" / "a.py").as_uri()) == "in/a.py"
    assert workspace.holds("not/there/yet.py")
    for outside in ("out/a.py", "out", "../root2/a.py", "..", "src/../../root2/a", "loop/a"):
        assert workspace.relative(root / outside) is None, outside
    for inside in (".git/config", ".git", "."):
        assert workspace.relative(root / inside) is None, inside


def test_a_folder_that_is_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    workspace = Workspace(tmp_path / "link")
    assert workspace.root == tmp_path / "real"
    assert workspace.relative(tmp_path / "link" / "a.py") == "a.py"


def test_text_of_the_disk(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbfx = 1\r\n")
    (tmp_path / "latin.py").write_bytes(b"\xe9")
    (tmp_path / "large.py").write_bytes(b"x" * 11)
    found = [workspace.read_text(name, 10) for name in ("bom.py", "latin.py", "large.py", "none.py", "bom.py/x")]
    assert found == ["x = 1\r\n", None, None, "", ""]
