"""What is to be run besides the final tree, and the trees for it; git and parsing, so off the event loop."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fixtrail_protocol.base import check_repo_path
from fixtrail_protocol.qa import TamperFlag

from fixtrail.errors import FixtrailError
from fixtrail.qa.testfiles import patterns_of_configuration, patterns_of_tests
from fixtrail.qa.verdict.tamper import Fix, in_files, removed
from fixtrail.qa.verdict.tamper.source import MAX_SOURCE_BYTES, ChangedFile
from fixtrail.store.compose import compose, reversed_changes
from fixtrail.store.tree import TreeDifference, TreeStore

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Tree:
    """A tree to test: its id, and its tar."""

    id: str
    tar: Path


@dataclass
class Plan:
    """What there is to compare.

    Attributes
    ----------
    before
        The baseline's code with the final tests; None when ``reason`` says why there is none.
    original
        The final code with the baseline's versions of tests that were changed or deleted; None: there are none.
    test_files
        Test files that the fix touched.
    paths
        All files of the final tree.
    flags
        What the files show of bent tests.
    removed
        Names of test functions that the fix deleted, moved or renamed.
    """

    before: Tree | None = None
    original: Tree | None = None
    reason: str | None = None
    test_files: list[str] = field(default_factory=list)
    paths: Collection[str] = ()
    flags: list[TamperFlag] = field(default_factory=list)
    removed: Collection[str] = ()


def pack(store: TreeStore, tree: str, folder: Path) -> Tree:
    """Write the tar of ``tree`` into ``folder``.

    Raises
    ------
    UnavailableError
        ``git/failed``: a file of it is not there any more.
    """
    target = folder / f"{tree}.tar"
    with target.open("wb") as file:
        store.write_tar(tree, file, whole=True)
    return Tree(tree, target)


def make_plan(store: TreeStore, baseline: str | None, final: str, patterns: tuple[str, ...], folder: Path) -> Plan:
    """Compare the two trees and put together what is to be tested. Never raises for a tree that is not there.

    Parameters
    ----------
    baseline, final
        Tree ids; None: the trace does not know the code before the fix.
    patterns
        Which files are tests.
    folder
        Where the tars go.
    """
    plan = Plan(paths=_ask(lambda: _paths(store, final)) or ())
    if baseline is None:
        plan.reason = "The trace does not know the code before the fix."
        return plan
    if baseline == final:
        plan.reason = "Nothing differs between the code before the fix and the code that was tested."
        return plan
    is_test = patterns_of_tests(patterns)
    try:
        changes = store.changes(baseline, final)
        tests = [change for change in changes if is_test(change.path)]
        plan.test_files = [change.path for change in tests if _nameable(change.path)]
        fix = Fix(_files(store, changes, patterns), before=_paths(store, baseline), after=plan.paths)
        plan.flags, plan.removed = in_files(fix), removed(fix)
        existing = [change for change in tests if change.old is not None]
        if existing:
            plan.original = pack(store, compose(store, final, reversed_changes(existing)), folder)
        if len(tests) == len(changes):
            plan.reason = "Only test files were changed: the code is the same before and after."
        else:
            plan.before = pack(store, compose(store, baseline, tests), folder)
    except FixtrailError as error:
        plan.before = plan.original = None
        plan.reason = f"The code before the fix is not kept as a whole: {error.message}"
    return plan


def _nameable(path: str) -> bool:
    """Whether a document can name this file: git knows names that are no text, and ours do not."""
    try:
        check_repo_path(path).encode("utf-8")
    except ValueError:  # of which a failure to encode is one
        return False
    return True


def _ask(question: Callable[[], _Result]) -> _Result | None:
    try:
        return question()
    except FixtrailError:
        return None


def _paths(store: TreeStore, tree: str) -> frozenset[str]:
    return frozenset(path for path, _ in store.load(tree).files())


def _files(store: TreeStore, changes: list[TreeDifference], patterns: tuple[str, ...]) -> list[ChangedFile]:
    """Read the tests and the configuration among ``changes``."""
    is_test, is_configuration = patterns_of_tests(patterns), patterns_of_configuration()
    contents = store.contents()
    found = []
    try:
        for change in changes:
            test, configuration = is_test(change.path), is_configuration(change.path)
            if not (test or configuration) or not _nameable(change.path):
                continue
            old, new = (
                None if entry is None else (contents.get(entry.blob) or b"")[: MAX_SOURCE_BYTES + 1]
                for entry in (change.old, change.new)
            )
            found.append(ChangedFile(change.path, old, new, is_test=test, is_configuration=configuration))
    finally:
        contents.close()
    return found
