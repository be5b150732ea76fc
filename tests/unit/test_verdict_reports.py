"""Both reports say what the tests said before and after, and a hostile name acts in neither."""

import io
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fixtrail.report.html import write_html_report
from fixtrail.report.terminal import print_report
from rich.console import Console

from tests.support.traces import document, event, write_trace

HOSTILE = "<script>alert(1)</script>[bold]\x1b[31m"
RUN = {"verdict": "passed", "command": ["pytest"], "exit_code": 0, "passed": 3}


def trace(**comparison: Any) -> dict[str, Any]:
    results = {
        "tests_passed": True,
        "test_exit_code": 0,
        "tests": RUN,
        "comparison": {"status": "compared", **comparison},
    }
    return document([event(1)], qa_results=results)


FLAG = {
    "kind": "tests_deleted",
    "detail": "1 test was deleted.",
    "file_path": "tests/test_b.py",
    "tests": ["test_gone"],
}
FULL = {
    "fail_to_pass": ["tests.test_a::test_fixed"],
    "pass_to_fail": [f"tests.test_a::test_broken{HOSTILE}"],
    "pass_to_pass": [f"tests.test_a::test_{number}" for number in range(500)],
    "flaky": [{"name": "tests.test_a::test_coin", "passed": 2, "failed": 1}],
    "tamper": [FLAG],
    "before": {"verdict": "failed", "command": ["pytest", "--maxfail=0"], "exit_code": 1, "output": "E  before"},
}


class Page(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.text, self.tags = "", set[str]()
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


async def html(folder: Path, found: dict[str, Any]) -> Page:
    target = await write_html_report(await write_trace(folder, found), folder / "report.html")
    return Page(target.read_text(encoding="utf-8"))


async def terminal(folder: Path, found: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=140)
    await print_report(await write_trace(folder, found), console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


@pytest.mark.parametrize("say", ["html", "terminal"])
async def test_names_counts_flaky_tests_and_flags_are_told(tmp_path: Path, say: str) -> None:
    text = (await html(tmp_path, trace(**FULL))).text if say == "html" else await terminal(tmp_path, trace(**FULL))
    for words in (
        "Before and after",
        "1 fail to pass",
        "1 pass to fail",
        "500 pass to pass",
        "tests.test_a::test_fixed",
        "tests.test_a::test_broken<script>",
        "tests.test_a::test_coin",
        "passed 2, failed 1",
        "Tests deleted",
        "tests/test_b.py",
        "test_gone",
    ):
        assert words in text, words
    assert "\x1b" not in text


async def test_the_page_holds_the_receipt_of_before_and_no_element_of_the_traces(tmp_path: Path) -> None:
    page = await html(tmp_path, trace(**FULL))
    assert "How the tests were run on the code before the fix" in page.text
    assert "E  before" in page.text
    assert "… and 300 more" in page.text
    assert "script" not in page.tags


@pytest.mark.parametrize("say", ["html", "terminal"])
async def test_what_was_not_possible_says_why(tmp_path: Path, say: str) -> None:
    found = trace(status="not_possible", reason="The trace does not know the code before the fix.")
    text = (await html(tmp_path, found)).text if say == "html" else await terminal(tmp_path, found)
    assert "does not know the code before the fix" in text
    assert "fail to pass" not in text
