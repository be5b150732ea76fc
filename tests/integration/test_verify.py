"""A trace that was damaged or edited by hand is always caught, and never with a traceback."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from fixtrail.replay.verify import verify_trace
from fixtrail.store.chain import START, next_link
from fixtrail.store.tree import TreeStore
from fixtrail_protocol.rpc import ConsentParams, FinalizeParams, ReasonParams, StartParams
from fixtrail_protocol.trace import Reconstruction

from tests.support.sessions import Session, drive, make_workspace, run_git

OFFSETS = 150


class Recorded:
    """A finished session: its trace, its workspace, and what lay on the disk after some events."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "work"
        make_workspace(self.workspace)
        self.session = Session(folder / "home", self.workspace)
        self.moments: dict[int, str] = {}
        drive(self._record())
        self.path = self.session.data.trace_path(self.session.trace_id)

    async def _moment(self) -> None:
        """Note the tree as it is now, under the number of the last event."""
        await self.session.see_disk()
        recorder = self.session.service.recorder
        assert recorder is not None
        assert recorder.code is not None
        assert recorder.code.scanned is not None
        self.moments[recorder.writer.events] = recorder.code.scanned

    async def _record(self) -> None:
        session, workspace = self.session, self.workspace
        await session.start()
        session.type("a.py", 0, 0, "# \U0001f600 first\n")
        session.cut()
        session.save("a.py")
        await self._moment()
        (workspace / "made.txt").write_text("one\ntwo\n")
        (workspace / "made.bin").write_bytes(b"\0" * 50)
        await self._moment()
        await session.service.reason(ReasonParams(content="I think that a is wrong"))
        session.type("a.py", 5, 3, "other words")
        session.save("a.py")
        await self._moment()
        run_git(workspace, "commit", "-qam", "fix")
        run_git(workspace, "checkout", "-q", "other")
        await self._moment()
        (workspace / "made.txt").rename(workspace / "moved.txt")
        (workspace / "empty").unlink()
        await self._moment()
        session.type("bom.txt", 3, 2, "X")
        session.save("bom.txt")
        await self._moment()
        await session.service.reason(ReasonParams(content="done"))
        await session.end()

    def copy(self, folder: Path) -> Path:
        """Copy the trace and its objects."""
        for part in self.path.parent.glob(f"{self.path.stem}.*"):
            if part.suffix in (".db", ".git"):
                target = folder / part.name
                shutil.copytree(part, target) if part.is_dir() else shutil.copy(part, target)
        return folder / self.path.name

    def verify(self, path: Path, tree: str | None = None) -> Reconstruction:
        """Verify a copy."""
        store = TreeStore(self.workspace, path.with_suffix(".git"))
        result: Reconstruction = drive(verify_trace(path, store, tree=tree))
        return result


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Record once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("recorded").resolve()
        patch.setenv("FIXTRAIL_HOME", str(folder / "home"))
        yield Recorded(folder)


def _change(path: Path, statement: str, *values: Any) -> None:
    with sqlite3.connect(path) as db:
        db.execute(statement, values)
    db.close()


def _link_again(path: Path) -> None:
    db = sqlite3.connect(path)
    link = START
    fields = "seq, clock, event_id, event_type, timestamp, actor, data, redactions"
    for seq, clock, *row in db.execute(f"SELECT {fields} FROM event ORDER BY seq").fetchall():
        link = next_link(link, *row, clock=clock)
        db.execute("UPDATE event SET link = ? WHERE seq = ?", (link, seq))
    db.commit()
    db.close()


def _rows(path: Path) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute("SELECT seq, event_type, data FROM event ORDER BY seq").fetchall()
    finally:
        db.close()


def _command(path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "fixtrail", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=path.parent)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def test_what_was_recorded_verifies(recorded: Recorded) -> None:
    result = recorded.verify(recorded.path)

    assert (result.verified, result.reason) == (True, None)
    assert result.edits >= 7
    assert result.checkpoints >= 1
    done = _command(recorded.path, "verify", str(recorded.path), "--json")
    assert (done.returncode, orjson.loads(done.stdout)["verified"]) == (0, True)


