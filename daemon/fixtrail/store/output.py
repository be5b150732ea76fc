"""Write a file for the user whole or not at all: beside its place first, then put there in one step."""

import asyncio
import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

from fixtrail.errors import FixtrailError, StoreError, UsageError

_CHUNK = 1 << 20


class OutputFile:
    """A file being written; use as ``async with OutputFile(target) as out: await out.write(b"…")``.

    The target appears when the block ends well, complete, on the disk and readable by its owner only. When it does
    not, the target is as it was. Only a regular file is ever replaced: no folder, device or symbolic link.

    Attributes
    ----------
    size
        Bytes written so far.

    Raises
    ------
    UsageError
        ``export/cannot-write``: the target cannot be a file of ours.
    StoreError
        ``export/cannot-write``: the system refused (a full disk, no permission).
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.size = 0
        self._digest = hashlib.sha256()
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._file: IO[bytes] | None = None
        self._temporary: Path | None = None

    @property
    def sha256(self) -> str:
        """SHA-256 of everything that was passed to :meth:`write`, in hexadecimal."""
        return self._digest.hexdigest()

    async def __aenter__(self) -> "OutputFile":
        _check_target(self.target)
        try:
            handle, name = tempfile.mkstemp(dir=self.target.parent, prefix=f".{self.target.name[:64]}.", suffix=".part")
        except OSError as error:
            raise _refused(self.target, error) from None
        self._temporary = Path(name)
        self._file = os.fdopen(handle, "wb", buffering=0)
        return self

    async def write(self, content: bytes) -> None:
        """Append ``content``."""
        self._digest.update(content)
        self.size += len(content)
        self._pending.append(content)
        self._pending_size += len(content)
        if self._pending_size >= _CHUNK:
            await self._flush()

    async def _flush(self) -> None:
        assert self._file is not None
        content = b"".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        try:
            await asyncio.to_thread(_write_all, self._file, content)
        except OSError as error:
            raise _refused(self.target, error) from None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        assert self._temporary is not None
        try:
            if kind is None:
                await self._flush()
                await asyncio.to_thread(self._put_in_place)
        except OSError as refused:
            raise _refused(self.target, refused) from None
        finally:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def _put_in_place(self) -> None:
        assert self._file is not None
        assert self._temporary is not None
        os.fsync(self._file.fileno())
        self._file.close()  # Windows does not rename an open file
        self._temporary.replace(self.target)
        with contextlib.suppress(OSError):  # the name is durable where a folder can be synced; Windows cannot
            folder = os.open(self.target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _write_all(file: IO[bytes], content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _refused(target: Path, error: OSError) -> FixtrailError:
    return StoreError(
        "export/cannot-write",
        f"{target} cannot be written: {error.strerror or error}.",
        "Make room or name another place.",
    )


def _check_target(target: Path) -> None:
    hint = "Name a file in a folder that exists."
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise UsageError(
                "export/cannot-write",
                f"The folder {target.parent} is not there, so nothing can be written into it.",
                hint,
            ) from None
    except OSError as error:
        raise UsageError(
            "export/cannot-write", f"{target} cannot be written: {error.strerror or error}.", hint
        ) from None
    except ValueError:
        raise UsageError("export/cannot-write", "The name of the file holds a NUL character.", hint) from None
    else:
        if not stat.S_ISREG(mode):
            raise UsageError("export/cannot-write", f"{target} is not a regular file and was left as it is.", hint)
