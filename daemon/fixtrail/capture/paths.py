"""Which file of the repository a URI or path names, if it names one that may be recorded."""

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname


def path_of_uri(uri: str) -> Path | None:
    """Return the local path a ``file:`` URI names; None for every other scheme (RFC 8089)."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or "\0" in unquote(uri):
        return None
    host = f"//{parts.netloc}" if parts.netloc and parts.netloc != "localhost" else ""
    return Path(url2pathname(host + parts.path))


class Workspace:
    """The folder that is recorded, and what in it is not.

    Parameters
    ----------
    root
        The folder; symbolic links in it are resolved once, here.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._relative: dict[str, str | None] = {}
        self._uris: dict[str, str | None] = {}
        self._held: dict[str, bool] = {}
        self._ignored: dict[str, bool] = {}

    def relative(self, path: Path) -> str | None:
        """Return ``path`` relative to the folder, POSIX; None when it lies outside, through a link too."""
        key = str(path)
        if key not in self._relative:
            self._relative[key] = self._resolve(path)
        return self._relative[key]

    def _resolve(self, path: Path) -> str | None:
        try:
            resolved = path.resolve()
            resolved.relative_to(self.root)
            # The name the developer uses is kept where only its parent folders are links.
            lexical = Path(os.path.normpath(path))
            inner = (
                lexical.relative_to(self.root) if lexical.is_relative_to(self.root) else resolved.relative_to(self.root)
            )
        except (OSError, ValueError, RuntimeError):
            return None
        if not inner.parts or inner.parts[0] == ".git":
            return None
        return inner.as_posix()

    def of_uri(self, uri: str) -> str | None:
        """Return the relative path of the file a URI names; None when it is not one of the folder's files."""
        if uri not in self._uris:
            path = path_of_uri(uri)
            self._uris[uri] = self.relative(path) if path is not None else None
        return self._uris[uri]

    def holds(self, relative: str) -> bool:
        """Whether a relative path stays inside the folder on this disk, links followed."""
        held = self._held.get(relative)
        if held is None:
            self._held[relative] = held = self.relative(self.root / relative) is not None
        return held

    def ignored(self, relative: str) -> bool:
        """Whether git ignores the file. Asks git once for each path; call it off the event loop."""
        if relative not in self._ignored:
            self._ignored[relative] = self._ask_git(relative)
        return self._ignored[relative]

    def _ask_git(self, relative: str) -> bool:
        try:
            answer = subprocess.run(
                ["git", "check-ignore", "--quiet", "--no-index", "--", relative],
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return answer.returncode == 0

    def read_text(self, relative: str, limit: int) -> str | None:
        """Return the file's text on the disk, "" when it does not exist, None when it is too large or not UTF-8."""
        path = self.root / relative
        try:
            if path.stat().st_size > limit:
                return None
            return path.read_bytes().decode("utf-8-sig")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except (OSError, UnicodeDecodeError):
            return None
