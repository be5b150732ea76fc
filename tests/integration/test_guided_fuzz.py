"""Bytes that a coverage-guided fuzzer makes: nothing escapes framing and the making of rows, in bounded memory."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

pytest.importorskip("atheris", reason="atheris has no wheel for this platform or Python")

RUNS = int(os.environ.get("FIXTRAIL_FUZZ", "5000")) * 4


def test_no_bytes_escape(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    event = {"event_type": "reasoning_step", "timestamp": "2026-03-02T09:30:00.000Z", "data": {"content": "why"}}
    body = orjson.dumps(event)
    (seeds / "event").write_bytes(body)
    (seeds / "framed").write_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    (seeds / "deep").write_bytes(b'{"data":' + b"[" * 400 + b"]" * 400 + b"}")
    (seeds / "bytes").write_bytes(b"Content-Length: 99999999999\r\n\r\n\xff\xfe{")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.guided_fuzz",
            str(tmp_path),
            f"-runs={RUNS}",
            "-seed=7",
            "-max_len=4096",
            "-rss_limit_mb=1024",
            "-timeout=10",
            f"-artifact_prefix={tmp_path}/",
            str(seeds),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=900,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {RUNS} runs" in done.stderr
