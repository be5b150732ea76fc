"""A tree's files are found in its tar, whichever way it is written."""

import io
import tarfile

import pytest
from fixtrail.qa.sandbox.environment.files import TreeFiles, _NotPlainError, _plain_members
from fixtrail.qa.sandbox.tree import TreeError

PLAIN = {"requirements.txt": b"six\n", "./src/a.py": b"x" * 1500, "empty": b"", "src/" + "d" * 90 + "/b.py": b"deep"}


def write(path, files, kind=tarfile.PAX_FORMAT):
    with tarfile.open(path, "w", format=kind) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("pyproject.toml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        folder = tarfile.TarInfo("docs")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    return path


def expected(files):
    return {name.removeprefix("./"): data for name, data in files.items()}


LONG = {"e" * 300: b"long", "\u00fcber.txt": b"name"}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (tarfile.USTAR_FORMAT, {}),
        (tarfile.PAX_FORMAT, {}),
        (tarfile.PAX_FORMAT, LONG),
        (tarfile.GNU_FORMAT, {}),
        (tarfile.GNU_FORMAT, LONG),
    ],
)
def test_every_kind_of_tar(tmp_path, kind, more):
    files = {**PLAIN, **more}
    tree = TreeFiles.open(write(tmp_path / "tree.tar", files, kind))
    assert {name: tree.data(name) for name in tree.names()} == expected(files)
    assert "pyproject.toml" not in tree, "a link is no file"


def test_a_plain_tar_is_read_without_the_library(tmp_path):
    with write(tmp_path / "tree.tar", PLAIN, tarfile.USTAR_FORMAT).open("rb") as tar:
        assert {name for name, _ in _plain_members(tar)} == set(expected(PLAIN))


def test_what_is_not_plain_is_left_to_the_library(tmp_path):
    with write(tmp_path / "tree.tar", {"e" * 300: b""}).open("rb") as tar, pytest.raises(_NotPlainError):
        list(_plain_members(tar))


@pytest.mark.parametrize("data", [b"no tar" * 200, b"\0" * 100, b""])
def test_a_damaged_tar_is_refused_and_an_empty_one_is_empty(tmp_path, data):
    path = tmp_path / "tree.tar"
    path.write_bytes(data)
    with pytest.raises(TreeError):
        TreeFiles.open(path)
    empty = tmp_path / "empty.tar"
    tarfile.open(empty, "w").close()
    assert list(TreeFiles.open(empty).names()) == []
