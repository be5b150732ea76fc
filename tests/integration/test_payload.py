"""Any text a developer can have on the screen comes back as it was sent, through the real daemon and the disk."""

from pathlib import Path

from tests.support.daemon import EVERYTHING, DaemonClient, event, moment

AWKWARD_KEYS = {
    "jsonrpc": "2.0",
    "type_name": "x",
    "content-type": "text/plain",
    "class": "C",
    "_x": [1, 2.5, None, True],
    "__proto__": {},
    "id": 7,
    "method": "trace/discard",
    "": "no name",
    "nul\0key": "a\0b",
    "deep": {"jsonrpc": {"jsonrpc": [{"jsonrpc": 1}]}},
}


async def test_awkward_keys_come_back_the_same(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    content = "line one\n\0 NUL, \x1b escape, \x7f, \u2028, \ufeff, \U0001f600, \U0010ffff\r\n"

    daemon.events("editor", 1, [event("reasoning_step", content=content, **AWKWARD_KEYS)])
    await daemon.recorded("editor", 1)

    (stored,) = await daemon.get(trace, "reasoning_step")
    assert stored["data"] == {"content": content, **AWKWARD_KEYS}
    assert list(stored["data"]) == ["content", *AWKWARD_KEYS]
    assert stored["redactions"] is None


async def test_a_megabyte_of_text_comes_back_character_for_character(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    alphabet = [chr(point) for point in (*range(0x250), *range(0x2000, 0x2100), *range(0x1F600, 0x1F650))]
    text = "".join(alphabet[(place * 7919) % len(alphabet)] for place in range(1_000_000))

    daemon.events("editor", 1, [event("reasoning_step", content=text, jsonrpc="2.0")])
    await daemon.recorded("editor", 1)

    (stored,) = await daemon.get(trace, "reasoning_step")
    assert stored["data"]["content"] == text
    assert stored["data"]["jsonrpc"] == "2.0"


async def test_half_an_emoji_becomes_a_replacement_character_and_the_event_says_so(
    daemon: DaemonClient, workspace: Path
) -> None:
    trace = await daemon.start(workspace)
    # A pair that arrives as two escapes is one whole character; only what stands alone is replaced.
    sent = {"content": "half \ud83d, other half \ude00, whole \ud83d\ude00", "class": ["\udfff"]}

    daemon.events("editor", 1, [event("reasoning_step", content="whole \U0001f600"), event("reasoning_step", **sent)])
    await daemon.recorded("editor", 2)

    whole, halved = await daemon.get(trace, "reasoning_step")
    assert whole["data"] == {"content": "whole \U0001f600"}
    assert whole["redactions"] is None
    assert halved["data"] == {"content": "half \ufffd, other half \ufffd, whole \U0001f600", "class": ["\ufffd"]}
    assert halved["redactions"] == [{"rule": "lone-surrogate", "count": 3}]


async def test_half_an_emoji_in_a_request_and_in_an_open_document(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    path = workspace / "calc.py"

    await daemon.request("trace/reason", {"content": "it is \ud83d"})
    await daemon.open(path)
    daemon.change(path, {"text": "x = '\ud83d'\n"})
    daemon.save(path, "x = '\ufffd'\n")

    found = await daemon.get(trace, "reasoning_step", "code_edit")
    assert [each["redactions"] for each in found] == [[{"rule": "lone-surrogate", "count": 1}]] * 2
    assert found[0]["data"]["content"] == "it is \ufffd"
    assert "+x = '\ufffd'\n" in found[1]["data"]["diff"]


async def test_the_output_of_a_command_loses_only_its_control_sequences(daemon: DaemonClient, workspace: Path) -> None:
    trace = await daemon.start(workspace)
    output = '\x1b]633;C\x07\x1b[31mred\x1b[0m {"jsonrpc": "2.0"} \U0001f600\r\nend'

    daemon.events("editor", 1, [event("terminal_command", command="make", exit_code=2, output=output, **{"a-b": 1})])
    await daemon.recorded("editor", 1)

    (stored,) = await daemon.get(trace, "terminal_command")
    assert stored["data"]["output"] == 'red {"jsonrpc": "2.0"} \U0001f600\nend'
    assert stored["data"]["a-b"] == 1


async def test_the_bytes_of_a_message_do_not_matter_only_its_json(daemon: DaemonClient, workspace: Path) -> None:
    await daemon.start(workspace, consent=EVERYTHING)
    text = (
        '{ "params": {"stream":"s", "firstSeq":1, "events":[{"data":{"content":"\\u0000\\/é"},"timestamp":"NOW",'
        '"event_type":"reasoning_step"}]},\n "method" : "trace/events", "jsonrpc":"2.0" }'
    )
    body = text.replace("NOW", moment()).encode()
    # In pieces, with a second header and its name in another case, as the base protocol allows.
    header = b"content-type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: %d\r\n\r\n" % len(body)
    for byte in header + body:
        daemon.send_bytes(bytes([byte]))
    await daemon.recorded("s", 1)

    status = await daemon.request("trace/status", {})
    (stored,) = await daemon.get(status["traceId"], "reasoning_step")
    assert stored["data"]["content"] == "\0/é"
