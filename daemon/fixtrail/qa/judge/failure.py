"""Why there is no judgement: a status with a sentence, carried up to where the result is written."""

from fixtrail_protocol.qa import ReasoningStatus


class NotJudged(Exception):
    """The judge said nothing that can be used. Stays inside this package: outside it is a status, never an error.

    Parameters
    ----------
    status
        One of :data:`fixtrail_protocol.qa.ReasoningStatus`, never ``scored``.
    reason
        What stood in the way and what to do, in one sentence, with nothing of the trace and no key in it.
    """

    def __init__(self, status: ReasoningStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def timed_out(origin: str, seconds: float) -> NotJudged:
    """Return that the deadline of the whole judgement, ``seconds``, has passed."""
    return NotJudged(
        "timeout",
        f"{origin} gave no whole answer within {seconds:g} s; finalize again or raise judge.timeout_seconds.",
    )
