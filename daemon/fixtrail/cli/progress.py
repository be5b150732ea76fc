"""A progress bar on the error stream, fed with ``$/progress`` values."""

from types import TracebackType
from typing import Any

from fixtrail.cli.output import console


class Bar:
    """Use as ``with Bar("Finalizing") as bar: … bar.update(value)``; silent when ``hidden`` or not a terminal."""

    def __init__(self, title: str, *, hidden: bool = False) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        screen = console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.fields[title]}[/] {task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=screen,
            transient=True,
            disable=hidden or not screen.is_terminal,
        )
        self._task = self._progress.add_task("", total=100, title=title)

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def update(self, value: dict[str, Any]) -> None:
        """Show one ``WorkDoneProgress`` value."""
        if value.get("kind") == "report":
            self._progress.update(self._task, description=value.get("message", ""))
            if value.get("percentage") is not None:
                self._progress.update(self._task, completed=value["percentage"])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
