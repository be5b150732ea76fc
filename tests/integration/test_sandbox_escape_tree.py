"""Hostile trees: what a tar can hold that no git tree should. None reaches the host; none becomes a pass or a fail."""

import io
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.settings import SandboxSettings
from fixtrail_protocol.qa import TestRun

from tests.support.hostile import strays
from tests.support.sandbox import QUICK, engine, leftovers  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

PASSES = "def test_sum():\n    assert 1 + 1 == 2\n"
Fill = Callable[[tarfile.TarFile, str], None]


def put(tree: tarfile.TarFile, name: str, text: str = "", **more: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(text.encode())
    for attribute, value in more.items():
        setattr(info, attribute, value)
    tree.addfile(info, io.BytesIO(text.encode()))


def link(tree: tarfile.TarFile, name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> None:
    put(tree, name, type=kind, linkname=target)


async def unpack(where: Path, fill: Fill, settings: SandboxSettings = QUICK) -> TestRun:
    marker = f"hostile-{uuid.uuid4().hex}"
    path = where / "tree.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tree:
        put(tree, "test_it.py", PASSES)
        fill(tree, marker)
    task = Job(["pytest", "-q", "test_it.py"], path, None, f"test-{marker}")
    receipt = await run_tests(task, settings)
    found = leftovers(task.trace_id)
    assert (found.containers, found.volumes, strays(marker)) == ([], [], [])
    return receipt


def members_above(tree: tarfile.TarFile, marker: str) -> None:
    put(tree, f"../../../../tmp/{marker}", "out")


def absolute_members(tree: tarfile.TarFile, marker: str) -> None:
    put(tree, f"/etc/{marker}", "out")


def a_file_through_a_link(tree: tarfile.TarFile, marker: str) -> None:
    link(tree, "out", "/etc")
    put(tree, f"out/{marker}", "out")


def hard_links_to_the_hosts_files(tree: tarfile.TarFile, marker: str) -> None:
    link(tree, marker, "/etc/passwd", tarfile.LNKTYPE)


def device_nodes(tree: tarfile.TarFile, marker: str) -> None:
    put(tree, marker, type=tarfile.BLKTYPE, devmajor=8, devminor=0, mode=0o666)


def a_member_over_the_report(tree: tarfile.TarFile, marker: str) -> None:
    link(tree, "../fixtrail/out/junit.xml", "/work/mine.xml")


def nonsense_of_a_size(tree: tarfile.TarFile, marker: str) -> None:
    assert tree.fileobj is not None
    info = tarfile.TarInfo(marker)
    info.size = 8 * 1024**3  # and nothing of it follows
    tree.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize(
    "fill",
    [members_above, a_file_through_a_link, hard_links_to_the_hosts_files, device_nodes, a_member_over_the_report,
     nonsense_of_a_size],
)  # fmt: skip
async def test_what_cannot_be_unpacked_is_not_the_codes_fault(tmp_path: Path, fill: Fill) -> None:
    receipt = await unpack(tmp_path, fill)

    assert (receipt.verdict, receipt.error_code) == ("infra_error", "sandbox/tree-unpack-failed"), receipt.output
    assert "tar:" in (receipt.output or "")


def links_to_everywhere(tree: tarfile.TarFile, marker: str) -> None:
    for number, target in enumerate(("/", "/etc/shadow", "/proc/1/root", "/var/run/docker.sock", "../../..", "loop4")):
        link(tree, f"loop{number}" if target == "loop4" else f"link{number}", target)
    link(tree, "loop4", "loop5")


def a_link_named_like_the_report(tree: tarfile.TarFile, marker: str) -> None:
    link(tree, "junit.xml", "/etc/passwd")
    link(tree, "out", "/fixtrail/out")
    put(tree, "fixtrail/out/junit.xml", "<testsuite/>")


def setuid_programs(tree: tarfile.TarFile, marker: str) -> None:
    put(tree, marker, "#!/bin/sh\nid -u\n", mode=0o6755, uid=0, gid=0)


def odd_names(tree: tarfile.TarFile, marker: str) -> None:
    for name in ("-rf", "--checkpoint-action=exec=sh", "a\nb", "\udcff", "$(touch x)", "x" * 255, "con", ". ."):
        put(tree, name, "x")


def a_fifo(tree: tarfile.TarFile, marker: str) -> None:
    put(tree, marker, type=tarfile.FIFOTYPE)


@pytest.mark.parametrize(
    "fill",
    [absolute_members, links_to_everywhere, a_link_named_like_the_report, setuid_programs, odd_names, a_fifo],
)
async def test_what_can_be_unpacked_does_no_harm(tmp_path: Path, fill: Fill) -> None:
    receipt = await unpack(tmp_path, fill)

    assert (receipt.verdict, receipt.passed) == ("passed", 1), receipt.output


async def test_a_huge_sparse_file_costs_nothing_or_is_refused(tmp_path: Path) -> None:
    def fill(tree: tarfile.TarFile, marker: str) -> None:
        # GNU's old sparse header: no data at all, and a real size of a terabyte.
        header = bytearray(tarfile.TarInfo(marker).tobuf(tarfile.GNU_FORMAT))
        header[156:157] = tarfile.GNUTYPE_SPARSE
        header[386:482] = b"\0" * 96
        header[386:398], header[398:410] = b"%011o\0" % (8**11 - 1), b"%011o\0" % 0
        header[483:495] = b"%011o\0" % (8**11 - 1)
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        assert tree.fileobj is not None
        tree.fileobj.write(bytes(header))

    receipt = await unpack(tmp_path, fill)

    assert (receipt.verdict, receipt.error_code) in [
        ("passed", None),
        ("infra_error", "sandbox/tree-unpack-failed"),
    ], receipt.output


async def test_a_hundred_thousand_files(tmp_path: Path) -> None:
    def fill(tree: tarfile.TarFile, marker: str) -> None:
        for number in range(100_000):
            put(tree, f"many/{number // 1000}/{number}.txt", "x")

    receipt = await unpack(tmp_path, fill, QUICK.model_copy(update={"memory_bytes": 1024**3}))

    assert (receipt.verdict, receipt.passed) == ("passed", 1), receipt.output


async def test_more_files_than_memory_for_them(tmp_path: Path) -> None:
    def fill(tree: tarfile.TarFile, marker: str) -> None:
        for number in range(100_000):
            put(tree, f"many/{number}.txt", "x")

    receipt = await unpack(tmp_path, fill, QUICK.model_copy(update={"memory_bytes": 64 * 1024**2}))

    assert receipt.verdict in ("oom", "infra_error"), receipt.output
