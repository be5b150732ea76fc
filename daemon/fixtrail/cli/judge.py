"""``judge``: does it answer, and is it to be trusted. A command is added with ``@judge.command()``."""

import asyncio
import secrets
from pathlib import Path

import click
from rich.markup import escape

from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.errors import UsageError
from fixtrail.keys import with_judge_key
from fixtrail.settings import load_settings
from fixtrail.store.layout import DataDirectory

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def judge() -> None:
    """Try the judge, and measure it."""


@judge.command()
@click.argument("trace_id", required=False)
@json_option
@command_body
async def check(trace_id: str | None, as_json: bool) -> int:
    """Ask the judge's endpoint whether it is ready, and say what judging TRACE_ID, by default the newest, would cost.

    Nothing of a trace is sent. Exit code 3 when a model does not answer, and 2 when the rubric cannot be used.
    """
    from fixtrail.cli import judge_check
    from fixtrail.qa.judge.check import check_endpoint

    settings = await asyncio.to_thread(with_judge_key, load_settings())
    cost = await judge_check.estimate(trace_id, settings)
    with console(stderr=True).status("Asking …"):
        origin, supports = await check_endpoint(settings.judge)
    if as_json:
        print_json(judge_check.as_document(origin, supports, cost))
    else:
        judge_check.show(origin, supports, cost)
    return 0 if all(support.status == "scored" for support in supports) else 3


@judge.command()
@click.option("--traces", type=_FOLDER, help="Exported traces; by default those in the data directory.")
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="No change up to this.")
@json_option
@command_body
async def probe(traces: Path | None, tolerance: float, as_json: bool) -> int:
    """Ask the judge about traces and about variants of them, and count how often the marks move as they should.

    Each trace and each of up to six variants is judged as at finalize. Traces without the judge's consent are left out.
    Exit code 1 when something was left out, or the judge gave no score for something.
    """
    from fixtrail.cli import judge_probe
    from fixtrail.privacy.gate import Gate
    from fixtrail.qa.calibration.probe import probe as ask
    from fixtrail.qa.calibration.probe import summarise

    settings = await asyncio.to_thread(with_judge_key, load_settings())
    folder = traces or DataDirectory(settings.home).exports
    gate = Gate.for_workspace(secrets.token_bytes(32), settings.redaction, Path.cwd())
    found = await asyncio.to_thread(judge_probe.read_folder, folder, gate)
    if not found.usable:
        raise judge_probe.nothing_to_probe(folder)
    failures: list[str] = []
    with console(stderr=True).status("Asking …") as status:
        judging = judge_probe.real_judge(settings, failures)
        outcomes = await ask(found.usable, judging, lambda line: status.update(escape(line)), tolerance=tolerance)
    summaries = summarise(outcomes)
    if as_json:
        print_json(judge_probe.as_document(outcomes, summaries, found, failures))
    else:
        judge_probe.show(summaries, found, failures, console())
    return 1 if found.problems or failures else 0


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
