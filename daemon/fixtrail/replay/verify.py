"""Prove that a trace rebuilds its code: replay everything, compare at every checkpoint, name the first difference."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import orjson
from fixtrail_protocol.trace import Mismatch, Reconstruction, TraceHeader

from fixtrail.errors import FixtrailError, UsageError
from fixtrail.replay.machine import NotPossibleError, Replay, ReplayError
from fixtrail.store.chain import START, next_link, seal
from fixtrail.store.code import CodeState
from fixtrail.store.objects import object_id
from fixtrail.store.reader import StoredEvent, TraceReader
from fixtrail.store.tree import TreeStore

PAGE = 1_000
Progress = Callable[[int], None]
"""Told how many events were replayed."""


class _Found(Exception):
    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch.detail)
        self.mismatch = mismatch


def begin_replay(header: TraceHeader, store: TreeStore) -> Replay:
    """Return a replay that stands at the baseline.

    Raises
    ------
    NotPossibleError
        The trace has no baseline, or no consent to keep code.
    ReplayError
        The baseline is not there any more.
    """
    if header.consent is None or not header.consent.code:
        raise NotPossibleError("not_possible: consent")
    if header.baseline is None or header.baseline.tree is None:
        raise NotPossibleError("not_possible: no baseline")
    if not store.workspace.is_dir():
        raise ReplayError("objects", f"the folder {store.workspace}, whose repository holds the baseline, is not there")
    try:
        tree = store.load(header.baseline.tree)
        return Replay(store, CodeState(tree, store.contents()))
    except (FixtrailError, ValueError) as error:
        raise ReplayError("baseline", f"the baseline's tree can't be read: {error}") from None


async def replay_to(reader: TraceReader, replay: Replay, last: int | None = None) -> int:
    """Apply events up to and including number ``last`` (all by default); return the number of the last one applied."""
    seq = 0
    while last is None or seq < last:
        page = await reader.page(seq, PAGE if last is None else min(PAGE, last - seq))
        page = [event for event in page if last is None or event.seq <= last]
        if not page:
            break
        await asyncio.to_thread(_apply, replay, page)
        seq = page[-1].seq
    return seq


def _apply(replay: Replay, page: list[StoredEvent]) -> None:
    for event in page:
        if event.event_type in ("code_edit", "git_change", "tree_change", "capture_gap"):
            replay.step(event.event_type, orjson.loads(event.data))


async def build(path: Path, store: TreeStore, at: str | None) -> tuple[Replay, int]:
    """Rebuild the code as it was after the event ``at`` (its id or number; the last by default).

    Raises
    ------
    UsageError
        ``replay/unknown-event``.
    ReplayError, NotPossibleError
        The code can't be rebuilt.
    """
    async with TraceReader(path) as reader:
        last = None
        if at is not None:
            last = await reader.seq_of(at)
            if last is None:
                raise UsageError("replay/unknown-event", f"The trace has no event {at!r}.", "See 'fixtrail show'.")
        replay = await asyncio.to_thread(begin_replay, (await reader.trace()).header, store)
        return replay, await replay_to(reader, replay, last)


async def verify_trace(
    path: Path, store: TreeStore, *, tree: str | None = None, progress: Progress | None = None
) -> Reconstruction:
    """Replay a trace and say whether it rebuilds its code.

    Parameters
    ----------
    tree
        What the workspace is now; by default what the trace says it was at finalize.

    Returns
    -------
    Reconstruction
        ``verified`` is None when a proof is not possible, with the reason; False with the first mismatch.
    """
    result = Reconstruction(verified=False, tree=tree)
    replay: Replay | None = None
    try:
        async with TraceReader(path) as reader:
            await reader.check()
            stored = await reader.trace()
            proof = stored.header.reconstruction
            if tree is None and proof is not None and stored.state == "finalized":
                result.tree = proof.tree
            try:
                replay = await asyncio.to_thread(begin_replay, stored.header, store)
            except NotPossibleError as error:
                result.reason = str(error)
            except ReplayError as error:
                raise _Found(Mismatch(code=error.code, detail=error.detail)) from None
            link = await _replay_all(reader, replay, result, progress)
            sealed = proof.seal if proof is not None and stored.state == "finalized" else None
            if sealed is not None and (link is None or seal(link, stored.header) != sealed):
                raise _Found(Mismatch(code="seal", detail="the header, or the end of the events, was changed"))
            if replay is None or result.reason is not None:
                result.verified = None
                return result
        result.replayed = replay.state.disk.write(replay.state.contents)
        result.unsaved = sorted(replay.state.unsaved)
        result.redacted = sorted(replay.forms)
        if result.tree is not None and result.replayed != result.tree:
            path_found = replay.differing(result.replayed, result.tree)
            detail = f"the workspace was {result.tree} at the end, the events give {result.replayed}"
            raise _Found(Mismatch(code="tree", detail=detail, file_path=path_found))
        if tree is not None:
            await asyncio.to_thread(_compare_forms, replay, store)
        result.verified = True
    except _Found as found:
        result.mismatch = found.mismatch
        place = f" (event {found.mismatch.seq})" if found.mismatch.seq is not None else ""
        result.reason = f"{found.mismatch.code}{place}: {found.mismatch.detail}"
    except (FixtrailError, ValueError) as error:
        result.mismatch = Mismatch(code="file", detail=str(error).splitlines()[0] if str(error) else "unreadable")
        result.reason = f"file: {result.mismatch.detail}"
    finally:
        if replay is not None:
            result.edits, result.checkpoints = replay.edits, replay.checkpoints
            await asyncio.to_thread(replay.state.contents.close)
    return result


def _compare_forms(replay: Replay, store: TreeStore) -> None:
    """Compare what the events keep of a file with secrets with what the same engine keeps of it now."""
    for path, form in replay.forms.items():
        entry = replay.state.disk.get(path)
        try:
            content = (store.workspace / path).read_bytes()
        except OSError:
            continue  # changed since the tree was read: what is compared is that tree
        if entry is None or object_id("blob", content, algorithm=store.algorithm) != entry.blob:
            continue
        kept = store.guard(content) if store.guard is not None else None
        found = object_id("blob", kept[0] if kept is not None else content, algorithm=store.algorithm)
        if found != form:
            detail = f"what is kept of it is {found} now, the events give {form}"
            raise _Found(Mismatch(code="form", detail=detail, file_path=path))


async def _replay_all(
    reader: TraceReader, replay: Replay | None, result: Reconstruction, progress: Progress | None
) -> bytes | None:
    """Check the chain and replay; return the last link, None where there is no chain (a trace of before)."""
    seq, link = 0, START
    linked = True
    while page := await reader.linked_page(seq, PAGE):
        link = await asyncio.to_thread(_check_page, page, seq, link, replay, result)
        linked = linked and page[-1][1] is not None
        seq = page[-1][0].seq
        if progress is not None:
            progress(seq)
    return link if linked else None


def _check_page(
    page: list[tuple[StoredEvent, bytes | None]],
    seq: int,
    link: bytes,
    replay: Replay | None,
    result: Reconstruction,
) -> bytes:
    for event, stored in page:
        if event.seq != seq + 1:
            detail = f"events {seq + 1} to {event.seq - 1} are missing"
            raise _Found(Mismatch(code="order", detail=detail, seq=event.seq, event_id=event.event_id))
        seq = event.seq
        link = next_link(
            link,
            event.event_id,
            event.event_type,
            event.timestamp,
            event.actor,
            event.data,
            event.redactions,
            clock=event.clock,
        )
        try:
            data = orjson.loads(event.data)
            if replay is not None and result.reason is None:
                replay.step(event.event_type, data)
        except NotPossibleError as error:
            result.reason = str(error)
        except orjson.JSONDecodeError:
            detail = "its data is no JSON"
            raise _Found(Mismatch(code="event", detail=detail, seq=seq, event_id=event.event_id)) from None
        except ReplayError as error:
            raise _Found(
                Mismatch(code=error.code, detail=error.detail, seq=seq, event_id=event.event_id, file_path=error.path)
            ) from None
        if stored is not None and stored != link:
            detail = "it is not what was recorded"
            path = data.get("file_path") if isinstance(data, dict) else None
            raise _Found(
                Mismatch(
                    code="seal",
                    detail=detail,
                    seq=seq,
                    event_id=event.event_id,
                    file_path=path if isinstance(path, str) else None,
                )
            )
    return link
