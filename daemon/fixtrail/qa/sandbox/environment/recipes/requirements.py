"""pip's requirement files: which of a tree's are installed, and which files those read."""

import posixpath
import re
from collections.abc import Iterable

from fixtrail.qa.sandbox.environment.files import TreeFiles

PURPOSES = ("test", "tests", "testing", "dev", "develop", "development")
"""Names under which projects declare what their tests need: of extras, groups and requirement files."""

_PURPOSE = "|".join(PURPOSES)
_FILE = re.compile(rf"(requirements([-_.]?({_PURPOSE}))?|({_PURPOSE})[-_.]requirements|requirements/({_PURPOSE}))\.txt")
_FALLBACK = ("requirements/base.txt", "requirements/main.txt", "requirements/requirements.txt")
_INCLUDE = re.compile(r"^(?:-r|--requirement|-c|--constraint)(?:\s+|=|(?<=-r)|(?<=-c))(?P<path>[^\s#]+)")
_NAME = re.compile(r"^\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")


def normal(name: str) -> str:
    """Return a distribution's or group's name as PyPA compares it (PEP 503).

    >>> normal("Foo_Bar")
    'foo-bar'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_files(tree: TreeFiles) -> list[str]:
    """Return the requirement files to install, those a developer would install to run the tests."""
    found = sorted(name for name in tree.names() if _FILE.fullmatch(name))
    return found or [name for name in _FALLBACK if name in tree][:1]


def with_includes(tree: TreeFiles, names: Iterable[str]) -> list[str]:
    """Return requirement files with those they include, each once."""
    seen: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in tree:
            continue
        seen.append(name)
        included = [_INCLUDE.match(line.strip()) for line in tree.text(name).splitlines()]
        folder = posixpath.dirname(name)
        waiting += [posixpath.normpath(posixpath.join(folder, match["path"])) for match in included if match]
    return seen


def asks_for_hashes(tree: TreeFiles, names: Iterable[str]) -> bool:
    """Whether pip would demand a hash of everything that is installed along with these files."""
    return any("--hash=" in tree.text(name) for name in names)


def distribution(requirement: str) -> str | None:
    """Return the name in a requirement, as :func:`normal` has it; None: it is an option, a path or a URL.

    >>> distribution("Flask[async]>=2 ; python_version > '3.8'")
    'flask'
    """
    match = _NAME.match(requirement)
    if match is None or "://" in requirement.partition("@")[0] or "/" in match["name"]:
        return None
    return normal(match["name"])


def named_in(tree: TreeFiles, names: Iterable[str]) -> list[str]:
    """Return the distributions that requirement files name."""
    lines = [line for name in names for line in tree.text(name).splitlines()]
    return [found for line in lines if (found := distribution(line)) is not None]
