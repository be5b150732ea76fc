"""Results hold words of the trace: quotes, claims, feedback. When events are deleted these have to go as well."""

from fixtrail_protocol.qa import QaResults


def forget_words(results: QaResults) -> bool:
    """Take the words of the trace out of ``results``; scores, measures and labels stay. Say whether there were any.

    Which words came from which event is not always known (feedback is a model's own), so all of them go.
    """
    before = results.model_copy(deep=True)
    results.reasoning_feedback = None
    if results.reasoning is not None:
        results.reasoning.feedback = None
        for dimension in (results.reasoning.dimensions or {}).values():
            dimension.quotes = []
    if results.process is not None and results.process.claims:
        results.process.claims_left_out += len(results.process.claims)
        results.process.claims = []
    return results != before
