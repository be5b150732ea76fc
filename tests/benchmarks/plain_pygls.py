"""pygls with no features: what a language server in Python takes to start."""

from pygls.lsp.server import LanguageServer

LanguageServer("plain", "0").start_io()
