"""Rebuild the code from the events, one at a time, and say where they do not fit each other."""

from collections.abc import Mapping
from typing import Any

from fixtrail.errors import FixtrailError
from fixtrail.replay.patch import PatchError, apply_diff
from fixtrail.store.code import CodeState
from fixtrail.store.objects import object_id
from fixtrail.store.tree import TreeStore


class ReplayError(Exception):
    """An event does not fit what the events before it give.

    ``code`` is a stable word: ``diff`` (it does not apply), ``blob`` (another content than recorded), ``tree``,
    ``form`` (what is kept of a content with secrets is another), ``objects`` (a content that is not in a diff is
    nowhere), ``event`` (it can't be understood).
    """

    def __init__(self, code: str, detail: str, path: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.path = path


class NotPossibleError(Exception):
    """The trace does not hold what a proof needs; the message is the reason."""


class Replay:
    """The code while events are applied to it. Memory grows with the files, not with the events."""

    def __init__(self, store: TreeStore, state: CodeState) -> None:
        self.state = state
        self.edits = 0
        self.checkpoints = 0
        self.forms: dict[str, str] = {}
        """Files of which only a form with its secrets replaced is known: path to the id of that form."""
        self._store = store

    def step(self, event_type: str, data: Mapping[str, Any]) -> None:
        """Apply one event.

        Raises
        ------
        ReplayError
            It does not fit.
        NotPossibleError
            It lacks what a proof needs.
        """
        try:
            if event_type == "code_edit":
                self._edit(data)
            elif event_type in ("git_change", "tree_change"):
                self._tree(data)
            elif event_type == "capture_gap" and data.get("reason") == "deleted_code":
                raise NotPossibleError("not_possible: changes of the code were deleted on purpose")
            elif event_type == "capture_gap" and data.get("reason") == "code_consent":
                raise NotPossibleError("not_possible: consent")
        except (KeyError, TypeError, AttributeError) as error:
            raise ReplayError("event", f"its data can't be understood ({type(error).__name__})") from None

    def _edit(self, data: Mapping[str, Any]) -> None:
        path = data["file_path"]
        if data.get("diff_omitted") == "consent":
            raise NotPossibleError("not_possible: consent")
        if "blob_after" not in data or data.get("origin") is None:
            raise NotPossibleError("not_possible: the trace tells no contents before and after")
        before, after = self.state.before(data), data["blob_after"]
        if before != data["blob_before"]:
            raise ReplayError("blob", f"it begins with {data['blob_before']}, the events before give {before}", path)
        contents = self.state.contents
        if data.get("diff") is None:
            if after is not None and contents.get(after) is None:
                raise ReplayError("objects", f"the content {after} is not kept anywhere", path)
        else:
            base = contents.get(before) if before is not None else b""
            if base is None:
                raise ReplayError("objects", f"the content {before} is not kept anywhere", path)
            if (form := data.get("form_before")) is not None:
                base = self._form(base, form, path)
            try:
                result = apply_diff(base.decode("utf-8"), data["diff"]).encode("utf-8") if data["diff"] else base
            except PatchError as error:
                raise ReplayError("diff", f"its diff does not apply: {error}", path) from None
            except UnicodeError:
                raise ReplayError("diff", "its diff is for a text, and the content is none", path) from None
            kept = data.get("form_after") or after
            found = contents.put(result) if kept is not None or result else None
            if found != kept:
                raise ReplayError("blob", f"its diff gives {found}, it was recorded as {kept}", path)
            if kept != after and after is not None:
                contents.hold_form(after, result)
        self.state.move_on(data)
        if data.get("old_path") is not None:
            self.forms.pop(data["old_path"], None)
        self.forms.pop(path, None)
        if data.get("form_after") is not None:
            self.forms[path] = data["form_after"]
        self.edits += 1

    def _form(self, content: bytes, wanted: str, path: str) -> bytes:
        """Return what is kept of a content: it may be known whole, from the repository, or in that form already."""
        guard = self._store.guard
        for kept in (content, made[0] if guard is not None and (made := guard(content)) is not None else None):
            if kept is not None and object_id("blob", kept, algorithm=self._store.algorithm) == wanted:
                return kept
        raise ReplayError("form", f"what is kept of its content before is not {wanted}", path)

    def _tree(self, data: Mapping[str, Any]) -> None:
        wanted, tree = data.get("tree_before"), data.get("tree")
        if wanted is None or tree is None:
            return
        found = self.state.disk.write(self.state.contents)
        if found != wanted:
            raise ReplayError(
                "tree", f"the workspace was {wanted}, the events give {found}", self.differing(found, wanted)
            )
        self.checkpoints += 1
        if tree == wanted:
            return
        try:
            changes = self._store.changes(wanted, tree)
        except FixtrailError as error:
            raise ReplayError("objects", f"the tree {tree} can't be read: {error}") from None
        for change in changes:
            if change.new is None:
                self.state.disk.remove(change.path)
        for change in changes:
            if change.new is not None:
                self.state.disk.set(change.path, change.new)
                if self.state.unsaved.get(change.path) == change.new.blob:
                    del self.state.unsaved[change.path]
        found = self.state.disk.write()
        if found != tree:
            raise ReplayError("tree", f"the event gives {found}, it was recorded as {tree}")

    def differing(self, found: str, wanted: str) -> str | None:
        """Return the first file in which two trees differ; None when that can't be said."""
        try:
            changes = self._store.changes(found, wanted)
        except FixtrailError:
            return None  # a tree that is not there can't be compared; the ids say enough
        return changes[0].path if changes else None
