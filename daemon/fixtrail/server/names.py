"""Names of the requests, known before their handlers are loaded: ``initialize`` tells them as commands."""

REQUEST_NAMES = (
    "trace/start",
    "trace/pause",
    "trace/resume",
    "trace/discard",
    "trace/status",
    "trace/list",
    "trace/get",
    "trace/reason",
    "trace/deleteEvents",
    "trace/setConsent",
    "trace/finalize",
    "trace/export",
    "trace/upload",
)
"""The keys of :data:`fixtrail_protocol.rpc.REQUESTS`; :class:`~fixtrail.server.methods.Methods` checks that."""

COMMANDS = tuple(name.replace("/", ".") for name in REQUEST_NAMES)
"""The same as LSP commands."""
