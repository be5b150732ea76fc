"""The asynchronous front is light: the daemon imports it at its start."""

import subprocess
import sys


def test_dockers_sdk_is_not_imported_before_it_is_needed() -> None:
    heavy = "{'docker', 'requests', 'urllib3'}"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, fixtrail.qa.sandbox; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"
