"""Shows a calibration in a terminal: the measures, the confusion matrices, and what was left out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.markup import escape
from rich.table import Table

from fixtrail.qa.calibration.intervals import Estimate
from fixtrail.qa.calibration.labels import Problem
from fixtrail.qa.calibration.report import Agreement, Calibration

if TYPE_CHECKING:
    from rich.console import Console

_MOST_PROBLEMS = 20


def print_calibration(result: Calibration, problems: Sequence[Problem], console: "Console") -> None:
    """Print ``result``, then what could not be used."""
    found = result.coverage
    left = [
        f"{count} {words}"
        for count, words in (
            (found.abstained, "where the judge abstained"),
            (found.missing, "the judge was not asked about"),
        )
        if count
    ]
    said = f"Compared {found.scored} of {found.labelled} labelled traces"
    console.print(said + (f" ({', '.join(left)})" if left else "") + f"; raters: {escape(', '.join(result.raters))}.")
    if found.unlabelled:
        console.print(f"{found.unlabelled} traces of the judge have no label.")
    console.print(_measures(result))
    for name, agreement in result.agreement.items():
        if agreement.kappa.reason:
            console.print(f"  [dim]{name}: {escape(agreement.kappa.reason)}[/]")
    console.print(
        f"[dim]kappa has quadratic weights; people: kappa of two people, on average. In brackets {result.level:.0%} "
        f"intervals: BCa bootstrap, {result.resamples:,} resamples, seed {result.seed}.[/]"
    )
    console.print("\nPeople down, judge across:")
    console.print(Columns([_matrix(name, each) for name, each in result.agreement.items()], padding=(1, 4)))
    for problem in problems[:_MOST_PROBLEMS]:
        console.print(f"[yellow]left out:[/] {escape(str(problem))}", soft_wrap=True)
    if len(problems) > _MOST_PROBLEMS:
        console.print(f"[yellow]left out:[/] {len(problems) - _MOST_PROBLEMS} more; --json lists them all.")


def _measures(result: Calibration) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for heading in ("n", "kappa", "people", "rho", "MAE", "bias"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, each in result.agreement.items():
        ceiling = "-" if each.ceiling.kappa is None else f"{each.ceiling.kappa:.2f}"
        row = (_estimate(each.kappa), ceiling, _estimate(each.rho), _number(each.mae), _number(each.bias, "+"))
        table.add_row(name, str(each.n), *row)
    return table


def _matrix(name: str, agreement: Agreement) -> Table:
    table = Table(title=name, title_style="bold", title_justify="left", box=None, header_style="dim", pad_edge=False)
    table.add_column("", style="dim", justify="right", no_wrap=True)
    for label in agreement.categories:
        table.add_column(label, justify="right", no_wrap=True)
    for index, (label, counts) in enumerate(zip(agreement.categories, agreement.confusion, strict=True)):
        cells = (str(count) if count else "[dim]·[/]" for count in counts)
        table.add_row(label, *(f"[bold]{cell}[/]" if index == at else cell for at, cell in enumerate(cells)))
    return table


def _number(estimate: Estimate, sign: str = "") -> str:
    return "-" if estimate.value is None else _short(estimate.value, sign)


def _short(value: float, sign: str = "") -> str:
    """Write two decimals without the leading zero: eight columns have to fit into 80 characters."""
    return f"{value:{sign}.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:{sign}.2f}"


def _estimate(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return _number(estimate)
    return f"{_number(estimate)} \\[{_short(estimate.low)}, {_short(estimate.high)}]"
