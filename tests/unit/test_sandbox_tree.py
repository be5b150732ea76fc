"""The parcel that carries a tree in, and the archive that brings the report out."""

import io
import tarfile
from pathlib import Path

import pytest
from fixtrail.qa.sandbox.tree import TreeError, only_file, open_tree, parcel


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 3 * 1024**2 + 7])
def test_a_parcel_is_a_tar_with_the_tree_in_it(tmp_path: Path, size: int) -> None:
    content = bytes(index % 251 for index in range(size))
    (tmp_path / "tree.tar").write_bytes(content)

    with open_tree(tmp_path / "tree.tar") as (tree, length):
        packed = io.BytesIO(b"".join(parcel(tree, length, 61000)))

    with tarfile.open(fileobj=packed, mode="r:") as opened:
        members = {member.name: member for member in opened}
        stored = opened.extractfile("tree.tar")
        assert stored is not None
        assert stored.read() == content
    assert [(m.uid, oct(m.mode)) for m in (members["tree.tar"], members["out"], members["out/junit.xml"])] == [
        (0, "0o444"),
        (0, "0o755"),
        (61000, "0o644"),
    ]


def test_a_tree_that_shrinks_on_the_way_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "tree.tar").write_bytes(b"x" * 100)

    with open_tree(tmp_path / "tree.tar") as (tree, length), pytest.raises(TreeError, match="shorter"):
        list(parcel(tree, length + 1, 61000))


def test_a_tree_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match="No such file"), open_tree(tmp_path / "gone.tar"):
        pass


def archive(content: bytes, kind: bytes = tarfile.REGTYPE) -> list[bytes]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as opened:
        info = tarfile.TarInfo("junit.xml")
        info.size, info.type, info.linkname = len(content), kind, "/etc/passwd"
        opened.addfile(info, io.BytesIO(content))
    data = packed.getvalue()
    return [data[start : start + 1000] for start in range(0, len(data), 1000)]


def test_the_report_comes_out_as_it_was() -> None:
    assert only_file(archive(b"<testsuite/>"), limit=100) == b"<testsuite/>"


def test_a_report_that_is_too_large_is_not_taken_into_memory() -> None:
    def endless():  # type: ignore[no-untyped-def]
        while True:
            yield b"\0" * 1024

    with pytest.raises(TreeError, match="larger"):
        only_file(endless(), limit=1024**2)


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        ([b"not a tar at all" * 100], "damaged"),
        ([], "damaged"),
        (archive(b"", tarfile.SYMTYPE), "not a regular file"),
        (archive(b"", tarfile.DIRTYPE), "not a regular file"),
    ],
)
def test_anything_but_one_plain_file_is_refused(stream: list[bytes], problem: str) -> None:
    with pytest.raises(TreeError, match=problem):
        only_file(stream, limit=100)
