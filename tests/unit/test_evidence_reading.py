"""A trace file becomes a timeline: through the gate, whatever is in it."""

from fixtrail.privacy.gate import Gate
from fixtrail.qa.evidence import reading
from fixtrail.qa.evidence.reading import assess_timeline, read_timeline
from fixtrail.settings import RedactionSettings
from fixtrail_protocol.process import Process
from fixtrail_protocol.trace import Consent

from tests.judge import assessed_document, consent
from tests.support.traces import document, event, write_trace

SECRET = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"


async def test_a_stored_trace_gives_what_its_document_gives(tmp_path):
    name = "sound_lru"
    expected = assessed_document(name)
    trace = await write_trace(tmp_path, expected)
    timeline = await read_timeline(trace, None, consent=consent(name))
    assert (await assess_timeline(timeline)).model_dump(mode="json") == expected["qa_results"]["process"]


async def test_no_secret_gets_into_a_claim(tmp_path):
    gate = Gate.for_workspace(b"k" * 32, RedactionSettings(), tmp_path)
    ran = event(1, "terminal_command", command=f"curl -H 'Authorization: Bearer {SECRET}'", exit_code=0, output=SECRET)
    told = event(2, content=f"The exit code was 0 with {SECRET}")
    trace = await write_trace(tmp_path, document([ran, told]))
    timeline = await read_timeline(trace, gate)
    process = await assess_timeline(timeline)
    assert process.claims[0].quote.startswith("The exit code was 0 with [REDACTED:")
    assert SECRET not in repr(timeline) + process.model_dump_json()


async def test_an_event_that_cannot_be_read_is_a_gap(tmp_path):
    broken = event(1, "code_edit", nothing="of use")
    edited = event(2, "code_edit", file_path="a.py", diff="@@ -1 +1 @@\n-a\n+b\n")
    trace = await write_trace(tmp_path, document([broken, edited]))
    timeline = await read_timeline(trace, None, consent=Consent())
    assert [gap.reason for gap in timeline.gaps] == ["invalid_event"]
    assert (await assess_timeline(timeline)).measures["reproduced_before_edit"].value is None


async def test_a_failure_of_ours_stops_nothing_and_says_nothing(tmp_path, monkeypatch, caplog):
    def fail(_):
        raise RuntimeError("the text of a trace")

    monkeypatch.setattr(reading, "assess", fail)
    trace = await write_trace(tmp_path, document([event(1)]))
    assert await assess_timeline(await read_timeline(trace, None)) == Process(measures={})
    assert "RuntimeError" in caplog.text
    assert "the text of a trace" not in caplog.text
