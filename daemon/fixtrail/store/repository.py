"""What a workspace's repository is: name, remote without credentials, branch, HEAD."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from fixtrail.store.git import git_line


@dataclass(frozen=True)
class RepositoryState:
    """The repository as it is now; all None outside git, but for the name."""

    name: str
    url: str | None = None
    branch: str | None = None
    head: str | None = None


def strip_credentials(url: str) -> str:
    """Return a remote's address without user name, password and query.

    The user of an scp-like address (``git@host:path``) is part of the address and no secret: it stays.
    """
    if "://" not in url:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def repository_state(workspace: Path) -> RepositoryState:
    """Look at the repository ``workspace`` lies in. Off the event loop: it runs git."""
    head = git_line("rev-parse", "--verify", "--quiet", "HEAD", cwd=workspace)
    branch = git_line("symbolic-ref", "--short", "--quiet", "HEAD", cwd=workspace)
    url = git_line("config", "--get", "remote.origin.url", cwd=workspace)
    name = workspace.name or "workspace"
    if url:
        url = strip_credentials(url)
        name = url.rstrip("/").rpartition("/")[2].rpartition(":")[2].removesuffix(".git") or name
    return RepositoryState(name=name, url=url, branch=branch, head=head)
