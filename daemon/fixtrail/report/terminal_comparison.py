"""What the tests say before and after the fix, in a terminal."""

from fixtrail_protocol.qa import Comparison
from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.text import Text

from fixtrail.report.words import label, one_line

_NAMES = 10
_LISTS = {"pass_to_fail": "red", "fail_to_pass": "green", "fail_to_fail": "", "pass_to_pass": ""}
_NAMED = ("pass_to_fail", "fail_to_pass")
"""What is told by name; of the others there may be thousands."""


def comparison_panel(found: Comparison) -> Panel:
    """Return what changed, test by test, flaky tests, and signs of bent tests."""
    lines: list[Text] = []
    if found.status == "compared":
        counts = Text()
        for name, colour in _LISTS.items():
            tests = getattr(found, name)
            counts.append(f"{len(tests):,} {name.replace('_', ' ')}   ", style=colour if tests else "dim")
        lines.append(counts)
        for name in _NAMED:
            lines += _names(getattr(found, name), _LISTS[name], name.replace("_", " "))
    if found.reason:
        lines.append(Text(one_line(found.reason, 400), style="dim"))
    flaky = [f"{test.name} (passed {test.passed}, failed {test.failed})" for test in found.flaky]
    lines += _names(flaky, "yellow", "flaky")
    for flag in found.tamper:
        words = Text(f"! {label(flag.kind)}: ", style="yellow")
        words.append(one_line(" ".join(part for part in (flag.file_path, flag.detail) if part), 300), style="default")
        lines.append(words)
        lines += [Text(f"    {one_line(name, 200)}", style="dim") for name in flag.tests[:_NAMES]]
    bad, odd = bool(found.pass_to_fail), bool(found.tamper or found.flaky)
    colour = "red" if bad else "yellow" if odd else "green" if found.fail_to_pass else "bright_black"
    return Panel(Group(*lines), title="Before and after", title_align="left", border_style=colour, box=box.ROUNDED)


def _names(names: list[str], colour: str, what: str) -> list[Text]:
    lines = [Text(f"  {what}  ", style=colour).append(one_line(name, 200), style="default") for name in names[:_NAMES]]
    if len(names) > _NAMES:
        lines.append(Text(f"  … and {len(names) - _NAMES:,} more", style="dim"))
    return lines
