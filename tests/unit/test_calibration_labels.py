"""Marks from files: what is read, what is left out and said, and the command from end to end."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixtrail.cli import cli
from fixtrail.qa.calibration.labels import consensus, read_labels, read_traces
from fixtrail.qa.calibration.plot import draw
from fixtrail.qa.calibration.report import TARGETS, calibrate
from fixtrail_protocol.qa import DIMENSIONS

from tests.support.traces import document

GOOD = dict.fromkeys(DIMENSIONS, 0.5)


def line(trace_id: str, rater: str | None = "anna", **changes: Any) -> dict[str, Any]:
    entry = {"trace_id": trace_id, "rater": rater, "dimensions": GOOD} | changes
    return {key: value for key, value in entry.items() if key != "rater" or value is not None}


def write(path: Path, *lines: dict[str, Any] | str) -> Path:
    texts = (each if isinstance(each, str) else json.dumps(each) for each in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def varied(seed: int) -> dict[str, float]:
    random = Random(seed)
    return {name: random.choice([0, 0.25, 0.5, 0.75, 1]) for name in DIMENSIONS}


def judged(trace_id: str, marks: dict[str, float] | None, status: str = "scored") -> dict[str, Any]:
    dimensions = None if marks is None else {name: {"score": mark, "evidence": []} for name, mark in marks.items()}
    score = None if marks is None else max(1.0, sum(marks.values()))
    reasoning = {"status": status, "score": score, "dimensions": dimensions}
    return document([], trace_id=trace_id, qa_results={"reasoning": reasoning})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["judge", "calibrate", *map(str, arguments)])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{not json", "invalid JSON"),
        ("[1, 2]", "object"),
        ("\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"), "JSON"),
        (line("t", rater=None), "rater: say who"),
        (line(""), "trace_id"),
        (line("t", dimensions=None), "a person gives five marks"),
        (line("t", dimensions={"depth": 1}), "no mark for hypothesis_formation, evidence_gathering"),
        (line("t", dimensions=GOOD | {"style": 1}), "style: no dimension of the rubric"),
        (line("t", dimensions=GOOD | {"depth": 1.5}), "dimensions.depth: input should be less than or equal to 1"),
        (line("t", dimensions=GOOD | {"depth": "0.5"}), "dimensions.depth"),
        (line("t", dimensions=GOOD | {"depth": True}), "dimensions.depth"),
        (line("t", dimensions=GOOD | {"depth": float("nan")}), "dimensions.depth"),
        (line("t", total=6), "total"),
        (line("first"), "anna has marked first in line 1 already"),
    ],
)
def test_a_bad_line_is_told_by_number_and_the_others_are_read(tmp_path: Path, bad: Any, message: str) -> None:
    read = read_labels(write(tmp_path / "labels.jsonl", line("first"), "", bad, line("last")))

    assert [marks.trace_id for marks in read.marks] == ["first", "last"]
    [problem] = read.problems
    assert problem.place == "labels.jsonl, line 3"
    assert message in problem.message


def test_a_line_may_hold_more_and_the_total_is_the_sum_unless_it_is_given(tmp_path: Path) -> None:
    path = write(
        tmp_path / "l.jsonl", "\ufeff" + json.dumps(line("a", note="hard")), line("b", total=4), line("c", "bo")
    )

    read = read_labels(path)

    assert [(marks.trace_id, marks.rater, marks.total) for marks in read.marks] == [
        ("a", "anna", 2.5),
        ("b", "anna", 4),
        ("c", "bo", 2.5),
    ]
    assert not read.problems


def test_the_median_of_several_raters_counts(tmp_path: Path) -> None:
    lines = [line("a", rater, dimensions=GOOD | {"depth": mark}) for rater, mark in (("x", 0), ("y", 1), ("z", 0.75))]

    [marks] = consensus(read_labels(write(tmp_path / "l.jsonl", *lines)).marks).values()

    assert marks.dimensions == GOOD | {"depth": 0.75}
    assert marks.total == 2.75


def test_two_people_are_the_ceiling(tmp_path: Path) -> None:
    lines = [line(f"t{n}", rater, dimensions=varied(n)) for n in range(12) for rater in ("anna", "bo")]
    people = read_labels(write(tmp_path / "l.jsonl", *lines)).marks

    both = calibrate(people, people, resamples=100)
    alone = calibrate([marks for marks in people if marks.rater == "bo"], people, resamples=100)

    assert both.agreement["depth"].ceiling.kappa == pytest.approx(1)
    assert both.agreement["depth"].ceiling.rater_pairs == 1
    assert alone.agreement["depth"].ceiling.reason == "no trace was marked by two people"


def test_traces_are_read_from_documents_and_what_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    scored = judged("a", varied(1))
    write(tmp_path / "1.json", scored)
    write(tmp_path / "2.json", document([], trace_id="a"))  # the same trace as 1.0: it holds no marks
    write(tmp_path / "deep" / "3.json", judged("b", None, "abstained"))
    write(tmp_path / "deep" / "4.json", judged("a", varied(2)))
    write(tmp_path / "5.json", "{")
    write(tmp_path / "6.json", judged("c", {"depth": 1.0}))

    read = read_traces(tmp_path)

    found = {marks.trace_id: marks.dimensions for marks in read.marks}
    assert found == {"a": varied(1), "b": None, "c": {"depth": 1.0}}
    assert [problem.place for problem in read.problems] == ["5.json", "deep/4.json"]


def test_abstained_is_counted_and_is_no_zero(tmp_path: Path) -> None:
    people = read_labels(write(tmp_path / "l.jsonl", *(line(f"t{n}", dimensions=varied(n)) for n in range(10)))).marks
    lines = [line(f"t{n}", None, dimensions=None if n < 3 else varied(n)) for n in range(9)]
    its = read_labels(write(tmp_path / "s.jsonl", *lines, line("other", None)), judge=True).marks

    result = calibrate(people, its, resamples=100)

    found = result.coverage
    assert (found.labelled, found.scored, found.abstained, found.missing, found.unlabelled) == (10, 6, 3, 1, 1)
    for target in TARGETS:
        assert result.agreement[target].n == 6
        assert result.agreement[target].mae.value == 0
        assert sum(map(sum, result.agreement[target].confusion)) == 6


def test_the_command_prints_measures_and_matrices(tmp_path: Path) -> None:
    labels = write(tmp_path / "l.jsonl", *(line(f"t{n}", dimensions=varied(n)) for n in range(20)))
    scores = [line(f"t{n}", dimensions=varied(n) | {"depth": 0.25}) for n in range(20)]

    done = run(labels, "--scores", write(tmp_path / "s.jsonl", *scores), "--resamples", 100)

    assert done.exit_code == 0, done.output
    assert "Compared 20 of 20 labelled traces" in done.output
    for target in TARGETS:
        assert target in done.output
    assert "depth: the judge gave the same mark to every case" in done.output
    assert "nan" not in done.output.lower()


def test_the_command_as_json_with_a_plot_and_a_bad_line(tmp_path: Path) -> None:
    labels = write(tmp_path / "l.jsonl", *(line(f"t{n}", dimensions=varied(n)) for n in range(20)), "{")
    folder = tmp_path / "traces"
    folder.mkdir()
    for number in range(18):
        write(folder / f"{number}.json", judged(f"t{number}", varied(number + number % 3)))
    plot = tmp_path / "plot.svg"

    done = run(labels, "--traces", folder, "--plot", plot, "--resamples", 200, "--seed", 5, "--json")

    assert done.exit_code == 1, "a line was left out"
    found = json.loads(done.stdout)
    assert found["coverage"] == {"labelled": 20, "scored": 18, "abstained": 0, "missing": 2, "unlabelled": 0}
    assert (found["resamples"], found["seed"], found["raters"]) == (200, 5, ["anna"])
    assert [problem["place"] for problem in found["problems"]] == ["l.jsonl, line 21"]
    depth = found["agreement"]["depth"]
    assert depth["kappa"]["low"] < depth["kappa"]["value"] < depth["kappa"]["high"]
    assert ET.fromstring(plot.read_text(encoding="utf-8")).tag.endswith("svg")


def test_the_command_says_what_it_needs(tmp_path: Path) -> None:
    labels = write(tmp_path / "l.jsonl", line("t"))
    plot = tmp_path / "no" / "plot.svg"

    assert run(tmp_path / "none.jsonl", "--scores", labels).exit_code == 2
    neither, both = run(labels), run(labels, "--scores", labels, "--traces", tmp_path)
    unwritable = run(labels, "--scores", labels, "--plot", plot)
    nothing = run(labels, "--scores", write(tmp_path / "s.jsonl", line("other")))

    assert neither.exit_code == both.exit_code == unwritable.exit_code == 2
    assert "[judge/no-scores]" in neither.output
    assert "[judge/no-scores]" in both.output
    assert "[judge/plot-unwritable]" in unwritable.output
    assert nothing.exit_code == 1
    assert "Compared 0 of 1 labelled traces (1 the judge was not asked about)" in nothing.output


def test_the_drawing_has_a_bubble_for_each_place_and_needs_nothing_else(tmp_path: Path) -> None:
    lines = [line(f"t{n}", dimensions=GOOD | {"depth": n % 2}) for n in range(8)]
    marks = read_labels(write(tmp_path / "l.jsonl", *lines)).marks

    text = draw(marks, marks, calibrate(marks, marks, resamples=100))

    root = ET.fromstring(text)
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles.count("people 0.5, judge 0.5: 8 traces") == 4
    assert titles.count("people 0, judge 0: 4 traces") == titles.count("people 1, judge 1: 4 traces") == 1
    assert "prefers-color-scheme: dark" in text
    assert text.count("http") == 1, "the name space, and no address to load from"


def test_without_pairs_there_is_a_drawing_all_the_same() -> None:
    assert len(list(ET.fromstring(draw([], [], calibrate([], [], resamples=100))))) > 6
