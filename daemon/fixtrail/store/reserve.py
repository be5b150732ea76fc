"""Room that is kept free on the disk: given up when it is full, so that what is recorded can still be put in order."""

import contextlib
import os
from pathlib import Path

RESERVE_BYTES = 512 * 1024
NAME = "reserve"


def keep(folder: Path) -> None:
    """Have the reserve in ``folder``, as far as there is room for it."""
    path = folder / NAME
    with contextlib.suppress(OSError):
        if path.exists() and path.stat().st_size >= RESERVE_BYTES:
            return
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, RESERVE_BYTES)
            else:
                os.write(handle, bytes(RESERVE_BYTES))
        except OSError:
            path.unlink(missing_ok=True)
        finally:
            os.close(handle)


def give_up(folder: Path) -> bool:
    """Remove the reserve; False: there was none."""
    try:
        (folder / NAME).unlink()
    except OSError:
        return False
    return True
