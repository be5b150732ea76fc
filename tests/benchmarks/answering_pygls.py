"""pygls that takes every keystroke and does nothing with it: what typing costs in a language server in Python."""

from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("plain", "0", text_document_sync_kind=types.TextDocumentSyncKind.Incremental)


@server.feature("trace/status")
def status(_params: Any) -> dict[str, Any]:
    """Answer as quickly as can be."""
    return {}


server.start_io()
