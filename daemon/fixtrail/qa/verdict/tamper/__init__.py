"""Looks for signs that the tests were bent instead of the bug fixed. A flag changes no verdict.

Each detector is a module: ``deleted`` ``skipped`` ``weakened`` ``configuration`` ``shadow`` and ``exits`` read files,
``runtime`` reads what the runs told.
"""

from collections.abc import Sequence

from fixtrail_protocol.qa import TamperFlag

from fixtrail.qa.verdict.tamper import configuration, deleted, exits, shadow, skipped, weakened
from fixtrail.qa.verdict.tamper.deleted import removed
from fixtrail.qa.verdict.tamper.source import Fix

__all__ = ["Fix", "in_files", "removed"]


def in_files(fix: Fix) -> list[TamperFlag]:
    """Return what the files themselves show; nothing is run. Off the event loop: it parses."""
    flags: Sequence[Sequence[TamperFlag]] = (
        deleted.find(fix),
        skipped.find(fix),
        weakened.find(fix),
        configuration.find(fix),
        shadow.find(fix),
        exits.find(fix),
    )
    return [flag for found in flags for flag in found]
