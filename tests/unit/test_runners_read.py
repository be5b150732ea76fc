"""What runners leave behind becomes a report: events, JSON, printed lines, packed XML; all of it may be hostile."""

import io
import json
import tarfile

import pytest
from fixtrail.qa.sandbox.runners import Account, Left, Runner, read

SUITE = '<testsuite><testcase classname="{}" name="{}"/></testsuite>'


def cases(account: Account) -> list[tuple[str, str]]:
    assert account.report is not None
    return [(case.name, case.outcome) for case in account.report.cases]


def events(*lines: dict[str, object] | str) -> bytes:
    return "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode()


def event(action: str, test: str | None = None, **more: object) -> dict[str, object]:
    return {"Action": action, "Package": "p", **({"Test": test} if test else {}), **more}


def packed(*documents: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number, text in enumerate(documents):
            info = tarfile.TarInfo(f"./target/surefire-reports/TEST-{number}.xml")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()


@pytest.mark.parametrize("runner", ["pytest", "unittest", "go", "jest", "vitest", "maven", None])
def test_nothing_left_is_no_report(runner: Runner | None) -> None:
    assert read(runner, Left(b"")) == Account()


def test_go_the_worst_end_of_a_test_holds() -> None:
    left = events(
        event("run", "TestA"), event("pass", "TestA", Elapsed=0.25), event("fail", "TestA", Elapsed=0.5), event("fail")
    )
    account = read("go", Left(left))

    assert cases(account) == [("p::TestA", "failed")]
    assert account.report is not None
    assert account.report.cases[0].duration_ms == 500


def test_go_a_test_that_never_ended_is_an_error() -> None:
    account = read("go", Left(events(event("run", "TestA"), event("output", "TestA", Output="hm\n"), event("pass"))))

    assert cases(account) == [("p::TestA", "error")]
    assert account.output == "hm\n"


def test_go_a_package_that_failed_by_itself_is_an_error() -> None:
    assert cases(read("go", Left(events(event("pass", "TestA"), event("fail"))))) == [
        ("p::TestA", "passed"),
        ("p", "error"),
    ]
    assert cases(read("go", Left(b"FAIL\texample.com/calc [build failed]\n"))) == [("example.com/calc", "error")]


def test_go_lines_that_are_no_events_are_output() -> None:
    left = events('[1, "Action"]', "null", "plain", '{"Package": 1}', event("pass", "TestA"), '{"Package": "q"')
    account = read("go", Left(left))

    assert cases(account) == [("p::TestA", "passed")]
    assert account.output == 'plain\n{"Package": "q"\n'


def test_go_values_of_other_types_do_no_harm() -> None:
    left = events(event("pass", "TestA", Elapsed="x"), event("output", "TestB", Output=["y"]), event(action=["pass"]))  # type: ignore[arg-type]

    assert cases(read("go", Left(left))) == [("p::TestA", "passed"), ("p::TestB", "error")]


@pytest.mark.parametrize(
    ("left", "said"),
    [(b"no json", "not the JSON"), (b"[]", "not the JSON"), (b'{"testResults": 1}', "not the JSON")],
)
def test_jest_what_is_no_result_is_refused(left: bytes, said: str) -> None:
    assert said in (read("jest", Left(left)).problem or "")


def test_jest_files_that_could_not_be_loaded_are_errors() -> None:
    results = {
        "testResults": [
            {"name": "/work/src/a.test.js", "status": "failed", "message": "no such module", "assertionResults": []},
            {
                "name": "/work/b.test.js",
                "status": "failed",
                "assertionResults": [
                    {"fullName": "adds", "status": "failed", "duration": 3, "failureMessages": ["4 is not 5"]},
                    {"fullName": "later", "status": "todo"},
                    {"fullName": "odd", "status": "new word", "duration": -1, "failureMessages": 7},
                    "no case",
                ],
            },
            "no suite",
        ]
    }
    account = read("jest", Left(json.dumps(results).encode()))

    assert cases(account) == [
        ("src/a.test.js", "error"),
        ("b.test.js::adds", "failed"),
        ("b.test.js::later", "skipped"),
        ("b.test.js::odd", "error"),
    ]
    assert account.report is not None
    assert account.report.cases[1].message == "4 is not 5"


def test_vitest_a_file_that_could_not_be_loaded_is_an_error_of_its_name() -> None:
    suite = '<testsuite><testcase classname="a.test.js" name="a.test.js"><failure/></testcase></testsuite>'

    assert cases(read("vitest", Left(suite.encode()))) == [("a.test.js", "error")]
    assert cases(read("vitest", Left(SUITE.format("a.test.js", "a.test.js").encode()))) == [
        ("a.test.js::a.test.js", "passed")
    ]


def test_maven_several_files_are_one_report() -> None:
    account = read("maven", Left(packed(SUITE.format("a.A", "x"), SUITE.format("b.B", "y"))))

    assert cases(account) == [("a.A::x", "passed"), ("b.B::y", "passed")]


def test_maven_one_bad_file_spoils_the_report() -> None:
    assert "well-formed" in (read("maven", Left(packed(SUITE.format("a.A", "x"), "<testsuite>"))).problem or "")
    assert "no test suite" in (read("maven", Left(packed(SUITE.format("a.A", "x"), "<a/>"))).problem or "")


def test_maven_what_is_no_archive_is_refused() -> None:
    assert "damaged" in (read("maven", Left(b"<testsuite/>" * 100)).problem or "")


def test_maven_a_link_in_the_archive_is_passed_over() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        link = tarfile.TarInfo("TEST-a.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    assert cases(read("maven", Left(file.getvalue()))) == []


def test_maven_only_a_run_without_tests_can_have_failed_to_compile() -> None:
    said = "[ERROR] COMPILATION ERROR : \n"

    assert cases(read("maven", Left(packed(), said, exit_code=1))) == [("(compilation)", "error")]
    assert cases(read("maven", Left(packed(), said, exit_code=0))) == []
    assert cases(read("maven", Left(packed(SUITE.format("a.A", "x")), said, exit_code=1))) == [("a.A::x", "passed")]


CARGO = """\
     Running unittests src/lib.rs (target/debug/deps/calc-1)

running 2 tests
test tests::adds ... ok
test tests::panics - should panic ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests calc

running 1 test
test src/lib.rs - add (line 3) ... FAILED

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.2s
"""


def test_cargo_names_are_read_from_what_was_printed() -> None:
    account = read("cargo", Left(b"", CARGO, exit_code=101))

    assert cases(account) == [
        ("src/lib.rs::tests::adds", "passed"),
        ("src/lib.rs::tests::panics", "passed"),
        ("doc-tests calc::src/lib.rs - add (line 3)", "failed"),
    ]
    assert (account.printed, account.doubt, account.ran_none) == (True, None, False)


@pytest.mark.parametrize(
    ("output", "exit_code", "whole", "doubt", "ran_none"),
    [
        ("running 1 test\n", 0, True, True, True),
        ("running 1 test\n", 0, False, False, False),
        ("running 3 tests\n...\ntest result: ok. 3 passed; 0 failed; 0 ignored\n", 0, True, False, False),
        ("running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n", 0, True, False, True),
        ("a harness of its own\n", 0, True, False, False),
        ("error: no matching package named `serde` found\n", 101, True, True, False),
        ("error: could not compile `calc` due to previous error\n", 101, True, False, False),
    ],
)
def test_cargo_what_was_printed_may_take_a_pass_away(
    output: str, exit_code: int, whole: bool, doubt: bool, ran_none: bool
) -> None:
    account = read("cargo", Left(b"", output, output_whole=whole, exit_code=exit_code))

    assert (account.doubt is not None, account.ran_none) == (doubt, ran_none)
