"""Random sessions: whatever happens in the editor, on the disk and in git, the events rebuild the exact tree."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fixtrail.replay.verify import verify_trace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.sessions import Session, drive, make_workspace, run_git

SESSIONS = int(os.environ.get("FIXTRAIL_SESSIONS", "200"))

FILES = ("a.py", "src/crlf.txt", "src/mixed.txt", "bom.txt", "latin.txt", "empty", "new/file.py", "sp ace.txt")
TEXTS = st.sampled_from(
    ["x", "\n", "\r\n", "\U0001f600", "é", "line\nline\n", "", "a\U0001f680b", "tab\t\n", "\ufeff", "\x0c", "\u2028"]
)
CONTENTS = st.sampled_from(
    [
        b"",
        b"x\n",
        b"x",
        b"one\r\ntwo\r\n",
        b"\0\1\2",
        "caf\xe9\n".encode("latin-1"),
        b"a\n" * 300,
        b"mine\n",
        b"\xff\xfe",
    ]
)
NAMES = st.sampled_from(FILES)

STEPS = st.one_of(
    st.tuples(st.just("type"), NAMES, st.integers(0, 2**16), st.integers(0, 12), TEXTS),
    st.tuples(st.just("type"), NAMES, st.integers(0, 2**16), st.integers(0, 12), TEXTS),
    st.tuples(st.just("save"), NAMES),
    st.tuples(st.just("save"), NAMES),
    st.tuples(st.just("undo"), NAMES),
    st.tuples(st.just("close"), NAMES),
    st.tuples(st.just("cut")),
    st.tuples(st.just("write"), NAMES, CONTENTS),
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("mode"), NAMES),
    st.tuples(st.just("link"), NAMES),
    st.tuples(st.just("endings"), NAMES),
    st.tuples(st.just("git"), st.sampled_from(["checkout other", "checkout main", "checkout -b topic"])),
    st.tuples(st.just("git"), st.sampled_from(["stash -u", "stash", "stash pop", "add -A", "commit -qam more"])),
    st.tuples(st.just("git"), st.sampled_from(["reset -q --hard", "checkout -- .", "merge -q other", "rm -q a.py"])),
    st.tuples(st.just("see")),
    st.tuples(st.just("restart"), st.booleans()),
    st.tuples(st.just("pause"), NAMES, CONTENTS),
)


def _on_disk(workspace: Path, step: tuple[Any, ...]) -> None:
    """Change files beside the editor; what the file system refuses does not happen."""
    kind, name = step[0], workspace / step[1]
    try:
        if kind == "write":
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_bytes(step[2])
        elif kind == "rename":
            target = workspace / step[2]
            target.parent.mkdir(parents=True, exist_ok=True)
            name.rename(target)
        elif kind == "delete":
            name.unlink()
        elif kind == "mode":
            name.chmod(name.stat().st_mode ^ 0o100)
        elif kind == "link":
            name.unlink(missing_ok=True)
            name.symlink_to("a.py" if name.name != "a.py" else "empty")
        elif kind == "endings":
            name.write_bytes(name.read_bytes().replace(b"\n", b"\r\n"))
    except OSError:
        pass


async def _play(session: Session, steps: list[tuple[Any, ...]]) -> Any:
    workspace = session.workspace
    await session.start()
    for step in steps:
        kind = step[0]
        if kind == "type":
            session.type(*step[1:])
        elif kind in ("save", "undo", "close", "cut"):
            getattr(session, kind)(*step[1:])
        elif kind == "git":
            run_git(workspace, *step[1].split())
        elif kind == "see":
            await session.see_disk()
        elif kind == "restart":
            await session.restart(kill=step[1])
        elif kind == "pause":
            await session.pause(lambda step=step: _on_disk(workspace, ("write", *step[1:])))  # type: ignore[misc]
        else:
            _on_disk(workspace, step)
    path, store = await session.end()
    return await verify_trace(path, store, tree=store.write())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a repository to begin with."""
    folder = tmp_path_factory.mktemp("template") / "work"
    make_workspace(folder)
    return folder


@pytest.mark.timeout(60 + 5 * SESSIONS)
@settings(
    max_examples=SESSIONS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    print_blob=True,
)
@given(steps=st.lists(STEPS, min_size=3, max_size=14))
def test_a_random_session_replays_to_the_exact_tree(
    template: Path, isolated: Path, steps: list[tuple[Any, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder).resolve() / "work"
        shutil.copytree(template, workspace, symlinks=True)
        session = Session(Path(folder) / "home", workspace)
        result = drive(_play(session, steps))
    assert result.verified, (result.reason, result.mismatch)
