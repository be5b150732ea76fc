"""The daemon as an editor meets it: a real process over stdio, driven by pytest-lsp and by a client of plain JSON."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from fixtrail_protocol.rpc import REQUESTS
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient

from tests.support.daemon import EVERYTHING, DaemonClient, RpcError, edit, event, thought

FIXED = "def add(a, b):\n    return a + b\n"


# --- a language client ----------------------------------------------------------------------------------------


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[sys.executable, "-m", "fixtrail", "serve"]))
async def lsp(lsp_client: LanguageClient, isolated: Path) -> AsyncIterator[None]:
    yield
    await lsp_client.shutdown_session()


async def _handshake(client: LanguageClient, workspace: Path) -> types.InitializeResult:
    return await client.initialize_session(
        types.InitializeParams(
            capabilities=types.ClientCapabilities(
                general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf16])
            ),
            workspace_folders=[types.WorkspaceFolder(uri=workspace.as_uri(), name="work")],
        )
    )


async def test_what_the_daemon_says_it_can_do(lsp: LanguageClient, workspace: Path) -> None:
    result = await _handshake(lsp, workspace)

    assert result.server_info is not None
    assert result.server_info.name == "fixtrail"
    sync = result.capabilities.text_document_sync
    assert isinstance(sync, types.TextDocumentSyncOptions)
    assert sync.open_close
    assert sync.change == types.TextDocumentSyncKind.Incremental
    assert isinstance(sync.save, types.SaveOptions)
    assert result.capabilities.position_encoding == "utf-16"
    commands = result.capabilities.execute_command_provider
    assert commands is not None
    assert sorted(commands.commands) == sorted(name.replace("/", ".") for name in REQUESTS)


async def test_a_language_client_records_an_edit_through_commands_alone(lsp: LanguageClient, workspace: Path) -> None:
    await _handshake(lsp, workspace)
    start = {"workspaceUri": workspace.as_uri(), "consent": EVERYTHING}

    started = await lsp.workspace_execute_command_async(types.ExecuteCommandParams("trace.start", [start]))
    uri = (workspace / "calc.py").as_uri()
    item = types.TextDocumentItem(uri, "python", 1, (workspace / "calc.py").read_text())
    lsp.text_document_did_open(types.DidOpenTextDocumentParams(item))
    minus = types.Range(types.Position(1, 13), types.Position(1, 14))
    await lsp.protocol.send_request_async("trace/status", {})  # the daemon has seen the file before it is saved
    lsp.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(2, uri), [types.TextDocumentContentChangePartial(minus, "+")]
        )
    )
    (workspace / "calc.py").write_text(FIXED)
    lsp.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
    page = await lsp.protocol.send_request_async("trace/get", {"traceId": started["traceId"]})

    assert [each.event_type for each in page.events] == ["session_mark", "file_open", "code_edit"]
    assert page.events[2].data.diff.endswith("-    return a - b\n+    return a + b\n")


async def test_a_language_client_is_told_of_what_is_stored(lsp: LanguageClient, workspace: Path) -> None:
    await _handshake(lsp, workspace)
    await lsp.protocol.send_request_async("trace/start", {"workspaceUri": workspace.as_uri(), "consent": EVERYTHING})

    told = lsp.protocol.wait_for_notification_async("trace/recorded")
    batch = {"stream": "editor", "firstSeq": 1, "events": [thought("one"), thought("two")]}
    lsp.protocol.notify("trace/events", batch)

    recorded = await asyncio.wait_for(told, 30)
    assert (recorded.stream, recorded.seq) == ("editor", 2)


async def test_a_language_client_gets_the_code_of_an_error(lsp: LanguageClient, workspace: Path) -> None:
    await _handshake(lsp, workspace)

    with pytest.raises(JsonRpcException) as refused:
        await lsp.protocol.send_request_async("trace/start", {"workspaceUri": 7})

    assert refused.value.code == -32602


# --- edits ------------------------------------------------------------------------------------------------------


async def test_an_edit_is_one_diff_that_git_applies(
    daemon: DaemonClient, workspace: Path, git: Callable[..., str], tmp_path: Path
) -> None:
    trace = await daemon.start(workspace)
    path = workspace / "calc.py"

    await daemon.open(path)
    for place, letter in enumerate("a + b  # sum"):
        daemon.change(path, edit((1, 11 + place), (1, 11 + place), letter))
    daemon.change(path, edit((1, 23), (1, 28), ""))
    daemon.save(path, "def add(a, b):\n    return a + b  # sum\n")

    (found,) = await daemon.get(trace, "code_edit")
    assert found["data"]["file_path"] == "calc.py"
    assert (found["data"]["cut"], found["data"]["added"], found["data"]["removed"]) == ("save", 1, 1)
    patch = tmp_path / "edit.patch"
    patch.write_text(found["data"]["diff"])
    git(workspace, "checkout", "--", "calc.py")
    git(workspace, "apply", "--unidiff-zero", str(patch))
    assert path.read_text() == "def add(a, b):\n    return a + b  # sum\n"


async def test_opening_another_file_closes_the_burst_in_the_one_that_is_left(
    daemon: DaemonClient, workspace: Path
) -> None:
    trace = await daemon.start(workspace, consent=EVERYTHING)
    await daemon.open(workspace / "calc.py")
    daemon.change(workspace / "calc.py", edit((1, 13), (1, 14), "+"))
    await daemon.open(workspace / "test_calc.py")

    kinds = [event["event_type"] for event in await daemon.get(trace)]
    assert kinds[-3:] == ["file_open", "code_edit", "file_open"]
    (found,) = await daemon.get(trace, "code_edit")
    assert found["data"]["cut"] == "leave"


async def test_positions_count_in_utf_16_after_an_emoji(daemon: DaemonClient, workspace: Path) -> None:
    path = workspace / "calc.py"
    path.write_text("x = '\U0001f600'  # a\n")
    trace = await daemon.start(workspace)

    await daemon.open(path)
    daemon.change(path, edit((0, 12), (0, 13), "b"))
    daemon.save(path, "x = '\U0001f600'  # b\n")

    (found,) = await daemon.get(trace, "code_edit")
    assert found["data"]["diff"].endswith("-x = '\U0001f600'  # a\n+x = '\U0001f600'  # b\n")


async def test_a_pause_in_typing_cuts_the_edit(isolated: Path, workspace: Path) -> None:
    async with DaemonClient.running(workspace, FIXTRAIL_EDIT_PAUSE="0.2") as daemon:
        trace = await daemon.start(workspace)
        await daemon.open(workspace / "calc.py")
        daemon.change(workspace / "calc.py", {"text": FIXED})
        await daemon.until("trace/statusChanged", lambda status: status["events"] == 3)

        (found,) = await daemon.get(trace, "code_edit")
        assert found["data"]["cut"] == "pause"


async def test_an_empty_batch_cuts_the_edit_before_a_command_runs(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    await daemon.open(workspace / "calc.py")
    daemon.change(workspace / "calc.py", {"text": FIXED})

    daemon.events("editor", 1, [])
    daemon.change(workspace / "calc.py", {"text": FIXED + "# more\n"})
    daemon.events("editor", 1, [event("terminal_command", command="ls", exit_code=0)])
    await daemon.recorded("editor", 1)

    found = await daemon.get(trace, "code_edit", "terminal_command")
    assert [each["event_type"] for each in found] == ["code_edit", "code_edit", "terminal_command"]
    assert "more" not in found[0]["data"]["diff"]
    assert "+# more\n" in found[1]["data"]["diff"]


async def test_unsaved_text_that_was_open_before_the_start_is_the_first_edit(
    daemon: DaemonClient, workspace: Path
) -> None:
    await daemon.open(workspace / "calc.py", FIXED)

    trace = await daemon.start(workspace)

    (found,) = await daemon.get(trace, "code_edit")
    assert (found["data"]["cut"], found["data"]["added"]) == ("start", 1)


async def test_what_git_ignores_and_what_lies_outside_is_not_recorded(
    daemon: DaemonClient, workspace: Path, tmp_path: Path
) -> None:
    trace = await daemon.start(workspace)
    (workspace / "ignored").mkdir()
    outside = tmp_path / "outside.py"
    for path in (workspace / "ignored" / "key.txt", outside):
        path.write_text("a\n")
        await daemon.open(path)
        daemon.replace(path, "secret\n")

    found = await daemon.get(trace)
    assert [each["event_type"] for each in found if each["event_type"] != "file_open"] == ["session_mark"]
    assert "outside.py" not in json.dumps(found)


# --- streams ----------------------------------------------------------------------------------------------------


async def test_acknowledgements_are_cumulative_and_a_batch_sent_again_is_stored_once(
    daemon: DaemonClient, workspace: Path
) -> None:
    trace = await daemon.start(workspace)

    daemon.events("editor", 1, [thought("1"), thought("2")])
    daemon.events("editor", 1, [thought("1"), thought("2")])
    daemon.events("editor", 2, [thought("2"), thought("3")])
    daemon.events("other", 1, [thought("of another stream")])
    await daemon.recorded("editor", 3)
    await daemon.recorded("other", 1)

    found = await daemon.get(trace, "reasoning_step")
    assert [each["data"]["content"] for each in found] == ["1", "2", "3", "of another stream"]
    seqs = [params["seq"] for method, params in daemon.notifications if method == "trace/recorded"]
    assert (await daemon.request("trace/status", {}))["streams"] == {"editor": 3, "other": 1}
    assert max(seqs) == 3


async def test_after_a_gap_the_sender_goes_back(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    daemon.events("editor", 1, [thought("1")])
    await daemon.recorded("editor", 1)
    daemon.notifications.clear()

    daemon.events("editor", 3, [thought("3")])
    back = await daemon.until("trace/recorded")
    assert back == {"stream": "editor", "seq": 1}

    daemon.events("editor", 2, [thought("2"), thought("3")])
    await daemon.recorded("editor", 3)
    assert [each["data"]["content"] for each in await daemon.get(trace, "reasoning_step")] == ["1", "2", "3"]


async def test_the_same_event_id_is_stored_once(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    same = thought("once") | {"event_id": "01997c00-0000-7000-8000-000000000001"}

    daemon.events("a", 1, [same, same])
    daemon.events("b", 1, [same])
    await daemon.recorded("a", 2)
    await daemon.recorded("b", 1)

    assert len(await daemon.get(trace, "reasoning_step")) == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"event_type": "reasoning_step", "timestamp": "yesterday", "data": {"content": "private words"}},
        {"event_type": "telepathy", "timestamp": "2026-01-01T00:00:00Z", "data": {}},
        {"event_type": "file_open", "timestamp": "2026-01-01T00:00:00.000Z", "data": {"file_path": "../private words"}},
        {"event_type": "file_open", "timestamp": "2026-01-01T00:00:00.000Z", "data": {"file_path": "/etc/passwd"}},
        "private words",
        None,
        7,
    ],
)
async def test_an_event_that_cannot_be_read_becomes_a_gap(daemon: DaemonClient, workspace: Path, bad: Any) -> None:
    trace = await daemon.start(workspace)

    daemon.events("editor", 1, [thought("before"), bad, thought("after")])
    await daemon.recorded("editor", 3)

    found = await daemon.get(trace, "reasoning_step", "capture_gap")
    assert [each["event_type"] for each in found] == ["reasoning_step", "capture_gap", "reasoning_step"]
    assert found[1]["data"]["reason"] == "invalid_event"
    assert "private words" not in json.dumps(found[1])


@pytest.mark.parametrize(
    "value",
    ["[" * 600 + "]" * 600, '{"a":' * 300 + "1" + "}" * 300, "1" + "0" * 400, '["\\ud800", 36893488147419103232]'],
    ids=["deep-list", "deep-object", "huge-number", "number-beside-half-a-character"],
)
async def test_an_event_that_cannot_be_written_as_json_becomes_a_gap(
    daemon: DaemonClient, workspace: Path, value: str
) -> None:
    trace = await daemon.start(workspace)
    batch = {"stream": "editor", "firstSeq": 1, "events": [event("reasoning_step", content="x", more="HERE")]}
    body = json.dumps({"jsonrpc": "2.0", "method": "trace/events", "params": batch}).replace('"HERE"', value)

    daemon.send_raw(body.encode())
    daemon.events("editor", 2, [thought("after")])
    await daemon.recorded("editor", 2)

    found = await daemon.get(trace, "reasoning_step", "capture_gap")
    assert found[-1]["data"] == {"content": "after"}
    if found[0]["event_type"] == "capture_gap":
        assert found[0]["data"]["reason"] == "invalid_event"


async def test_a_link_that_leaves_the_folder_becomes_a_gap(
    daemon: DaemonClient, workspace: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere.txt").write_text("x")
    (workspace / "link.txt").symlink_to(tmp_path / "elsewhere.txt")
    trace = await daemon.start(workspace)

    daemon.events("editor", 1, [event("file_open", file_path="link.txt")])
    await daemon.recorded("editor", 1)

    (gap,) = await daemon.get(trace, "capture_gap")
    assert gap["data"]["reason"] == "path_outside"


# --- answers ----------------------------------------------------------------------------------------------------


async def test_malformed_params_of_every_request_are_answered(daemon: DaemonClient) -> None:
    malformed = ([], [1], "text", 7, True, {"unknownField": 1}, {"traceId": []})
    for method in REQUESTS:
        for params in malformed:
            with pytest.raises(RpcError) as refused:
                await daemon.request(method, params)
            assert (refused.value.code, refused.value.data["code"]) == (-32602, "rpc/invalid-params"), (method, params)


async def test_malformed_arguments_of_a_command_are_answered(daemon: DaemonClient) -> None:
    for params in (
        None,
        [],
        {},
        {"command": 7},
        {"command": "trace.unheard"},
        {"command": "trace.status", "arguments": [{}, {}]},
        {"command": "trace.status", "arguments": {"a": 1}},
        {"command": "trace.status", "arguments": 7},
        {"command": "trace.start", "arguments": ["text"]},
        {"command": "trace.finalize", "arguments": ["text"], "workDoneToken": "t"},
    ):
        with pytest.raises(RpcError) as refused:
            await daemon.request("workspace/executeCommand", params)
        assert (refused.value.code, refused.value.data["code"]) == (-32602, "rpc/invalid-params"), params


async def test_an_unknown_method_is_answered_and_nothing_ends_the_connection(daemon: DaemonClient) -> None:
    hover = {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}
    for method, params in (("trace/telepathy", {}), ("textDocument/hover", hover), ("$/strange", None)):
        with pytest.raises(RpcError) as refused:
            await daemon.request(method, params)
        assert refused.value.code == -32601

    daemon.send_raw(b"{not json")
    assert (await daemon.until_unasked())["error"]["code"] == -32700
    daemon.send_raw(b"[]")
    assert (await daemon.until_unasked())["error"]["code"] == -32600
    daemon.send_bytes(b"What: is this\r\n\r\n")
    assert (await daemon.until_unasked())["error"]["data"]["code"] == "rpc/bad-frame"
    for method in ("trace/events", "textDocument/didOpen", "textDocument/didChange", "textDocument/didSave"):
        for bad in (None, [], {}, {"textDocument": {}}, {"textDocument": {"uri": 3, "text": 4}, "events": {}}):
            daemon.notify(method, bad)

    assert (await daemon.request("trace/status", {}))["state"] == "idle"


@pytest.mark.parametrize("method", ["trace/pause", "trace/resume", "trace/discard", "trace/finalize", "trace/export"])
async def test_without_a_trace_there_is_nothing_to_do(daemon: DaemonClient, method: str) -> None:
    with pytest.raises(RpcError) as refused:
        await daemon.request(method, {})
    assert refused.value.data["code"] == "trace/not-recording"
    with pytest.raises(RpcError) as unknown:
        await daemon.request("trace/get", {"traceId": "01997c00-0000-7000-8000-000000000009"})
    assert unknown.value.data["code"] == "trace/unknown"


async def test_a_command_does_the_same_as_its_request(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)

    async def both(method: str, params: dict[str, Any]) -> tuple[Any, Any]:
        command = {"command": method.replace("/", "."), "arguments": [params]}
        return await daemon.request(method, params), await daemon.request("workspace/executeCommand", command)

    for method, params in (
        ("trace/status", {}),
        ("trace/list", {"limit": 5}),
        ("trace/get", {"traceId": trace}),
    ):
        first, second = await both(method, params)
        assert first == second
        assert first
    reasons = await both("trace/reason", {"content": "same"})
    assert [reason["seq"] for reason in reasons] == [2, 3]
    without = await daemon.request("workspace/executeCommand", {"command": "trace.status"})
    assert without["traceId"] == trace


# --- consent ------------------------------------------------------------------------------------------------------


async def test_only_what_was_allowed_is_stored(daemon: DaemonClient, workspace: Path, isolated: Path) -> None:
    nothing = dict.fromkeys(EVERYTHING, False)
    trace = await daemon.start(workspace, consent=nothing)
    path = workspace / "calc.py"

    await daemon.open(path)
    daemon.replace(path, FIXED + "# a private line\n")
    output = "test_calc.py .\n=== 1 passed in 0.01s ===\nprivate words"
    daemon.events("editor", 1, [event("terminal_command", command="pytest -q", exit_code=0, output=output)])
    await daemon.recorded("editor", 1)

    found = await daemon.get(trace)
    assert [each["event_type"] for each in found] == ["session_mark", "code_edit", "terminal_command", "test_result"]
    code = found[1]["data"]
    assert (code["diff"], code["diff_omitted"], code["added"]) == (None, "consent", 2)
    command = found[2]["data"]
    assert (command["output"], command["output_omitted"], command["exit_code"]) == (None, "consent", 0)
    await daemon.shut_down()
    for file in (isolated / "traces").glob(f"{trace}*"):
        if file.is_file():
            assert b"private" not in file.read_bytes(), file


async def test_pytest_in_the_terminal_gives_a_test_result(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=workspace,
        capture_output=True,
        text=True,
    )
    data = {"command": "python -m pytest -q", "cwd": ".", "exit_code": ran.returncode, "output": ran.stdout}

    daemon.events("editor", 1, [event("terminal_command", duration_ms=50, **data)])
    await daemon.recorded("editor", 1)

    command, result = await daemon.get(trace, "terminal_command", "test_result")
    assert result["actor"] == "tool"
    assert result["data"]["command_event_id"] == command["event_id"]
    assert (result["data"]["failed"], result["data"]["passed"], result["data"]["exit_code"]) == (1, 0, 1)
    assert (result["data"]["runner"], result["data"]["source"]) == ("pytest", "terminal")


# --- pause ----------------------------------------------------------------------------------------------------------


async def test_what_is_edited_in_a_pause_is_a_gap_and_not_an_edit(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    path = workspace / "calc.py"
    await daemon.open(path)
    await daemon.request("trace/pause", {})

    daemon.replace(path, "# a private thought\n")
    await daemon.request("trace/resume", {})
    daemon.replace(path, "# a public thought\n")

    marks = [each["data"]["mark"] for each in await daemon.get(trace, "session_mark")]
    assert marks == ["started", "paused", "resumed"]
    (gap,) = await daemon.get(trace, "capture_gap")
    assert (gap["data"]["reason"], gap["data"]["file_path"]) == ("paused", "calc.py")
    (found,) = await daemon.get(trace, "code_edit")
    assert "+# a public thought\n" in found["data"]["diff"]
    assert "-# a private thought\n" in found["data"]["diff"]


async def test_a_file_opened_in_a_pause_keeps_its_later_edit(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    await daemon.request("trace/pause", {})
    await daemon.open(workspace / "calc.py")
    await daemon.request("trace/resume", {})

    daemon.replace(workspace / "calc.py", FIXED)

    (found,) = await daemon.get(trace, "code_edit")
    assert found["data"]["diff"].endswith("-    return a - b\n+    return a + b\n")
    assert await daemon.get(trace, "file_open", "capture_gap") == []


async def test_what_a_client_tells_of_a_pause_is_not_kept_and_what_came_before_is(
    daemon: DaemonClient, workspace: Path
) -> None:
    trace = await daemon.start(workspace)
    before = thought("thought before the pause, sent late")
    await asyncio.sleep(0.01)
    await daemon.request("trace/pause", {})
    await asyncio.sleep(0.01)
    daemon.events("editor", 1, [thought("nobody's business"), before, thought("nor this")])
    await daemon.recorded("editor", 3)
    await daemon.request("trace/resume", {})
    daemon.events("editor", 4, [thought("after")])
    await daemon.recorded("editor", 4)

    told = [each["data"]["content"] for each in await daemon.get(trace, "reasoning_step")]
    assert told == ["thought before the pause, sent late", "after"]


async def test_a_daemon_that_takes_up_a_paused_trace_keeps_nothing_of_the_pause(workspace: Path) -> None:
    before = thought("thought before the pause, sent late")
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        await asyncio.sleep(0.01)
        await daemon.request("trace/pause", {})
    async with DaemonClient.running(workspace) as daemon:
        daemon.events("editor", 1, [before, thought("of the pause")])
        await daemon.recorded("editor", 2)
        await daemon.request("trace/resume", {})
        told = [each["data"]["content"] for each in await daemon.get(trace, "reasoning_step")]
    assert told == ["thought before the pause, sent late"]


async def test_a_pause_takes_no_reasoning(daemon: DaemonClient, workspace: Path) -> None:
    await daemon.start(workspace)
    await daemon.request("trace/pause", {})

    with pytest.raises(RpcError) as refused:
        await daemon.request("trace/reason", {"content": "hm"})
    assert refused.value.data["code"] == "trace/paused"
    with pytest.raises(RpcError):
        await daemon.request("trace/pause", {})
    assert (await daemon.request("trace/status", {}))["state"] == "paused"


async def test_events_are_deleted_for_good(daemon: DaemonClient, workspace: Path, isolated: Path) -> None:
    trace = await daemon.start(workspace)
    kept = await daemon.request("trace/reason", {"content": "a thought to keep"})
    gone = await daemon.request("trace/reason", {"content": "a thought to forget"})

    answer = await daemon.request("trace/deleteEvents", {"eventIds": [gone["eventId"]]})

    assert answer == {"deleted": 1}
    (left,) = await daemon.get(trace, "reasoning_step")
    assert left["event_id"] == kept["eventId"]
    for file in (isolated / "traces").glob(f"{trace}.db*"):
        assert b"a thought to forget" not in file.read_bytes(), file
    assert (await daemon.request("trace/reason", {"content": "next"}))["seq"] == gone["seq"] + 1


async def test_every_event_has_a_second_clock_that_only_goes_forward(workspace: Path) -> None:
    async with DaemonClient.running(workspace) as daemon:
        trace = await daemon.start(workspace)
        for number in range(5):
            await daemon.request("trace/reason", {"content": f"{number}"})
        clocks = [each["clock_ms"] for each in await daemon.get(trace)]
    async with DaemonClient.running(workspace) as daemon:
        await daemon.request("trace/resume", {"traceId": trace})
        await daemon.request("trace/reason", {"content": "after a restart"})
        clocks += [each["clock_ms"] for each in (await daemon.get(trace))[len(clocks) :]]
    assert clocks == sorted(clocks)
    assert len(clocks) > 6
