"""The daemon's log holds ids and codes, one JSON object a line, and never what was being recorded."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import logging, sys
from pathlib import Path
from fixtrail.server.logs import log_to

log_to(Path(sys.argv[1]))
logging.getLogger("fixtrail.store.writer").error("commit failed trace=%s code=%s", "an-id", "SQLITE_FULL")
try:
    raise ValueError("a private thought")
except ValueError:
    logging.getLogger("fixtrail.server").exception("request failed method=%s", "trace/reason")
logging.getLogger("pygls.protocol").warning("Failed to handle %r: %s", "method", "a private param")
logging.getLogger("fixtrail.x").error("half a character: %s", chr(0xD83D))
"""


def test_a_line_is_json_without_contents_and_the_file_is_private(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    log = tmp_path / "daemon.log"
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines[:2]] == [
        "commit failed trace=an-id code=SQLITE_FULL",
        "request failed method=trace/reason",
    ]
    assert lines[1]["error"] == "ValueError"
    assert lines[1]["where"][0].endswith("<module>")
    assert lines[2]["event"] == "Failed to handle %r: %s"
    assert len(lines) == 4
    assert "private" not in text
    assert log.stat().st_mode & 0o777 == 0o600
    assert {line["level"] for line in lines} == {"error", "warning"}
