"""The judge: language models read the record of a fix and score it on five dimensions, or say why they did not.

:func:`judge_trace` checks what they cite against the events; :func:`judge_reasoning` is the judge of 1.0, which reads
the reasoning alone. ``docs/judge.md`` says what is sent, checked and counted.
"""

from fixtrail.qa.judge.cache import JudgeCache
from fixtrail.qa.judge.compat import judge_reasoning
from fixtrail.qa.judge.judge import judge_trace
from fixtrail.qa.judge.steps import ReasoningStep

__all__ = ["JudgeCache", "ReasoningStep", "judge_reasoning", "judge_trace"]
