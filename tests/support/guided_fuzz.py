"""Coverage-guided malformed input, by atheris: what arrives as bytes, until it would be stored.

Run as ``python -m tests.support.guided_fuzz FOLDER -runs=N``; ends with code 0 when nothing escaped.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fixtrail.server.framing", "fixtrail.capture.rows", "fixtrail.capture.text"]):
    from fixtrail.capture.rows import Rows
    from fixtrail.capture.text import scrub
    from fixtrail.server.framing import FrameParser

import orjson
from fixtrail.capture.paths import Workspace
from fixtrail.settings import CaptureSettings

GOOD = b"Content-Length: 2\r\n\r\n{}"


def main() -> None:
    rows = Rows(Workspace(Path(sys.argv.pop(1))), None, CaptureSettings())

    def one(data: bytes) -> None:
        parser = FrameParser()
        bodies = parser.feed(data[: len(data) // 2]) + parser.feed(data[len(data) // 2 :])
        for body in [*bodies, data]:
            try:
                message = orjson.loads(body)
            except orjson.JSONDecodeError:
                continue
            if isinstance(message, dict):
                for scrubbed in (False, True):
                    for row in rows.of_raw(message, scrubbed=scrubbed):
                        orjson.loads(row.data)
                scrub(message)

    one(GOOD)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
