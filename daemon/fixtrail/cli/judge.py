"""``judge``: is the judge to be trusted. A command is added with ``@judge.command()``."""

from pathlib import Path

import click

from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.errors import UsageError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def judge() -> None:
    """Measure the judge itself."""


@judge.command()
@click.argument("labels", type=_FILE, metavar="LABELS.jsonl")
@click.option("--scores", type=_FILE, help="The judge's marks, in the form of LABELS.jsonl.")
@click.option("--traces", type=_FOLDER, help="Exported traces with the judge's marks in them.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.svg", help="Draw it as well.")
@click.option("--resamples", type=click.IntRange(100, 100_000), default=2_000, show_default=True)
@click.option("--seed", type=int, default=20_251, show_default=True, help="Of the resampling.")
@json_option
@command_body
async def calibrate(
    labels: Path,
    scores: Path | None,
    traces: Path | None,
    plot: Path | None,
    resamples: int,
    seed: int,
    as_json: bool,
) -> int:
    """Compare the judge with people, whose marks are in LABELS.jsonl.

    Exit code 1 when some lines or files could not be used (the rest was compared), or none could.
    """
    from fixtrail.cli.calibration import print_calibration
    from fixtrail.qa.calibration.labels import read_labels, read_traces
    from fixtrail.qa.calibration.plot import draw
    from fixtrail.qa.calibration.report import calibrate as compare

    if (scores is None) == (traces is None):
        raise UsageError("judge/no-scores", "Say where the judge's marks are.", "Give --scores or --traces, not both.")
    try:
        people = read_labels(labels)
        its = read_labels(scores, judge=True) if scores else read_traces(traces or Path())
    except OSError as error:
        raise UsageError("judge/unreadable", f"{error.filename} cannot be read ({error.strerror}).") from None
    problems = [*people.problems, *its.problems]
    with console(stderr=True).status("Resampling …"):
        result = compare(people.marks, its.marks, resamples=resamples, seed=seed)
    if plot is not None:
        try:
            plot.write_text(draw(people.marks, its.marks, result), encoding="utf-8")
        except OSError as error:
            raise UsageError("judge/plot-unwritable", f"{plot} cannot be written ({error.strerror}).") from None
    if as_json:
        print_json({**vars(result), "problems": problems, "plot": str(plot.resolve()) if plot else None})
    else:
        print_calibration(result, problems, console())
        if plot is not None:
            console().print(f"Drawn in {plot}.", soft_wrap=True, markup=False)
    return 1 if problems or not result.coverage.scored else 0
