"""The part of the HTML report on what the tests say before and after the fix, and on bent tests."""

from fixtrail_protocol.qa import Comparison, FlakyTest, TamperFlag

from fixtrail.report.markup import chip, code, fold, tag, text
from fixtrail.report.words import clip, label

_NAMES = 200
_OPEN = 12
_LISTS = {"pass_to_fail": "bad", "fail_to_pass": "good", "fail_to_fail": "", "pass_to_pass": ""}
"""The four lists, what matters most first, and their tones."""


def comparison(found: Comparison | None) -> str:
    """Return the section; empty where nothing was compared and nothing is suspicious."""
    if found is None:
        return ""
    parts = [_lists(found) if found.status == "compared" else ""]
    if found.reason:
        parts.append(f'<p class="quiet">{text(clip(found.reason, 600))}</p>')
    parts += [_flaky(found.flaky), _flags(found.tamper)]
    return tag("section", f"<h2>Before and after</h2>{''.join(parts)}") + "\n"


def _lists(found: Comparison) -> str:
    lists = {name: getattr(found, name) for name in _LISTS}
    chips = "".join(
        chip(f"{len(names):,} {_words(name)}", _LISTS[name] if names else "") for name, names in lists.items()
    )
    folds = "".join(
        fold(
            f"{chip(_words(name), _LISTS[name])} {_count(names)}",
            _items([code(clip(each, 300)) for each in names[:_NAMES]], len(names)),
            opened=bool(_LISTS[name]) and len(names) <= _OPEN,
        )
        for name, names in lists.items()
        if names
    )
    return f"<p>{chips}</p>{folds}"


def _flaky(tests: list[FlakyTest]) -> str:
    if not tests:
        return ""
    items = [
        f'{code(clip(test.name, 300))} <span class="quiet">passed {test.passed:,}, failed {test.failed:,}</span>'
        for test in tests[:_NAMES]
    ]
    summary = f"{chip('flaky', 'unknown')} {_count(tests)} ended differently on the same code"
    return fold(summary, _items(items, len(tests)), opened=len(tests) <= _OPEN)


def _flags(flags: list[TamperFlag]) -> str:
    if not flags:
        return ""
    items = []
    for flag in flags:
        place = f" {code(clip(flag.file_path, 300))}" if flag.file_path else ""
        tests = f' <span class="quiet">{text(clip(", ".join(flag.tests), 600))}</span>' if flag.tests else ""
        items.append(f"{chip(label(flag.kind), 'unknown')}{place} {text(clip(flag.detail, 600))}{tests}")
    words = '<p class="quiet">Signs that tests were changed so that they pass. They change no verdict: look there.</p>'
    summary = f"{chip('look here', 'unknown')} {len(flags):,} sign{'' if len(flags) == 1 else 's'} of bent tests"
    return fold(summary, words + _items(items, len(items)), opened=True)


def _items(items: list[str], count: int) -> str:
    more = f"<li>… and {count - len(items):,} more</li>" if count > len(items) else ""
    return f'<ul class="cases">{"".join(f"<li>{item}</li>" for item in items)}{more}</ul>'


def _words(name: str) -> str:
    return name.replace("_", " ")


def _count(names: list[str] | list[FlakyTest]) -> str:
    return f"{len(names):,} test{'' if len(names) == 1 else 's'}"
