"""Run the benchmarks and print one table. Goals are reported, not asserted: exit 0 unless something broke."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import (
    commits,
    evidence,
    finalize,
    idle,
    judge_prompt,
    keystroke,
    large_tree,
    long_session,
    notifications,
    redaction,
    startup,
)
from tests.benchmarks.figure import Figure
from tests.benchmarks.scene import Scene

BENCHMARKS: dict[str, Callable[[Scene], list[Figure]]] = {
    "notifications": notifications.run,
    "commits": commits.run,
    "finalize": finalize.run,
    "startup": startup.run,
    "idle": idle.run,
    "keystroke": keystroke.run,
    "large_tree": large_tree.run,
    "long_session": long_session.run,
    "redaction": redaction.run,
    "judge_prompt": judge_prompt.run,
    "evidence": evidence.run,
}


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(figures: list[Figure]) -> Table:
    table = Table(title="fixtrail: what it costs (medians, baseline measured in turn in the same run)")
    table.add_column("what")
    for column in ("ours", "baseline", "ratio", "goal"):
        table.add_column(column, justify="right")
    table.add_column("met")
    table.add_column("note", style="dim")
    for figure in figures:
        sign = "≤" if figure.better == "lower" else "≥"
        table.add_row(
            f"{figure.what}, {figure.unit}",
            _number(figure.ours),
            _number(figure.baseline),
            "-" if figure.ratio is None else f"{figure.ratio:.2f}",
            "-" if figure.goal is None else f"{sign} {figure.goal:g}",
            {True: "[green]yes", False: "[red]no", None: "-"}[figure.met],
            figure.note or "",
        )
    return table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="run this one; may be given again")
    arguments = parser.parse_args()
    console = Console(stderr=True)
    figures: list[Figure] = []
    broken = False
    for name in arguments.only or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="fixtrail-bench-") as folder, console.status(f"Measuring {name}"):
            try:
                figures += BENCHMARKS[name](Scene(Path(folder)))
            except Exception as error:
                broken = True
                console.print(f"[red]{name} broke:[/] {type(error).__name__}: {error}", highlight=False)
    if arguments.json:
        print(json.dumps([figure.document() for figure in figures], indent=2, ensure_ascii=False))
    else:
        Console(width=None if sys.stdout.isatty() else 140).print(_table(figures))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
