"""A package index that asks for a password, on the address where containers reach this machine."""

import base64
import contextlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fixtrail.qa.sandbox.engine import connect


def wheel(name: str, version: str, code: str) -> bytes:
    """A pure Python wheel with one module."""
    packed, info = io.BytesIO(), f"{name}-{version}.dist-info"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}.py", code)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return packed.getvalue()


@dataclass
class PackageIndex:
    """What is served, and to whom it was."""

    user: str
    password: str
    files: dict[str, bytes]
    host: str = ""
    credentials: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{self.user}:{self.password}@{self.host}/simple"


def bridge_address() -> str:
    """Where a container of the engine's default network reaches the machine the engine runs on."""
    with connect() as engine:
        return str(engine.client.inspect_network("bridge")["IPAM"]["Config"][0].get("Gateway") or "172.17.0.1")


@contextlib.contextmanager
def package_index(user: str, password: str, files: dict[str, bytes]) -> Iterator[PackageIndex]:
    """Serve wheels by name as PEP 503 has it."""
    index = PackageIndex(user, password, files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            scheme, _, told = self.headers.get("Authorization", "").partition(" ")
            credentials = base64.b64decode(told).decode() if scheme == "Basic" else ""
            name = self.path.strip("/").rpartition("/")[2]
            if credentials != f"{user}:{password}":
                self.answer(401, b"")
            elif self.path.startswith("/files/") and name in files:
                index.credentials.add(credentials)
                self.answer(200, files[name])
            else:
                links = "".join(f'<a href="/files/{each}">{each}</a>' for each in files if each.startswith(f"{name}-"))
                self.answer(200 if links else 404, f"<html><body>{links}</body></html>".encode())

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="tests"')
            self.send_header("Content-Type", "text/html" if body[:1] == b"<" else "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((bridge_address(), 0), Handler)
    index.host = f"{server.server_address[0]!s}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
