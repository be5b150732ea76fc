"""The HTML report: everything of the trace that matters is on it, and nothing of the trace acts."""

import re
from html.parser import HTMLParser

import pytest
from fixtrail.errors import UsageError
from fixtrail.report.html import write_html_report

from tests.judge import assessed_document
from tests.support.traces import document, event, example, write_trace

VOID = {"meta", "rect"}
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "p", "div", "span"),
    *("b", "a", "q", "code", "pre", "time", "ol", "ul", "li", "dl", "dt", "dd", "details", "summary", "svg", "rect"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """What a browser would make of a report: its elements, their attributes, and its text."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.open, self.text = set(), [], [], ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "elements are nested"

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


async def report(tmp_path, trace_document, **limits):
    trace = await write_trace(tmp_path, trace_document)
    target = await write_html_report(trace, tmp_path / "report.html", **limits)
    source = target.read_text(encoding="utf-8")
    page = Page(source)
    assert page.open == []
    assert page.tags <= ALLOWED
    return source, page


async def test_a_person_finds_verdict_score_reasoning_and_facts(tmp_path):
    _, page = await report(tmp_path, example())
    for words in (
        "PARCEL-42 · parcels",
        "Tests passed",
        "18 passed · exit code 0 · 0.9 s",
        "4.3 of 5",
        "Hypothesis formation",
        "fix/two-kilo-edge",
        "8 min 52 s",
        "A parcel of exactly 2 kg is charged as the next bracket up.",
        "+        if weight_kg <= limit:",
        "exit 1",
        "13 passed",
        "exit code unknown: the shell reported none",
        "unsaved buffer",
        "2,048 MiB",
        "gpt-4o-mini-2024-07-18",
    ):
        assert words in page.text, words


async def test_links_lead_to_events_of_the_page(tmp_path):
    _, page = await report(tmp_path, example())
    ids = {value for _, name, value in page.attributes if name == "id"}
    links = {value for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    assert len(links) == 9
    assert {link.removeprefix("#") for link in links} <= ids


async def test_a_missing_verdict_and_score_say_why(tmp_path):
    results = {
        "tests": {"verdict": "oom", "reason": "The tests needed more than 2 GB.", "command": ["pytest"]},
        "reasoning": {"status": "not_configured"},
    }
    _, page = await report(tmp_path, document([], qa_results=results))
    assert "Tests ran out of memory" in page.text
    assert "The tests needed more than 2 GB." in page.text
    assert "No judge is configured." in page.text


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)></style></title><a href=javascript:x>"


def everywhere(value, hostile):
    """Replace every free text of a document, keep what its schema fixes."""
    fixed = {
        *("schema_version", "trace_id", "start_time", "end_time", "timestamp", "event_type", "event_id", "actor"),
        *("kind", "phase", "mark", "status", "verdict", "outcome", "source", "confidence", "cut", "refs", "evidence"),
        *("diff_omitted", "output_omitted", "command_event_id", "response_format", "started"),
    }
    if isinstance(value, dict):
        return {
            key: value[key]
            if key in fixed
            else f"src/{hostile}".replace("/s", "|s").replace("</", "<|")
            if key in ("file_path", "old_path")
            else [f"src/{hostile}".replace("</", "<|")]
            if key == "files"
            else everywhere(value[key], hostile)
            for key in value
        }
    if isinstance(value, list):
        return [everywhere(part, hostile) for part in value]
    return hostile if isinstance(value, str) else value


async def test_a_hostile_trace_adds_no_element_and_no_attribute(tmp_path):
    _, plain = await report(tmp_path, example())
    (tmp_path / "hostile").mkdir()
    source, page = await report(tmp_path / "hostile", everywhere(example(), HOSTILE))
    assert "alert(1)" in page.text, "the words are shown"
    assert page.tags == plain.tags
    names = {(tag, name) for tag, name, _ in page.attributes}
    assert names <= {(tag, name) for tag, name, _ in plain.attributes}
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("style", "src")]
    assert all(value.startswith("#e-") for tag, name, value in page.attributes if name == "href")
    assert "<script" not in source


async def test_the_page_allows_itself_nothing_but_its_own_style(tmp_path):
    source, _ = await report(tmp_path, example())
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', source)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=\"(?!#)", source), "nothing is loaded"
    assert "url(" not in source
    assert "@import" not in source


async def test_controls_and_direction_overrides_are_shown_and_do_not_act(tmp_path):
    words = "a\0b \x1b[31m \u202eevil\u202c \x9b1m"
    source, page = await report(tmp_path, document([event(1, content=words)]))
    assert "a␀b ␛[31m ⟨202E⟩evil⟨202C⟩ ⟨9B⟩1m" in page.text
    assert not set(source) & set("\0\x1b\u202e\u202c\x9b")


async def test_of_a_long_trace_the_telling_events_are_shown_and_the_rest_is_counted(tmp_path):
    events = [
        event(seq, "reasoning_step", content=f"thought {seq}")
        if seq % 100 == 0
        else event(seq, "file_view", file_path=f"f{seq}.py", ranges=[], dwell_ms=1)
        for seq in range(1, 3001)
    ]
    source, page = await report(tmp_path, document(events), max_events=100)
    assert all(f"thought {seq}" in page.text for seq in range(100, 3001, 100))
    assert "f1.py" in page.text
    assert "f2999.py" in page.text
    assert "f1500.py" not in page.text
    assert "100 events of 3,000 shown, 2,900 left out." in page.text
    assert "99 events are not shown here (99 file_view)." in page.text
    assert len(source) < 100_000


async def test_an_event_the_judge_cited_is_shown_wherever_it_stands(tmp_path):
    events = [event(seq, "file_view", file_path=f"f{seq}.py", ranges=[], dwell_ms=1) for seq in range(1, 501)]
    evidence = {"depth": {"score": 0.5, "evidence": [events[249]["event_id"]]}}
    reasoning = {"status": "scored", "score": 1.0, "dimensions": evidence}
    results = {"reasoning_score": 1.0, "reasoning": reasoning}
    _, page = await report(tmp_path, document(events, qa_results=results), max_events=10)
    assert "f250.py" in page.text
    assert "f249.py" not in page.text


JUDGED = {
    "status": "scored",
    "score": 1.75,
    "mode": "grounded",
    "samples": 2,
    "spread": 1.5,
    "needs_review": True,
    "flags": ["addresses_judge"],
    "cost": 0.0031,
    "models": [
        {"status": "scored", "model": "first", "score": 1.75},
        {"status": "timeout", "model": "second<b>", "reason": "It gave no answer."},
    ],
    "dimensions": {
        "hypothesis_formation": {
            "score": 0.75,
            "given": 0.75,
            "status": "grounded",
            "evidence": [event(1)["event_id"]],
            "quotes": [{"event": event(1)["event_id"], "text": "thought <i>1</i>"}],
        },
        "validation": {"score": 0.0, "given": 1.0, "status": "ungrounded", "reason": "It does not quote a run."},
    },
}


async def test_what_each_mark_rests_on_is_shown_with_how_sure_it_is(tmp_path):
    results = {"reasoning_score": 1.75, "reasoning": JUDGED}
    source, page = await report(tmp_path, document([event(1)], qa_results=results))
    for words in (
        "What each mark rests on",
        "“thought <i>1</i>” #1",
        "0.00 of 1.00 given ungrounded It does not quote a run.",
        "needs a person's review",
        "2 samples, 1.50 apart",
        "something in the trace addresses the judge",
        "$0.0031",
        "second<b>",
    ):
        assert words in page.text, words
    assert "<i>1" not in source


async def test_the_page_stays_small_whatever_the_events_hold(tmp_path):
    events = [
        event(seq, "terminal_command", command="cat big", exit_code=0, output=f"{seq} " * 50_000)
        for seq in range(1, 201)
    ]
    source, page = await report(tmp_path, document(events), max_body_bytes=200_000)
    assert len(source) < 400_000
    assert page.text.count("cat big") == 200, "every event still has its line"
    assert "characters are not shown here" in page.text


async def test_a_long_diff_is_cut_with_a_word(tmp_path):
    diff = "--- a/x\n+++ b/x\n@@ -0,0 +1,900 @@\n" + "".join(f"+line {number}\n" for number in range(900))
    _, page = await report(tmp_path, document([event(1, "code_edit", file_path="x", diff=diff, added=900, removed=0)]))
    assert "+line 200" in page.text
    assert "+line 800" not in page.text
    assert "… 663 more lines are not shown here" in page.text


async def test_the_report_is_written_as_an_export_is(tmp_path):
    trace = await write_trace(tmp_path, example())
    with pytest.raises(UsageError) as refused:
        await write_html_report(trace, tmp_path)
    assert refused.value.code == "export/cannot-write"


async def test_the_process_is_shown_with_its_label_measures_and_claims(tmp_path):
    source, page = await report(tmp_path, assessed_document("contradicted_long"))
    for words in (
        "Weak attempt",
        "the record contradicts 2 claims",
        "Reproduced before the edit",
        "2 contradicted, 8 supported, 3 unverifiable",
        "test_empty_path passes, everything passes",
        "nothing was changed after it",
    ):
        assert words in page.text, words
    anchors = {value for tag, name, value in page.attributes if (tag, name) == ("li", "id")}
    links = {value[1:] for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    assert links, "events are linked"
    assert links <= anchors, "every link leads somewhere"
    assert source.index("contradicted</span>") < source.index("supported</span>")


@pytest.mark.parametrize(
    ("name", "words"),
    [("lucky_unseen", "there was no consent to file views"), ("injected_praise", "addresses its judge")],
)
async def test_why_a_value_is_not_known_and_what_is_odd_are_told(tmp_path, name, words):
    _, page = await report(tmp_path, assessed_document(name))
    assert words in page.text


async def test_a_linked_event_is_shown_however_few_are(tmp_path):
    _, page = await report(tmp_path, assessed_document("sound_lru"), max_events=3)
    anchors = {value for tag, name, value in page.attributes if (tag, name) == ("li", "id")}
    links = {value[1:] for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    assert links
    assert links <= anchors
