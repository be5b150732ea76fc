"""Repositories that are not the usual kind: SHA-256, converted line endings, a folder of a larger one, none at all."""

from pathlib import Path
from typing import Any

import pytest
from fixtrail.replay.verify import verify_trace

from tests.support.daemon import DaemonClient
from tests.support.stores import store_of


def make(folder: Path, kind: str, git: Any) -> Path:
    """Make a repository of a kind with two files, and return the folder to record."""
    folder.mkdir()
    work = folder / "part" if kind == "sub-folder" else folder
    work.mkdir(exist_ok=True)
    (work / "unix.txt").write_bytes(b"one\ntwo\n")
    (work / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    if kind == "none":
        return work
    form = ["--object-format=sha256"] if kind == "sha256" else []
    git(folder, "init", "--quiet", "--initial-branch", "main", *form)
    if kind == "attributes":
        (folder / ".gitattributes").write_text("* text=auto\n")
    if kind == "autocrlf":
        git(folder, "config", "core.autocrlf", "true")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return work


@pytest.mark.parametrize("kind", ["sha256", "attributes", "autocrlf", "sub-folder", "none"])
async def test_edits_in_and_beside_the_editor_are_proven(tmp_path: Path, isolated: Path, git: Any, kind: str) -> None:
    work = make(tmp_path / "repository", kind, git)
    async with DaemonClient.running(work) as daemon:
        trace = await daemon.start(work)
        dos = work / "dos.txt"
        await daemon.open(dos)
        daemon.replace(dos, "one\r\nTWO\r\n")
        (work / "beside.txt").write_bytes(b"mixed\r\nendings\n")
        await daemon.request("trace/pause", {})
        await daemon.request("trace/resume", {})
        if kind != "none":
            git(work, "add", "--all")
            git(work, "commit", "--quiet", "--message", "More")
            git(work, "checkout", "--quiet", "-b", "topic", "HEAD~1")
            await daemon.request("trace/pause", {})
            await daemon.request("trace/resume", {})
        edits = [edit["data"] for edit in await daemon.get(trace, "code_edit")]
    assert [(edit["file_path"], edit["diff"].count("\r\n")) for edit in edits[:2]] == [
        ("dos.txt", 3),
        ("beside.txt", 1),
    ]
    store = store_of(work, isolated, trace)
    result = await verify_trace(isolated / "traces" / f"{trace}.db", store, tree=store.write())
    assert result.verified is True, result
    assert len(result.replayed or "") == (64 if kind == "sha256" else 40)
