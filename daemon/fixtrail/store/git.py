"""Call git without touching anything of the user's: no index, no HEAD, no hooks, no object of ours in their store."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fixtrail.errors import UnavailableError

_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
_TIMEOUT_SECONDS = 300


def run_git(
    *args: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    stdin: bytes | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git and return what it printed.

    Raises
    ------
    UnavailableError
        ``git/missing`` when there is no git; ``git/failed`` when it fails and ``check`` is set.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | dict(env or {})
    try:
        done = subprocess.run(
            ["git", *_QUIET, *args],
            cwd=cwd,
            env=environment,
            input=b"" if stdin is None else stdin,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise UnavailableError("git/missing", "git is not installed.", "Install git.") from None
    except subprocess.TimeoutExpired:
        raise UnavailableError("git/failed", f"git {args[0]} did not end in {_TIMEOUT_SECONDS} s.") from None
    if check and done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise UnavailableError("git/failed", f"git {args[0]} failed: {lines[-1]}")
    return done


def git_line(*args: str, cwd: Path) -> str | None:
    """Return the one line git prints; None when it fails or prints nothing."""
    done = run_git(*args, cwd=cwd, check=False)
    return done.stdout.decode("utf-8", "replace").strip() or None if done.returncode == 0 else None
