"""From several sandboxed runs to a verdict that says what the fix did: before and after, flaky tests, tamper flags.

The way of an assessment: ``plan`` puts the trees together, ``assess`` makes the runs, ``outcomes`` compares them test
by test, ``selection`` and ``flaky`` run again what changed or failed, ``tamper`` looks for bent tests. ``repeat`` makes
a run again from its receipt. What is decided, and why, stands in docs/verdicts.md.
"""

from fixtrail.qa.verdict.assess import Assessment, Fixed, Prepare, assess_tests
from fixtrail.qa.verdict.repeat import Repetition, repeat_run

__all__ = ["Assessment", "Fixed", "Prepare", "Repetition", "assess_tests", "repeat_run"]