def test_an_event_that_was_removed_is_missed(recorded: Recorded, tmp_path: Path) -> None:
    path = recorded.copy(tmp_path)
    for seq, _, _ in _rows(path)[:-1]:
        shutil.copy(recorded.path, path)
        _change(path, "DELETE FROM event WHERE seq = ?", seq)
        result = recorded.verify(path)
        assert result.verified is False
        assert result.mismatch is not None
        assert result.mismatch.seq == seq + 1


def test_an_edit_that_was_removed_and_the_rest_moved_up_is_missed(recorded: Recorded, tmp_path: Path) -> None:
    """A forger who makes the chain anew is caught by the contents: each edit names the blob it begins with."""
    path = recorded.copy(tmp_path)
    edits = [seq for seq, kind, data in _rows(path) if kind == "code_edit" and orjson.loads(data)["diff"] != ""]
    assert len(edits) >= 7
    final = recorded.moments[max(recorded.moments)]
    for seq in edits:
        shutil.copy(recorded.path, path)
        _change(path, "DELETE FROM event WHERE seq = ?", seq)
        _change(path, "UPDATE event SET seq = -seq WHERE seq > ?", seq)
        _change(path, "UPDATE event SET seq = -seq - 1 WHERE seq < 0")
        _link_again(path)
        result = recorded.verify(path, tree=final)
        assert (result.verified, result.mismatch is not None) == (False, True)
        assert result.mismatch is None or result.mismatch.code in ("blob", "tree")


def test_an_event_that_lost_its_link_is_named(recorded: Recorded, tmp_path: Path) -> None:
    path = recorded.copy(tmp_path)
    _change(path, "UPDATE event SET link = NULL WHERE seq = 3")
    result = recorded.verify(path)
    assert result.mismatch is not None
    assert (result.mismatch.code, result.mismatch.seq) == ("seal", 3)


def test_two_diffs_that_were_swapped_are_named(recorded: Recorded, tmp_path: Path) -> None:
    path = recorded.copy(tmp_path)
    edits = [(seq, data) for seq, kind, data in _rows(path) if kind == "code_edit"]
    (first, one), (second, two) = edits[0], edits[2]
    _change(path, "UPDATE event SET data = ? WHERE seq = ?", two, first)
    _change(path, "UPDATE event SET data = ? WHERE seq = ?", one, second)

    result = recorded.verify(path)

    assert result.verified is False
    assert result.mismatch is not None
    assert result.mismatch.seq == first
    done = _command(path, "verify", str(path))
    assert done.returncode == 1
    assert f"event {first}" in done.stdout


def test_a_byte_changed_in_any_event_is_named(recorded: Recorded, tmp_path: Path) -> None:
    path = recorded.copy(tmp_path)
    for seq, _, data in _rows(path):
        place = len(data) // 2
        other = data[:place] + ("y" if data[place] != "y" else "z") + data[place + 1 :]
        shutil.copy(recorded.path, path)
        _change(path, "UPDATE event SET data = ? WHERE seq = ?", other, seq)
        result = recorded.verify(path)
        assert result.verified is False, seq
        assert result.mismatch is not None
        assert result.mismatch.seq == seq


@pytest.mark.parametrize("column", ["timestamp", "actor", "event_type", "event_id", "redactions"])
def test_every_column_is_in_the_chain(recorded: Recorded, tmp_path: Path, column: str) -> None:
    path = recorded.copy(tmp_path)
    _change(path, f"UPDATE event SET {column} = 'other' WHERE seq = 2")
    result = recorded.verify(path)
    assert result.verified is False
    assert result.mismatch is not None
    assert result.mismatch.seq == 2


def test_a_byte_changed_anywhere_in_the_file_is_no_traceback_and_no_wrong_proof(
    recorded: Recorded, tmp_path: Path
) -> None:
    path = recorded.copy(tmp_path)
    raw = recorded.path.read_bytes()
    rows = _rows(recorded.path)
    caught = 0
    for number in range(OFFSETS):
        offset = number * (len(raw) - 1) // OFFSETS
        path.write_bytes(raw[:offset] + bytes([raw[offset] ^ 0x55]) + raw[offset + 1 :])
        result = recorded.verify(path)
        if result.verified:
            assert _rows(path) == rows, offset  # a byte that nothing reads
        else:
            caught += 1
    assert caught > OFFSETS // 10


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 500])
def test_what_is_no_trace_is_said_in_one_line(recorded: Recorded, tmp_path: Path, content: bytes) -> None:
    path = recorded.copy(tmp_path)
    path.write_bytes(content)
    done = _command(path, "verify", str(path))
    assert done.returncode in (1, 3)
    assert (done.stdout + done.stderr).strip()


