"""Reading a report that a hostile test may have written."""

import pytest
from fixtrail.capture import junit
from fixtrail.capture.junit import Report, ReportError, read_report


def suite(*cases: str) -> bytes:
    body = "".join(cases)
    return f'<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite>{body}</testsuite></testsuites>'.encode()


def test_outcomes_are_counted_and_named() -> None:
    report = read_report(
        suite(
            '<testcase classname="tests.test_a" name="test_one" time="0.0125" />',
            '<testcase classname="tests.test_a" name="test_two[é]" time="0">'
            '<failure message="assert 1 == 2">trace</failure></testcase>',
            '<testcase classname="" name="tests.test_b"><error message="collection failure">trace</error></testcase>',
            '<testcase classname="tests.test_c" name="test_three"><skipped message="not today" /></testcase>',
        )
    )

    assert (report.passed, report.failed, report.errors, report.skipped) == (1, 1, 1, 1)
    assert (report.executed, report.bad) == (3, 2)
    assert [(case.name, case.outcome, case.duration_ms, case.message) for case in report.cases] == [
        ("tests.test_a::test_one", "passed", 12.5, None),
        ("tests.test_a::test_two[é]", "failed", 0.0, "assert 1 == 2"),
        ("tests.test_b", "error", None, "collection failure"),
        ("tests.test_c::test_three", "skipped", None, "not today"),
    ]


def test_the_worst_of_several_outcomes_counts() -> None:
    report = read_report(suite('<testcase name="t"><failure message="f" /><error message="in teardown" /></testcase>'))

    assert (report.failed, report.errors) == (0, 1)
    assert report.cases[0].message == "in teardown"


def test_without_a_message_the_text_is_taken() -> None:
    report = read_report(suite('<testcase name="t"><failure>  line one\nline two </failure></testcase>'))

    assert report.cases[0].message == "line one\nline two"


def test_what_the_tests_printed_is_not_a_message() -> None:
    report = read_report(suite('<testcase name="t"><system-out>1 failed</system-out></testcase>'))

    assert (report.passed, report.cases[0].message) == (1, None)


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "", "soon", "1e400"])
def test_a_time_that_is_none_is_left_out(seconds: str) -> None:
    assert read_report(suite(f'<testcase name="t" time="{seconds}" />')).cases[0].duration_ms is None


def test_names_and_messages_are_bounded() -> None:
    long = "x" * 100_000
    report = read_report(
        suite(
            f'<testcase name="{long}"><failure message="{long}" /></testcase>',
            f'<testcase name="t"><failure>{long}</failure></testcase>',
        )
    )

    assert [len(case.message or "") for case in report.cases] == [junit.MAX_MESSAGE, junit.MAX_MESSAGE]
    assert len(report.cases[0].name) == junit.MAX_NAME


def test_of_many_cases_the_first_are_kept_and_all_are_counted() -> None:
    passing = ['<testcase name="t" />'] * (junit.MAX_CASES + 5)
    report = read_report(suite(*passing, '<testcase name="late"><failure message="m" /></testcase>', *passing))

    assert (report.passed, report.failed) == (2 * len(passing), 1)
    assert len(report.cases) == junit.MAX_CASES + 1
    assert report.cases[-1].name == "late"


@pytest.mark.parametrize(
    ("xml", "problem"),
    [
        (b"", "not well-formed"),
        (b"<testsuites><testsuite>", "not well-formed"),
        (b"1 passed", "not well-formed"),
        (b"\xff\xfe\x00", "not well-formed"),
        (b'<testsuite><testcase name="&#xD800;"/></testsuite>', "not well-formed"),
        (b"<html></html>", "holds no test suite"),
        (b"<testsuite>" + b"<a>" * 100_000, "nested"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite>&b;</testsuite>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><testsuite/>', "document type"),
        (b"<testsuite>" + b" " * junit.MAX_REPORT_BYTES, "larger than 32 MB"),
    ],
    ids=["empty", "cut off", "text", "bytes", "surrogate", "html", "deep", "entities", "external", "large"],
)
def test_what_cannot_be_used_is_refused(xml: bytes, problem: str) -> None:
    with pytest.raises(ReportError, match=problem):
        read_report(xml)


def test_an_empty_suite_is_a_report_of_nothing() -> None:
    assert read_report(suite()) == Report()
