"""Trees composed of two others, with real git."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fixtrail.errors import UnavailableError
from fixtrail.store.compose import compose, reversed_changes
from fixtrail.store.tree import TreeStore

Git = Callable[..., str]


def files(store: TreeStore, tree: str, folder: Path) -> dict[str, str]:
    store.check_out(tree, folder)
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def store(workspace: Path, tmp_path: Path) -> TreeStore:
    return TreeStore(workspace, tmp_path / "objects of ours")


def test_the_tests_of_one_tree_go_with_the_code_of_the_other(store: TreeStore, tmp_path: Path) -> None:
    folder = store.workspace
    (folder / "tests" / "data").mkdir(parents=True)
    (folder / "tests" / "gone_test.py").write_text("gone\n")
    old = store.write()
    (folder / "calc.py").write_text("fixed\n")
    (folder / "new.py").write_text("new\n")
    (folder / "tests" / "gone_test.py").unlink()
    (folder / "tests" / "data" / "größe.txt").write_text("42\n")
    (folder / "test_calc.py").write_text("changed\n")
    new = store.write()

    changes = [change for change in store.changes(old, new) if "test" in change.path]
    before = files(store, compose(store, old, changes), tmp_path / "before")
    original = files(store, compose(store, new, reversed_changes(changes)), tmp_path / "original")

    assert before["calc.py"].startswith("def add")
    assert before["test_calc.py"] == "changed\n"
    assert before["tests/data/größe.txt"] == "42\n"
    assert before.keys().isdisjoint({"new.py", "tests/gone_test.py"})
    assert (original["calc.py"], original["new.py"], original["tests/gone_test.py"]) == ("fixed\n", "new\n", "gone\n")
    assert original["test_calc.py"].startswith("from calc import")
    assert "tests/data/größe.txt" not in original


def test_all_changes_give_the_other_tree(store: TreeStore) -> None:
    old = store.write()
    (store.workspace / "test_calc.py").unlink()
    (store.workspace / "test_calc.py").mkdir()
    (store.workspace / "test_calc.py" / "inner.py").write_text("a folder where a file was\n")
    (store.workspace / "run").write_text("#!/bin/sh\n")
    (store.workspace / "run").chmod(0o755)
    (store.workspace / "link").symlink_to("calc.py")
    new = store.write()

    changes = store.changes(old, new)
    assert compose(store, old, changes) == new
    assert compose(store, new, reversed_changes(changes)) == old
    assert compose(store, old, []) == old


def test_the_repository_and_its_index_stay_as_they_are(store: TreeStore, git: Git) -> None:
    old = store.write()
    (store.workspace / "staged.py").write_text("staged\n")
    git(store.workspace, "add", "staged.py")
    (store.workspace / "test_calc.py").write_text("changed\n")
    new = store.write()
    index = (store.workspace / ".git" / "index").read_bytes()
    objects = git(store.workspace, "count-objects", "-v")

    made = compose(store, old, [change for change in store.changes(old, new) if change.path == "test_calc.py"])

    assert made not in (old, new)
    assert (store.workspace / ".git" / "index").read_bytes() == index
    assert git(store.workspace, "count-objects", "-v") == objects
    assert not list(store.folder.glob("scratch.*"))


def test_a_file_kept_in_another_form_keeps_its_real_id(workspace: Path, tmp_path: Path) -> None:
    def guard(content: bytes) -> tuple[bytes, dict[str, int]] | None:
        return (content.replace(b"hunter2", b"[gone]"), {"rule": 1}) if b"hunter2" in content else None

    store = TreeStore(workspace, tmp_path / "guarded", guard=guard)
    old = store.write()
    (workspace / "test_calc.py").write_text("password = 'hunter2'\n")
    new = store.write()

    made = compose(store, old, store.changes(old, new))

    assert made == new
    assert files(store, made, tmp_path / "out")["test_calc.py"] == "password = '[gone]'\n"


def test_a_tree_that_is_not_there_is_said(store: TreeStore) -> None:
    with pytest.raises(UnavailableError) as missing:
        compose(store, "1" * 40, [])
    assert missing.value.code == "git/failed"
