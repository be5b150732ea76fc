"""Go modules from a real module proxy on this machine, in an image that has Go, where one is at hand."""

import functools
import http.server
import io
import os
import threading
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.sandbox.environment import prepare_environment
from fixtrail.qa.sandbox.status import status

from tests.support.environments import BUILDS, own_images, salt, salted  # noqa: F401
from tests.support.package_index import bridge_address
from tests.support.sandbox import engine, pack  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine", "own_images")]

IMAGE = os.environ.get("FIXTRAIL_RUNNERS_IMAGE", "fixtrail-runners:bookworm")
MODULE, VERSION = "example.invalid/answer", "v1.0.0"
TEST = f"""\
package demo
import ("testing"; "{MODULE}")
func TestIt(t *testing.T) {{ if answer.Value != 42 {{ t.Fatal(answer.Value) }} }}
"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def module_proxy(tmp_path: Path) -> Iterator[str]:
    """One module, as https://go.dev/ref/mod#goproxy-protocol has it."""
    files = tmp_path / "proxy" / MODULE / "@v"
    files.mkdir(parents=True)
    manifest = f"module {MODULE}\n"
    (files / f"{VERSION}.info").write_text(f'{{"Version": "{VERSION}"}}')
    (files / f"{VERSION}.mod").write_text(manifest)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{MODULE}@{VERSION}/go.mod", manifest)
        archive.writestr(f"{MODULE}@{VERSION}/answer.go", "package answer\n\nconst Value = 42\n")
    (files / f"{VERSION}.zip").write_bytes(packed.getvalue())
    handler = functools.partial(_Quiet, directory=str(tmp_path / "proxy"))
    server = http.server.ThreadingHTTPServer((bridge_address(), 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{server.server_address[0]!s}:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_modules_are_fetched_once_and_the_tests_have_them_without_a_network(
    tmp_path: Path,
    module_proxy: str,
    salt: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if status(IMAGE).error_code is not None:
        pytest.skip(f"there is no image {IMAGE} with Go")
    monkeypatch.setenv("GOPROXY", module_proxy)
    monkeypatch.setenv("GOSUMDB", "off")
    settings = BUILDS.model_copy(update={"image": IMAGE, "timeout_seconds": 120.0})
    project = {"go.mod": f"module demo\n\ngo 1.19\n\nrequire {MODULE} {VERSION}\n", "calc_test.go": TEST}
    tar, command = pack(tmp_path, salted(project, salt)), ["go", "test", "./..."]
    trace = f"test-{uuid.uuid4().hex}"

    environment = await prepare_environment(tar, trace, settings, argv=command)
    run = await run_tests(Job(command, tar, None, trace), settings.model_copy(update={"image": environment.image}))

    assert (environment.status, environment.recipe) == ("built", "go"), (environment.reason, environment.log)
    assert (run.verdict, run.exit_code) == ("passed", 0), run.output
