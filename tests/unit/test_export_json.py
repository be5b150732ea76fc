"""Native JSON: what comes out, character for character, and what happens to the file in its place."""

import asyncio
import hashlib
import os
import resource
import stat
import subprocess
import sys

import jsonschema
import orjson
import pytest
from fixtrail.delivery.json_export import export_json
from fixtrail.errors import StoreError, UsageError
from fixtrail_protocol.events import EVENT_TYPES_1_0
from fixtrail_protocol.trace import Trace

from tests.support.traces import EXAMPLES, SCHEMA, document, event, example, write_trace


async def test_the_golden_document_comes_back_byte_for_byte(tmp_path):
    trace = await write_trace(tmp_path, example())
    result = await export_json(trace, tmp_path / "out.json")
    written = (tmp_path / "out.json").read_bytes()
    assert written == (EXAMPLES / "recorded-1.1.json").read_bytes()
    assert (result.path, result.bytes) == (str(tmp_path / "out.json"), len(written))
    assert result.sha256 == hashlib.sha256(written).hexdigest()


async def test_a_1_0_export_has_exactly_the_fields_of_1_0(tmp_path):
    trace = await write_trace(tmp_path, example())
    await export_json(trace, tmp_path / "old.json", schema="1.0")
    found = orjson.loads((tmp_path / "old.json").read_bytes())
    seed = example("seed-1.0.json")
    assert list(found) == list(seed)
    assert found["schema_version"] == "1.0"
    assert list(found["repo"]) == list(seed["repo"])
    assert list(found["qa_results"]) == list(seed["qa_results"])
    assert {tuple(entry) for entry in found["events"]} == {("event_type", "timestamp", "data")}
    kept = [entry for entry in example()["events"] if entry["event_type"] in EVENT_TYPES_1_0]
    assert found["events"] == [{name: entry[name] for name in ("event_type", "timestamp", "data")} for entry in kept]


@pytest.mark.parametrize("schema", ["1.0", "1.1"])
async def test_both_schemas_fit_the_published_schema(tmp_path, schema):
    trace = await write_trace(tmp_path, example())
    await export_json(trace, tmp_path / "out.json", schema=schema)
    text = (tmp_path / "out.json").read_bytes()
    jsonschema.Draft202012Validator(orjson.loads(SCHEMA.read_bytes())).validate(orjson.loads(text))
    Trace.model_validate_json(text)


@pytest.mark.parametrize("schema", ["1.0", "1.1"])
async def test_a_trace_without_events_or_results_is_a_document_too(tmp_path, schema):
    trace = await write_trace(tmp_path, document([], end_time=None))
    await export_json(trace, tmp_path / "out.json", schema=schema)
    found = orjson.loads((tmp_path / "out.json").read_bytes())
    assert found["events"] == []
    assert found["end_time"] is None
    assert found["qa_results"]["tests_passed"] is None


async def test_hostile_text_comes_through_unchanged(tmp_path):
    data = {
        "content": "NUL \0, ESC \x1b[31m, \u2028, \U0001f389, \uffff, \r\n\t, </script>",
        "jsonrpc": {"jsonrpc": "1.0", "type_name": 1, "content-type": "x", "class": [], "_x": None, "": {}},
        "numbers": [0.1, 1e300, -0.0, 9_007_199_254_740_993, 2**64 - 1, -(2**63)],
    }
    trace = await write_trace(tmp_path, document([event(1, "reasoning_step", **data)]))
    await export_json(trace, tmp_path / "out.json")
    text = (tmp_path / "out.json").read_bytes()
    [found] = orjson.loads(text)["events"]
    assert found["data"] == data
    assert str(found["data"]["numbers"][2]) == "-0.0"
    assert len([line for line in text.splitlines() if line.startswith(b'    {"seq"')]) == 1, "an event is one line"


async def test_the_file_is_private_and_nothing_else_is_left(tmp_path):
    trace = await write_trace(tmp_path, example())
    out = tmp_path / "out"
    out.mkdir()
    (out / "t.json").write_text("an older export")
    await export_json(trace, out / "t.json")
    assert [path.name for path in out.iterdir()] == ["t.json"]
    assert stat.S_IMODE((out / "t.json").stat().st_mode) == 0o600


async def test_only_a_regular_file_is_replaced(tmp_path):
    trace = await write_trace(tmp_path, example())
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "link", "pipe", "missing/t.json", "nul\0.json"):
        with pytest.raises(UsageError) as refused:
            await export_json(trace, tmp_path / name)
        assert refused.value.code == "export/cannot-write"
    assert not (tmp_path / "elsewhere").exists()


async def test_a_trace_is_not_overwritten_by_its_own_export(tmp_path):
    trace = await write_trace(tmp_path, example())
    before = trace.read_bytes()
    with pytest.raises(UsageError, match="is the trace itself"):
        await export_json(trace, trace)
    assert trace.read_bytes() == before


async def test_a_failed_export_leaves_the_old_file_and_no_rest(tmp_path):
    trace = await write_trace(tmp_path, document([event(1, content="x" * 3_000_000)]))
    target = tmp_path / "out" / "t.json"
    target.parent.mkdir()
    target.write_text("older")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limit[1]))  # the kernel refuses to let a file grow further
    try:
        with pytest.raises(StoreError) as refused:
            await export_json(trace, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert refused.value.code == "export/cannot-write"
    assert "File too large" in refused.value.message
    assert target.read_text() == "older"
    assert list(target.parent.iterdir()) == [target]


async def test_memory_does_not_grow_with_the_trace(tmp_path):
    """120 MB of events pass through a process that may not use that much."""
    trace = await write_trace(tmp_path, document([event(seq, content="y" * 6_000) for seq in range(1, 20_001)]))
    script = (
        "import asyncio, resource, sys, pathlib\n"
        "from fixtrail.delivery.json_export import export_json\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "asyncio.run(export_json(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    command = [sys.executable, "-c", script, trace, tmp_path / "out.json"]
    done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True)
    assert (tmp_path / "out.json").stat().st_size > 120_000_000
    assert int(done.stdout) < 60, "MiB"
