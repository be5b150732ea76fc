"""Files at the root of the tree that Python would take for the test runner, or run before it."""

from fixtrail_protocol.qa import TamperFlag

from fixtrail.qa.verdict.tamper.source import Fix

_MODULES = ("pytest", "_pytest", "unittest", "pluggy", "coverage", "sitecustomize", "usercustomize")


def find(fix: Fix) -> list[TamperFlag]:
    """Flag each, and say whether the fix brought it or it was there before."""
    before = {_shadow(path) for path in fix.before}
    flags = []
    for name in sorted({found for path in fix.after if (found := _shadow(path)) is not None}):
        when = "was there before the fix" if name in before else "came with the fix"
        detail = f"It stands where Python looks before it looks for the installed module, and {when}."
        flags.append(TamperFlag(kind="runner_shadowed", detail=detail, file_path=name))
    return flags


def _shadow(path: str) -> str | None:
    """Return the file, or the package, that a path makes a shadow of something."""
    top, slash, _ = path.partition("/")
    if slash:
        return f"{top}/__init__.py" if top in _MODULES and path == f"{top}/__init__.py" else None
    stem, _, ending = top.rpartition(".")
    return path if (ending == "py" and stem in _MODULES) or ending == "pth" else None
