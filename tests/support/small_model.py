"""Starts the real small model in a process of its own, waits until it answers, ends it."""

import http.client
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

SERVE = Path(__file__).with_name("serve_small_model.py")
START_SECONDS = 60


def model_python() -> str:
    """Return the Python that can serve the model.

    Raises
    ------
    RuntimeError
        It is not set up; the message says how to do that.
    """
    python = os.environ.get("FIXTRAIL_MODEL_PYTHON", "")
    if not python or not Path(python).exists():
        raise RuntimeError(
            "The small model is not set up: run scripts/setup-model, then "
            'eval "$(scripts/setup-model --print-env)" (make test does both), '
            "or set FIXTRAIL_TESTS_WITHOUT_MODEL=1 to leave its tests out."
        )
    return python


@contextmanager
def small_model() -> Iterator[str]:
    """Run the model's server; yields its base URL, which ends in ``/v1``."""
    with small_model_process() as (base_url, _):
        yield base_url


@contextmanager
def small_model_process() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run the model's server; yields its base URL and its process, which a test may kill."""
    command = [model_python(), str(SERVE)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield _wait_until_ready(process, log.fileno()) + "/v1", process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: int) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        text = os.pread(log, 1_000_000, 0).decode(errors="replace")
        if process.poll() is not None:
            raise RuntimeError(f"The small model ended with status {process.returncode}:\n{text[-2000:]}")
        if (found := re.search(r"^listening (http://\S+)$", text, re.MULTILINE)) and _is_healthy(found[1]):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"The small model was not ready after {START_SECONDS} s.")


def _is_healthy(origin: str) -> bool:
    parts = urlsplit(origin)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        link.request("GET", "/health")
        return link.getresponse().status == 200
    except OSError:
        return False
    finally:
        link.close()
