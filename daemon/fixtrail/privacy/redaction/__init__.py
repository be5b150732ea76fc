"""Find secrets in text and put a mark in their place: by what they look like, where they stand, and by value."""

from fixtrail.privacy.redaction.engine import ENGINE_VERSION, Redacted, RedactionError, Redactor
from fixtrail.privacy.redaction.known import known_values_from, state_of_files

__all__ = ["ENGINE_VERSION", "Redacted", "RedactionError", "Redactor", "known_values_from", "state_of_files"]
