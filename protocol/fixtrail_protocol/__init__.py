"""The trace document and the JSON-RPC contract of fixtrail, as pydantic models: the single source of both."""
