"""Turn what happened to files into events, and move the state of the code on with each.

Runs on the writer's thread, in the order of submission: one call at a time, so nothing here is locked. What an
event says of a file before (``blob_before``) is what the state holds; a trace can therefore not drift unseen.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fixtrail_protocol.base import check_repo_path

from fixtrail.capture.causes import Running, cause_of
from fixtrail.capture.diffs import unified_diff
from fixtrail.capture.files import DiskFile, find_codec, guess_codec, read_file, to_bytes, to_text
from fixtrail.capture.git_state import GitDirectory, GitState
from fixtrail.store.code import CodeState, Entry
from fixtrail.store.objects import object_id
from fixtrail.store.tree import TreeDifference, TreeStore

STORM = 200
"""More files than this that change at once are one event and a tree."""
STORM_SECONDS = 3.0
AFTER_STORM = 20
"""So soon after a storm, more files than this are still a part of it."""
LISTED = 1_000
"""Files an event names at the most."""


@dataclass(slots=True)
class Made:
    """An event that was made, not yet stored."""

    event_type: str
    data: dict[str, Any]
    actor: str = "developer"
    surrogates: int = 0


@dataclass(frozen=True, slots=True)
class OpenText:
    """The text of an open document at the moment of a look; ``typed`` when it was last changed and not yet saved."""

    lines: list[str]
    typed: float | None


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be looked at on the disk, and what was known when that was decided."""

    paths: frozenset[str] = frozenset()
    moment: float = 0.0
    git: bool = False
    """Git's own files have changed."""
    everything: bool = False
    """Compare the whole workspace."""
    actor: str | None = None
    """Who did it, where the editor has said so."""
    reason: str | None = None
    """``paused``: what differs changed while nothing was recorded, and is not told file by file."""
    open: Mapping[str, OpenText] = field(default_factory=dict)
    commands: tuple[Running, ...] = ()


