"""The workspace as a git tree: uncommitted work included, nothing of the user's touched."""

import io
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from fixtrail.store.repository import repository_state, strip_credentials
from fixtrail.store.tree import EMPTY_TREE, TreeStore

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")


def git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", *IDENTITY, *args], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "repository"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    (place / ".gitignore").write_text("*.log\n", "utf-8")
    (place / "kept.py").write_text("old\n", "utf-8")
    (place / "gone.py").write_text("gone\n", "utf-8")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "first")
    return place


def files(store: TreeStore, tree: str) -> dict[str, tuple[bytes | str, int]]:
    target = io.BytesIO()
    store.write_tar(tree, target)
    target.seek(0)
    found: dict[str, tuple[bytes | str, int]] = {}
    with tarfile.open(fileobj=target) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            found[member.name] = (content.read() if content else member.linkname, member.mode)
    return found


def test_uncommitted_and_untracked_work_is_in_it_and_ignored_files_are_not(repository: Path, tmp_path: Path) -> None:
    (repository / "kept.py").write_bytes(b"new\r\nwith \x00 bytes")
    (repository / "gone.py").unlink()
    (repository / "a b.py").write_text("untracked\n", "utf-8")
    (repository / "noise.log").write_text("ignored\n", "utf-8")
    (repository / "run.sh").write_text("#!/bin/sh\n", "utf-8")
    (repository / "run.sh").chmod(0o755)
    (repository / "link").symlink_to("kept.py")
    store = TreeStore(repository, tmp_path / "store")
    assert files(store, store.write()) == {
        ".gitignore": (b"*.log\n", 0o644),
        "a b.py": (b"untracked\n", 0o644),
        "kept.py": (b"new\r\nwith \x00 bytes", 0o644),
        "link": ("kept.py", 0o777),
        "run.sh": (b"#!/bin/sh\n", 0o755),
    }


def test_a_change_in_the_second_of_the_commit_is_seen(repository: Path, tmp_path: Path) -> None:
    """Same length, same second: only the index's own time tells git to look (its "racy git" rule)."""
    changed = repository / "kept.py"
    for attempt in range(20):
        changed.write_text(f"{attempt:03d} before\n", "utf-8")
        git(repository, "add", "-A")
        changed.write_text(f"{attempt:03d} behind\n", "utf-8")
        index = repository / ".git" / "index"
        if int(index.stat().st_mtime) == int(changed.stat().st_mtime):
            break
    time.sleep(1.1)  # a copy of the index made now would be younger than the change
    store = TreeStore(repository, tmp_path / "store")
    assert files(store, store.write())["kept.py"][0] == changed.read_bytes()


def test_nothing_of_the_users_is_touched(repository: Path, tmp_path: Path) -> None:
    (repository / "kept.py").write_text("changed\n", "utf-8")
    hook = repository / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/hook-ran'\n", "utf-8")
    hook.chmod(0o755)

    def state() -> list[tuple[str, int, bytes | None]]:
        # Git marks an object that it meets again as fresh by its time; its bytes stay.
        return [
            (
                str(path),
                0 if "objects" in path.parts else path.lstat().st_mtime_ns,
                path.read_bytes() if path.is_file() else None,
            )
            for path in sorted(repository.rglob("*"))
        ]

    before = state()
    TreeStore(repository, tmp_path / "store").write()
    assert state() == before
    assert not (tmp_path / "hook-ran").exists()


def test_the_patch_leads_from_the_commit_to_the_tree(repository: Path, tmp_path: Path) -> None:
    (repository / "kept.py").write_text("new\n", "utf-8")
    (repository / "more.py").write_text("more", "utf-8")
    store = TreeStore(repository, tmp_path / "store")
    tree = store.write()
    committed = store.tree_of_commit("HEAD")
    assert committed is not None
    patch = store.patch(committed, tree)
    assert patch is not None
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(clone))
    subprocess.run(["git", "apply", "--index"], cwd=clone, input=patch, text=True, check=True)
    assert git(clone, "write-tree").strip() == tree


def test_a_folder_of_a_repository_is_a_tree_of_its_own(repository: Path, tmp_path: Path) -> None:
    part = repository / "part"
    part.mkdir()
    store = TreeStore(part, tmp_path / "store")
    assert store.write() == EMPTY_TREE
    (part / "inner.py").write_text("inner\n", "utf-8")
    assert files(store, store.write()) == {"inner.py": (b"inner\n", 0o644)}


def test_a_folder_outside_git_works_and_gets_no_git(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "file.txt").write_text("text", "utf-8")
    store = TreeStore(plain, tmp_path / "store")
    assert files(store, store.write()) == {"file.txt": (b"text", 0o644)}
    assert [path.name for path in plain.iterdir()] == ["file.txt"]
    assert repository_state(plain).head is None


@pytest.mark.parametrize(
    ("url", "stripped"),
    [
        ("https://user:secret@example.org/a/b.git?token=x", "https://example.org/a/b.git"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("ssh://git:pw@example.org/a", "ssh://example.org/a"),
        ("/srv/git/a.git", "/srv/git/a.git"),
    ],
)
def test_credentials_never_reach_the_header(url: str, stripped: str) -> None:
    assert strip_credentials(url) == stripped


def test_the_repository_is_named_after_its_remote(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://token:x@example.org/team/shop.git")
    state = repository_state(repository)
    assert (state.name, state.url, state.branch) == ("shop", "https://example.org/team/shop.git", "main")
    assert state.head == git(repository, "rev-parse", "HEAD").strip()
