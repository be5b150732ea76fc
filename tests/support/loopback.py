"""Sees every connection this process opens, and stops those that would leave the machine."""

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_watchers: list[list[Any]] = []
_installed = False


@contextmanager
def loopback_only() -> Iterator[list[Any]]:
    """Refuse connections and look-ups beyond loopback; yields the addresses that were tried, refused or not."""
    _install()
    tried: list[Any] = []
    _watchers.append(tried)
    try:
        yield tried
    finally:
        _watchers.remove(tried)


def is_local(host: object) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _install() -> None:
    global _installed
    if not _installed:
        sys.addaudithook(_audit)  # cannot be taken out again, and does nothing while nobody watches
        _installed = True


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _watchers or event not in ("socket.connect", "socket.getaddrinfo"):
        return
    address = args[1] if event == "socket.connect" else args[:2]
    if not isinstance(address, tuple):
        return  # a Unix socket
    for tried in _watchers:
        tried.append(address)
    if address[0] is not None and not is_local(address[0]):
        raise PermissionError(f"a test tried to reach {address[0]}")
