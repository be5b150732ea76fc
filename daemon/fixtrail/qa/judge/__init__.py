"""The judge: a language model reads the reasoning and scores it on five dimensions, or says why it did not.

One question and one answer, from the reasoning steps alone. Whatever checks an answer against the recorded events, asks
several times or measures the judge itself belongs into modules of its own beside these, on top of :mod:`.ask`.
"""

from fixtrail.qa.judge.compat import judge_reasoning
from fixtrail.qa.judge.steps import ReasoningStep

__all__ = ["ReasoningStep", "judge_reasoning"]