class CodeRecorder:
    """Makes ``code_edit``, ``git_change`` and ``tree_change`` events.

    Parameters
    ----------
    limit
        Bytes of a file that is compared at the most; a larger one is kept as a blob.
    """

    def __init__(self, root: Path, store: TreeStore, state: CodeState, limit: int) -> None:
        self.root = root
        self.state = state
        self.store = store
        self.git = GitDirectory(root)
        self.scanned: str | None = None
        """Tree of the workspace at the last full comparison."""
        self._limit = limit
        self._git_state: GitState | None = None
        self._codecs: dict[str, str | None] = {}
        self._last_storm = 0.0

    # --- the editor ------------------------------------------------------------------------------------------

    def edited(
        self,
        path: str,
        lines: list[str],
        cut: str,
        typed: float,
        commands: tuple[Running, ...] = (),
        *,
        silent: bool = False,
    ) -> list[Made]:
        """A burst of typing was cut: ``lines`` is the text now, ``typed`` when it last changed.

        With ``silent`` no diff of it is kept.
        """
        path = self._real(path)
        if self._left_out([path]):
            return []
        made: list[Made] = []
        text = "".join(lines)
        if cut == "start":
            # Only what differs from the record is looked up on the disk: a save may have put the next text there.
            if (codec := self._shows(self.state.seen(path), text)) is not None:
                self._codecs[path] = codec
                return []
            made = self.look(Look(frozenset((path,)), open={path: OpenText(lines, None)}, commands=commands))
        codec = self._codec(path, text)
        if codec is None:
            if cut == "save":
                made += self.look(Look(frozenset((path,)), actor="developer", commands=commands))
            return made
        new, replaced = to_bytes(text, codec)
        after = object_id("blob", new, algorithm=self.store.algorithm)
        before, entry = self.state.seen(path), self.state.disk.get(path)
        on_disk = entry.blob if entry else None
        if before == after and (cut != "save" or on_disk == after):
            return made
        if before is None and not new and cut != "save":
            return made  # a new file that the editor shows and that is not there yet
        mode = None
        saved = on_disk == after
        if cut == "save":
            lying = self._read(path)
            saved, mode = True, lying.mode if lying else (entry.mode if entry else "100644")
        else:
            lying = self._read(path)
            if not saved and lying is not None and lying.content == new and typed > lying.changed:
                # The editor shows what something else wrote: no keystroke made it.
                return made + self.look(Look(frozenset((path,)), commands=commands))
            mode = entry.mode if saved and entry else None
        change = self._change(path, before, new, mode, origin="editor", saved=saved, cut=cut, silent=silent)
        return [*made, Made("code_edit", change, "developer", replaced)]

    def closed(self, path: str, commands: tuple[Running, ...]) -> list[Made]:
        """A document was closed: text that was never saved is gone, the file on the disk is what is left."""
        path = self._real(path)
        self._codecs.pop(path, None)
        unsaved = self.state.unsaved.get(path)
        if unsaved is None:
            return []
        entry = self.state.disk.get(path)
        content = self.state.contents.get(entry.blob) if entry else None
        mode, after = (entry.mode, entry.blob) if entry else (None, None)
        change = self._change(path, unsaved, content, mode, origin="editor", saved=True, cut="close", after=after)
        return [Made("code_edit", change)]

    def _codec(self, path: str, text: str) -> str | None:
        if path not in self._codecs:
            entry = self.state.disk.get(path)
            content = self.state.contents.get(entry.blob) if entry else None
            codec = find_codec(content, text) if content is not None else "utf-8"
            self._codecs[path] = codec or (guess_codec(content) if content is not None else "utf-8")
        return self._codecs[path]

    def _shows(self, blob: str | None, text: str) -> str | None:
        """Return the codec by which an editor that read ``blob`` shows ``text``; None when it does not."""
        content = self.state.contents.get(blob) if blob else None
        return find_codec(content, text) if content is not None else None

    def _real(self, path: str) -> str:
        """Return where the file lies whose text is edited: an editor writes through a link."""
        try:
            return (self.root / path).resolve().relative_to(self.root).as_posix()
        except (OSError, ValueError, RuntimeError):
            return path

    # --- the disk --------------------------------------------------------------------------------------------

    def look(self, look: Look) -> list[Made]:
        """Compare files, or everything, with the state; what differs is what happened."""
        now = self.git.state() if look.git or look.everything else None
        old, self._git_state = self._git_state, now or self._git_state
        moved = now is not None and old is not None and now != old
        if look.everything or moved or (look.git and look.paths):
            return self._compare_all(look, old or now or GitState(), now or GitState())
        paths = self._files(look.paths)
        if self._is_storm(len(paths), look):
            return self._compare_all(look, GitState(), GitState())
        return self._files_changed(self._differences(paths), look)

    def _compare_all(self, look: Look, old: GitState, now: GitState) -> list[Made]:
        before = self.state.disk.write(self.state.contents)
        self.scanned = after = self.store.write()
        changes = self.store.changes(before, after) if before != after else []
        if look.reason == "paused":
            self._git_state = now
            return self._tree_changed(changes, look, "paused") if changes else []
        modules = {change.path for change in changes if _is_module(change)}
        gits = self.git.done_by_git(changes, old, now) if (look.git or now != old) and changes else set()
        gits |= modules
        others = [change for change in changes if change.path not in gits]
        storm = self._is_storm(len(others), look)
        made = self._tree_changed(others, look, "storm") if storm else self._files_changed(others, look)
        if gits or now != old:
            made.append(self._git_changed([change for change in changes if change.path in gits], look, old, now))
        return made

    def _is_storm(self, count: int, look: Look) -> bool:
        if count <= (AFTER_STORM if look.moment - self._last_storm < STORM_SECONDS else STORM):
            return False
        self._last_storm = look.moment
        return True

    def _git_changed(self, changes: list[TreeDifference], look: Look, old: GitState, now: GitState) -> Made:
        before = self.state.disk.write()
        self._take(changes)
        moved = old.head != now.head or old.branch != now.branch
        operation = self.git.operation() if moved else None
        progress = " ".join((*old.in_progress, *now.in_progress)).lower() + f" {operation or ''}"
        kind = next((word for word in ("rebase", "merge") if word in progress), None)
        refs = (old.head, now.head)
        if kind is None:
            if old.branch != now.branch:
                kind = "branch"
            elif old.head != now.head:
                kind = "head"
            elif old.stash != now.stash:
                kind, refs = "stash", (old.stash, now.stash)
                operation = "stash push" if now.stashes > old.stashes else "stash pop"
            else:
                kind = "index"
        data = {
            "kind": kind,
            "operation": operation,
            "from_ref": refs[0],
            "to_ref": refs[1],
            "branch": now.branch,
            **_listed(changes),
            "tree_before": before,
            "tree": self.state.disk.write(self.state.contents),
        }
        cause = cause_of(look.moment, look.commands)[1]
        return Made("git_change", data | ({"cause": cause} if cause else {}), "git")

    def _tree_changed(self, changes: list[TreeDifference], look: Look, reason: str) -> list[Made]:
        before = self.state.disk.write()
        self._take(changes)
        actor, cause = cause_of(look.moment, look.commands)
        if reason == "paused":
            actor, cause = "unknown", None
        data = {
            "reason": reason,
            **_listed(changes),
            "tree_before": before,
            "tree": self.state.disk.write(self.state.contents),
        }
        return [Made("tree_change", data | ({"cause": cause} if cause else {}), look.actor or actor)]

    def _take(self, changes: Iterable[TreeDifference]) -> None:
        for change in changes:
            if change.new is None:
                self.state.disk.remove(change.path)
        for change in changes:
            if change.new is not None:
                self.state.disk.set(change.path, change.new)
                if self.state.unsaved.get(change.path) == change.new.blob:
                    del self.state.unsaved[change.path]

    def _files_changed(self, changes: list[TreeDifference], look: Look) -> list[Made]:
        moves = _moves([change for change in changes if _namable(change.path)])
        sources = set(moves.values())
        made = []
        if unnamable := [change for change in changes if not _namable(change.path)]:
            made += self._tree_changed(unnamable, look, "storm")
            changes = [change for change in changes if _namable(change.path)]
        for change in changes:
            if change.path in sources or _is_module(change):
                continue
            lying = self._read(change.path) if change.new is not None else None
            if change.new is not None and (lying is None or self._id(lying.content) != change.new.blob):
                content = self.state.contents.get(change.new.blob)  # it has changed again: that is the next look's
                changed = look.moment
            else:
                content, changed = (lying.content, lying.changed) if lying else (None, self._gone_at(change.path, look))
            made.append(self._file_changed(change, content, changed, moves.get(change.path), look))
        return made

    def _file_changed(
        self, change: TreeDifference, content: bytes | None, changed: float, old_path: str | None, look: Look
    ) -> Made:
        mode, after = (change.new.mode, change.new.blob) if change.new else (None, None)
        shown = look.open.get(change.path)
        codec = self._codecs.get(change.path) or "utf-8"
        in_editor = shown is not None and content is not None and to_bytes("".join(shown.lines), codec)[0] == content
        if in_editor and shown is not None and shown.typed is not None and shown.typed < changed:
            # Written from the editor; that it was saved is still on its way to us.
            before = self.state.seen(change.path)
            data = self._change(
                change.path, before, content, mode, origin="editor", saved=True, cut="save", after=after
            )
            return Made("code_edit", data)
        actor, cause = cause_of(changed, look.commands)
        if look.actor is not None:
            actor, cause = look.actor, None
        elif actor == "unknown" and change.old is None and in_editor:
            actor = "developer"  # a new file that is open: "save as"
        entry = self.state.disk.get(old_path or change.path)
        before = entry.blob if entry else None
        data = self._change(
            change.path, before, content, mode, origin="disk", saved=True, old_path=old_path, after=after
        )
        return Made("code_edit", data | ({"cause": cause} if cause else {}), actor)

    def _gone_at(self, path: str, look: Look) -> float:
        """Return about when a file was deleted: its folder changed then."""
        try:
            return (self.root / path).parent.stat().st_ctime
        except OSError:
            return look.moment

    def _differences(self, paths: list[str]) -> list[TreeDifference]:
        found = []
        for path in paths:
            old = self.state.disk.get(path)
            try:
                lying = read_file(self.root / path)
            except (PermissionError, OSError):
                continue
            new = Entry(lying.mode, self.state.contents.put(lying.content)) if lying else None
            if old != new and not (old is not None and old.mode == "160000"):
                found.append(TreeDifference(path, old, new))
        return found

    def _files(self, paths: Iterable[str]) -> list[str]:
        """Turn what the watcher named into files that belong to the trace: folders into what is and was in them."""
        found: dict[str, None] = {}
        for path in sorted(paths):
            place = self.root / path
            if self._in_module(path):
                continue
            if place.is_dir() and not place.is_symlink():
                for folder, folders, files in os.walk(place):
                    folders[:] = [name for name in folders if name != ".git"]
                    inner = Path(folder).relative_to(self.root)
                    found |= dict.fromkeys((inner / name).as_posix() for name in files)
                    if len(found) > 20 * STORM:
                        break
            else:
                found[path] = None
            found |= dict.fromkeys(inside for inside, _ in self.state.disk.files(path))
        left_out = self._left_out(found)
        return [path for path in found if path not in left_out]

    def _in_module(self, path: str) -> bool:
        """Whether a file lies in a repository within the workspace: to us that is one commit, not files."""
        parts = path.split("/")
        return any((self.root.joinpath(*parts[:depth]) / ".git").exists() for depth in range(1, len(parts)))

    def _left_out(self, paths: Iterable[str]) -> set[str]:
        return self.store.ignored(path for path in paths if self.state.disk.get(path) is None)

    def _read(self, path: str) -> DiskFile | None:
        try:
            return read_file(self.root / path)
        except (PermissionError, OSError):
            return None

    # --- both ------------------------------------------------------------------------------------------------

    def _id(self, content: bytes) -> str:
        return object_id("blob", content, algorithm=self.store.algorithm)

    def _change(
        self,
        path: str,
        before: str | None,
        new: bytes | None,
        mode: str | None,
        *,
        origin: str,
        saved: bool,
        cut: str | None = None,
        old_path: str | None = None,
        silent: bool = False,
        after: str | None = None,
    ) -> dict[str, Any]:
        """Make the data of a ``code_edit`` and move the state on with it.

        Where secrets were replaced in a content, the diff is between what is kept; the blob ids are those of the
        whole contents. ``after`` names the content where ``new`` may be only what is kept of it.
        """
        contents = self.state.contents
        old = contents.get(before) if before else None
        if new is not None and after is None:
            after = self._id(new)
        whole = new
        old, form_before = self._kept(old, before)
        new, form_after = self._kept(new, after)
        old_text = to_text(old) if old is not None else None
        new_text = to_text(new) if new is not None else None
        data: dict[str, Any] = {"file_path": path}
        if cut is not None:
            data["cut"] = cut
        omitted = None
        if silent:
            omitted = "paused"
        elif before is not None and old is None:
            omitted = "base_unknown"
        elif max(len(old or b""), len(new or b"")) > self._limit:
            omitted = "too_large"
        elif (old is not None and old_text is None) or (new is not None and new_text is None):
            binary = any(part is not None and b"\0" in part[:8000] for part in (old, new))
            omitted = "binary" if binary else "undecodable"
        if omitted is not None:
            data |= {"diff": None, "diff_omitted": omitted}
        else:
            entry = self.state.disk.get(old_path or path)
            modes = {"old_mode": entry.mode if entry else None, "new_mode": mode if saved else None}
            diff, added, removed = unified_diff(path, old_text, new_text, old_path=old_path, **modes)
            data |= {"diff": diff, "added": added, "removed": removed}
        held = contents.put(whole, keep=omitted is not None) if whole is not None else None
        if held != after and after is not None and new is not None:
            contents.hold_form(after, new)
        data |= {"origin": origin, "saved": saved, "blob_before": before, "blob_after": after}
        data |= {"form_before": form_before} if form_before else {}
        data |= {"form_after": form_after} if form_after else {}
        if saved:
            data["mode"] = mode
        if old_path is not None:
            data["old_path"] = old_path
        self.state.move_on(data)
        return data

    def _kept(self, content: bytes | None, name: str | None) -> tuple[bytes | None, str | None]:
        """Return what may be kept of a content, and its id where that is not the whole of it."""
        if content is None or name is None:
            return content, None
        made = self.store.guard(content) if self.store.guard is not None else None
        kept = made[0] if made is not None else content
        form = self._id(kept)
        return kept, form if form != name else None

    def close(self) -> None:
        """Write what only memory holds of files as they are now, and end what runs."""
        for blob in self.state.unsaved.values():
            self.state.contents.keep(blob)
        self.state.contents.close()
        self.store.close()


def _is_module(change: TreeDifference) -> bool:
    return "160000" in (change.old.mode if change.old else "", change.new.mode if change.new else "")


def _listed(changes: list[TreeDifference]) -> dict[str, Any]:
    names = [change.path for change in changes if _namable(change.path)]
    return {"files": names[:LISTED], "files_changed": len(changes)}


def _namable(path: str) -> bool:
    """Whether an event can hold this path: others are told as a part of a tree."""
    try:
        check_repo_path(path).encode("utf-8")
    except ValueError:  # a UnicodeEncodeError too: the name is no UTF-8
        return False
    return True


def _moves(changes: list[TreeDifference]) -> dict[str, str]:
    """Pair files that came with files that went and held the same: new path → old path."""
    gone: dict[str, list[str]] = {}
    for change in changes:
        if change.new is None and change.old is not None:
            gone.setdefault(change.old.blob, []).append(change.path)
    moves = {}
    for change in changes:
        if change.old is None and change.new is not None and (sources := gone.get(change.new.blob)):
            moves[change.path] = sources.pop()
    return moves