def test_a_blob_that_is_gone_is_named(recorded: Recorded, tmp_path: Path) -> None:
    path = recorded.copy(tmp_path)
    data = next(orjson.loads(data) for _, _, data in _rows(path) if "made.bin" in data)
    blob = data["blob_after"]
    assert (data["diff"], data["diff_omitted"]) == (None, "binary")
    (path.with_suffix(".git") / "objects" / blob[:2] / blob[2:]).unlink()

    result = recorded.verify(path)

    assert result.mismatch is not None
    assert (result.mismatch.code, result.mismatch.file_path) == ("objects", "made.bin")


def test_the_code_is_built_as_it_was_at_each_event(recorded: Recorded, tmp_path: Path) -> None:
    assert len(recorded.moments) == 6
    for seq, tree in recorded.moments.items():
        target = tmp_path / str(seq)
        arguments = ("replay", str(recorded.path), "--at", str(seq), "--to", str(target), "--json")
        done = _command(recorded.path, *arguments)
        assert done.returncode == 0, done.stderr
        assert orjson.loads(done.stdout)["tree"] == tree
        built = TreeStore(target, tmp_path / "store")
        (tmp_path / "store").mkdir(exist_ok=True)
        assert built.write() == tree
        shutil.rmtree(tmp_path / "store")


def test_a_folder_that_is_not_empty_and_an_event_that_is_not_there_are_refused(
    recorded: Recorded, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("x")
    full = _command(recorded.path, "replay", str(recorded.path), "--to", str(tmp_path))
    unknown = _command(recorded.path, "replay", str(recorded.path), "--at", "9999", "--to", str(tmp_path / "new"))
    assert (full.returncode, unknown.returncode) == (2, 2)
    assert "replay/not-empty" in full.stderr
    assert "replay/unknown-event" in unknown.stderr


async def _finalized(folder: Path, consent: ConsentParams) -> tuple[Session, Any]:
    make_workspace(folder / "work")
    session = Session(folder / "home", folder / "work")
    params = StartParams(workspace_uri=session.workspace.as_uri(), consent=consent)
    session.trace_id = (await session.service.start(params)).trace_id
    session.type("a.py", 0, 0, "x = 1\n")
    session.save("a.py")
    result = await session.service.finalize(FinalizeParams())
    return session, result


def test_finalize_stores_the_proof_and_its_seal(tmp_path: Path, isolated: Path) -> None:
    session, result = drive(_finalized(tmp_path.resolve(), ConsentParams(code=True)))
    path = session.data.trace_path(session.trace_id)
    proof = orjson.loads(Path(result.trace_path).read_bytes())["reconstruction"]
    assert (proof["verified"], proof["mismatch"]) == (True, None)
    assert proof["replayed"] == proof["tree"]
    store = TreeStore(session.workspace, path.with_suffix(".git"))
    again: Reconstruction = drive(verify_trace(path, store))
    assert again.verified is True

    _change(path, "UPDATE trace SET header = replace(header, '\"tests_passed\":null', '\"tests_passed\":true')")
    forged: Reconstruction = drive(verify_trace(path, store))

    assert forged.verified is False
    assert forged.mismatch is not None
    assert forged.mismatch.code == "seal"


def test_without_consent_to_keep_code_there_is_no_proof_and_no_code(tmp_path: Path, isolated: Path) -> None:
    session, result = drive(_finalized(tmp_path.resolve(), ConsentParams()))
    document = orjson.loads(Path(result.trace_path).read_bytes())
    assert (document["reconstruction"]["verified"], document["reconstruction"]["reason"]) == (
        None,
        "not_possible: consent",
    )
    path = session.data.trace_path(session.trace_id)
    assert not path.with_suffix(".git").exists()
    for event in document["events"]:
        assert not {"blob_before", "blob_after", "tree"} & event["data"].keys()
    done = _command(path, "verify", str(path), "--json")
    assert (done.returncode, orjson.loads(done.stdout)["verified"]) == (0, None)
