"""Real packages, three real fixes each: the difference of two releases, made as an editor makes it, replays exactly."""

import difflib
import itertools
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtrail.capture.documents import split_lines
from fixtrail.replay.verify import verify_trace

from tests.support.daemon import DaemonClient
from tests.support.sessions import units
from tests.support.stores import store_of

PACKAGES = {"click": 3, "jinja2": 3, "werkzeug": 3}
HISTORIES = os.environ.get("FIXTRAIL_HISTORIES")

pytestmark = pytest.mark.skipif(HISTORIES is None, reason="FIXTRAIL_HISTORIES is not set: run scripts/setup-histories")


def _releases(package: str) -> list[Path]:
    assert HISTORIES is not None
    found = [path for path in Path(HISTORIES).glob("*.whl") if path.name.lower().startswith(f"{package}-")]
    return sorted(found, key=lambda path: [int(part) for part in path.name.split("-")[1].split(".")])


def _files(wheel: Path) -> dict[str, bytes]:
    """Return a release's files, the metadata's folder by a name that does not change with the version."""
    version = f"-{wheel.name.split('-')[1]}"
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {name.replace(version, ""): archive.read(name) for name in names}


def _steps(old: str, new: str) -> Iterator[dict[str, Any]]:
    """Yield the changes an editor sends for going from one text to another, from the end, so that places stay right."""
    before, after = split_lines(old), split_lines(new)
    for tag, a, b, c, d in reversed(difflib.SequenceMatcher(None, before, after).get_opcodes()):
        if tag == "equal":
            continue
        end = {"line": b, "character": 0}
        if b == len(before) and before and not before[-1].endswith(("\n", "\r")):
            end = {"line": b - 1, "character": units(before[-1])}
        yield {"range": {"start": {"line": a, "character": 0}, "end": end}, "text": "".join(after[c:d])}


def _text(content: bytes | None) -> str | None:
    try:
        return content.decode() if content is not None else None
    except UnicodeDecodeError:
        return None


async def _fix(daemon: DaemonClient, workspace: Path, old: dict[str, bytes], new: dict[str, bytes]) -> int:
    """Make one release of the other: changed text is typed and saved, all else happens on the disk."""
    typed = 0
    for name in sorted(old.keys() | new.keys()):
        path, before, after = workspace / name, old.get(name), new.get(name)
        if before == after:
            continue
        if after is None:
            path.unlink()
        elif (text := _text(after)) is not None and (start := _text(before)) is not None:
            await daemon.open(path)
            for step in _steps(start, text):
                daemon.change(path, step)
            daemon.save(path, text)
            daemon.close_file(path)
            typed += 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(after)
    return typed


@pytest.mark.parametrize("package", PACKAGES)
async def test_each_fix_replays_to_the_release(
    package: str, isolated: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    releases = _releases(package)
    assert len(releases) == PACKAGES[package] + 1
    for number, (old_wheel, new_wheel) in enumerate(itertools.pairwise(releases)):
        old, new = _files(old_wheel), _files(new_wheel)
        workspace = (tmp_path / str(number)).resolve()
        for name, content in old.items():
            (workspace / name).parent.mkdir(parents=True, exist_ok=True)
            (workspace / name).write_bytes(content)
        git(workspace, "init", "-q")
        git(workspace, "add", "-A")
        git(workspace, "-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-qm", old_wheel.name)

        async with DaemonClient.running(workspace) as daemon:
            trace = await daemon.start(workspace)
            assert await _fix(daemon, workspace, old, new) >= 2
            finalized = await daemon.request("trace/finalize", {})

        git(workspace, "add", "-A")
        released = git(workspace, "write-tree").strip()
        assert finalized["qaResults"] is not None
        store = store_of(workspace, isolated, trace)
        proof = await verify_trace(isolated / "traces" / f"{trace}.db", store)
        assert (proof.verified, proof.replayed, proof.tree) == (True, released, released), proof.reason
