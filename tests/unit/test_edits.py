"""When typing becomes an edit, and against what it is compared."""

from pathlib import Path

import pytest
from fixtrail.capture.documents import Document, split_lines
from fixtrail.capture.edits import EditTracker, PendingEdit
from fixtrail.capture.paths import Workspace


class Desk:
    """One file on the disk, an editor that has it open, and what was cut."""

    def __init__(self, folder: Path, on_disk: bytes | None = b"a\nb\n", limit: int = 1000) -> None:
        self.path = folder / "f.py"
        if on_disk is not None:
            self.path.write_bytes(on_disk)
        self.cuts: list[PendingEdit] = []
        self.tracker = EditTracker(Workspace(folder), limit, self.cuts.append)
        self.document = Document("file:///f.py", "python", 0)

    def open(self, text: str) -> None:
        self.document.lines = split_lines(text)
        self.tracker.opened("f.py", self.document)

    def type(self, text: str) -> None:
        self.document.lines = split_lines(text)
        self.tracker.changed("f.py", self.document)

    def diffs(self) -> list[str]:
        found = [edit.data()[0] for edit in self.cuts]
        return [each["diff"] for each in found if each is not None]


def test_a_burst_is_one_edit_and_the_next_goes_on_from_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.open("a\nb\n")
    for text in ("a\nbx\n", "a\nbxy\n", "a\nbxyz\n"):
        desk.type(text)
    assert desk.tracker.dirty
    desk.tracker.cut("f.py", "save")
    desk.type("a\nB\n")
    desk.tracker.cut_all("event")
    desk.tracker.cut_all("event")

    assert not desk.tracker.dirty
    assert [diff.split("@@\n")[1] for diff in desk.diffs()] == [" a\n-b\n+bxyz\n", " a\n-bxyz\n+B\n"]


def test_a_save_before_the_writer_looks_does_not_change_what_was_opened(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.open("a\nb\n")
    desk.type("a\nc\n")
    desk.path.write_bytes(b"a\nc\n")
    desk.tracker.cut("f.py", "save")

    assert [diff.split("@@\n")[1] for diff in desk.diffs()] == [" a\n-b\n+c\n"]


def test_typing_and_taking_it_back_is_no_edit(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.open("a\nb\n")
    desk.type("a\n")
    desk.type("a\nb\n")
    desk.tracker.cut_all("event")
    assert desk.diffs() == []


def test_closing_and_opening_again_is_compared_with_what_was_recorded(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.open("a\nb\n")
    desk.open("a\nb\nchanged elsewhere\n")
    assert [diff.split("@@\n")[1] for diff in desk.diffs()] == [" a\n b\n+changed elsewhere\n"]


def test_a_file_opened_unrecorded_is_where_the_next_edit_begins(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.document.lines = split_lines("private\n")
    desk.tracker.opened_unrecorded("f.py", desk.document)
    assert not desk.tracker.dirty
    desk.type("public\n")
    desk.tracker.cut("f.py", "save")
    assert [diff.split("@@\n")[1] for diff in desk.diffs()] == ["-private\n+public\n"]


@pytest.mark.parametrize(("content", "limit"), [(b"\xff\xfe", 1000), (b"x" * 2000, 1000)])
def test_what_is_no_text_or_too_large_has_no_diff(tmp_path: Path, content: bytes, limit: int) -> None:
    desk = Desk(tmp_path, content, limit)
    desk.open("what the editor makes of it")
    desk.type("typed")
    desk.tracker.cut("f.py", "save")
    (_, second) = [edit.data()[0] for edit in desk.cuts]
    assert second is not None
    assert second["file_path"] == "f.py"


def test_a_new_file_is_compared_with_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, None)
    desk.open("new\n")
    assert [diff.split("@@\n")[1] for diff in desk.diffs()] == ["+new\n"]
