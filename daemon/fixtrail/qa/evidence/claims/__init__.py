"""Statements in reasoning steps about what was run, seen or changed, matched to what was recorded."""

from fixtrail.qa.evidence.claims.check import Checked, Proposal, check_claims, check_proposals
from fixtrail.qa.evidence.claims.forms import FORMS

__all__ = ["FORMS", "Checked", "Proposal", "check_claims", "check_proposals"]
