"""Reads marks: of people from LABELS.jsonl, of the judge from such a file or from exported traces.

A line or file that cannot be used is a :class:`Problem` with its place; it never takes others with it.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fixtrail_protocol.qa import DIMENSIONS
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fixtrail.qa.judge.answer import total_score

_Name = Annotated[str, StringConstraints(min_length=1)]
_Mark = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Total = Annotated[float, Field(ge=1, le=5, allow_inf_nan=False)]


@dataclass(frozen=True)
class Marks:
    """What one rater gave one trace."""

    trace_id: str
    rater: str
    dimensions: Mapping[str, float] | None
    """None: the rater abstained. A dimension that is not there was not marked."""
    total: float | None
    """From 1 to 5; the sum of the dimensions where the rater gave none."""


@dataclass(frozen=True)
class Problem:
    """Something that was left out, and why."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True)
class Labels:
    """What could be read, and what could not."""

    marks: Sequence[Marks]
    problems: Sequence[Problem]


class _Line(BaseModel):
    """A line of a file of marks; further keys, such as a note, are ignored."""

    model_config = ConfigDict(strict=True)

    trace_id: _Name
    rater: _Name | None = None
    dimensions: dict[str, _Mark] | None
    total: _Total | None = None


class _Dimension(BaseModel):
    score: _Mark | None = None


class _Reasoning(BaseModel):
    score: _Total | None = None
    dimensions: dict[str, _Dimension] | None = None


class _Qa(BaseModel):
    reasoning: _Reasoning | None = None


class _Document(BaseModel):
    """Of a trace document only what is needed here: a document of a later version can be read as well."""

    trace_id: _Name
    qa_results: _Qa | None = None


def read_labels(path: Path, *, judge: bool = False) -> Labels:
    """Read a JSONL file of marks; blank lines do not matter.

    Parameters
    ----------
    judge
        The marks are the judge's: ``rater`` may be left out, and ``"dimensions": null`` says that it abstained.

    Raises
    ------
    OSError
        The file cannot be read at all.
    """
    marks: dict[tuple[str, str], tuple[Marks, int]] = {}
    problems: list[Problem] = []
    for number, line in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{path.name}, line {number}"
        try:
            read = _checked(_Line.model_validate_json(line), judge=judge)
        except ValidationError as error:
            problems.append(Problem(place, _plainly(error)))
        except ValueError as error:
            problems.append(Problem(place, str(error)))
        else:
            _, earlier = marks.setdefault((read.trace_id, read.rater), (read, number))
            if earlier != number:
                message = f"{read.rater} has marked {read.trace_id} in line {earlier} already; that one counts"
                problems.append(Problem(place, message))
    return Labels([read for read, _ in marks.values()], problems)


def read_traces(folder: Path) -> Labels:
    """Read the judge's marks from the trace documents (``*.json``) in ``folder`` and below.

    A document without marks says that the judge abstained, unless another one of the same trace has some.
    """
    found: dict[str, tuple[Marks, str]] = {}
    problems: list[Problem] = []
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            read = _from_document(_Document.model_validate_json(path.read_bytes()))
        except OSError as error:
            problems.append(Problem(name, f"it cannot be read ({error.strerror})"))
            continue
        except ValidationError as error:
            problems.append(Problem(name, f"not a trace document: {_plainly(error)}"))
            continue
        earlier, place = found.setdefault(read.trace_id, (read, name))
        if earlier.dimensions is None:
            found[read.trace_id] = (read, name)
        elif read.dimensions is not None and read != earlier:
            problems.append(Problem(name, f"{read.trace_id} has other marks in {place}; those count"))
    return Labels([read for read, _ in found.values()], problems)


def consensus(marks: Iterable[Marks]) -> dict[str, Marks]:
    """Return one :class:`Marks` for each trace: the median of its raters, dimension by dimension.

    Of judges asked several times it is the same; who abstained does not count where another did not.
    """
    groups: dict[str, list[Marks]] = {}
    for each in marks:
        groups.setdefault(each.trace_id, []).append(each)
    return {trace_id: _median(trace_id, group) for trace_id, group in groups.items()}


def _median(trace_id: str, group: Sequence[Marks]) -> Marks:
    raters = ", ".join(sorted(each.rater for each in group))
    given = [each.dimensions for each in group if each.dimensions is not None]
    if not given:
        return Marks(trace_id, raters, None, None)
    columns = {name: [each[name] for each in given if name in each] for name in DIMENSIONS}
    totals = [each.total for each in group if each.total is not None]
    return Marks(
        trace_id,
        raters,
        {name: statistics.median(column) for name, column in columns.items() if column},
        statistics.median(totals) if totals else None,
    )


def _checked(line: _Line, *, judge: bool) -> Marks:
    """Return the marks of a line; raises ValueError where it does not say whose, or not all of the rubric's."""
    rater = line.rater or ("judge" if judge else None)
    if rater is None:
        raise ValueError("rater: say who gave the marks")
    if line.dimensions is None:
        if not judge:
            raise ValueError("dimensions: a person gives five marks; leave the line out instead")
        return Marks(line.trace_id, rater, None, None)
    if unknown := [name for name in line.dimensions if name not in DIMENSIONS]:
        raise ValueError(f"{', '.join(unknown)}: no dimension of the rubric; they are {', '.join(DIMENSIONS)}")
    if missing := [name for name in DIMENSIONS if name not in line.dimensions]:
        raise ValueError(f"no mark for {', '.join(missing)}")
    total = total_score(line.dimensions) if line.total is None else line.total
    return Marks(line.trace_id, rater, line.dimensions, total)


def _from_document(document: _Document) -> Marks:
    reasoning = document.qa_results.reasoning if document.qa_results else None
    given = (reasoning.dimensions if reasoning else None) or {}
    marks = {name: given[name].score for name in DIMENSIONS if name in given}
    dimensions = {name: mark for name, mark in marks.items() if mark is not None}
    if reasoning is None or not dimensions:
        return Marks(document.trace_id, "judge", None, None)
    total = reasoning.score
    if total is None and len(dimensions) == len(DIMENSIONS):
        total = total_score(dimensions)
    return Marks(document.trace_id, "judge", dimensions, total)


def _plainly(error: ValidationError) -> str:
    """Say the first thing that is wrong in one line, without the input: it may be long."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"][:1].lower() + first["msg"][1:]
    return f"{where}: {message}" if where else message
