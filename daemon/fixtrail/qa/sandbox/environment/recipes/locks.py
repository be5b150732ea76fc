"""Lock files of Python's tools, as the pins that pip is held to.

pip reads none of them itself. A pin is taken where a lock names one version from an index; a package that is locked in
several versions (for different platforms), or comes from git or a folder, is left to the resolver.
"""

import json
import tomllib
from collections.abc import Iterable
from typing import Any

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import UnsupportedError
from fixtrail.qa.sandbox.environment.recipes.requirements import normal

LOCKS = {"uv.lock": "uv", "pylock.toml": "pip", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv"}
"""By file, best first: the tool that writes it."""
_ELSEWHERE = ("vcs", "directory", "archive", "git", "url", "path", "editable", "virtual")


def lock_of(tree: TreeFiles) -> str | None:
    """Return the lock file that counts."""
    return next((name for name in LOCKS if name in tree), None)


def pins(tree: TreeFiles, name: str) -> list[str]:
    """Return ``name==version`` for what a lock file pins.

    Raises
    ------
    UnsupportedError
        It is damaged.
    """
    if name == "Pipfile.lock":
        return pipfile_requirements(tree)
    try:
        data = tomllib.loads(tree.text(name))
    except tomllib.TOMLDecodeError as error:
        raise UnsupportedError(f"{name} cannot be read: {error}.") from None
    packages = data.get("packages" if name == "pylock.toml" else "package")
    return _unique(_pinned(packages if isinstance(packages, list) else []))


def pipfile_requirements(tree: TreeFiles) -> list[str]:
    """Return what Pipfile.lock holds; it lists everything there is to install.

    Raises
    ------
    UnsupportedError
        It is damaged.
    """
    try:
        data: Any = json.loads(tree.text("Pipfile.lock"))
    except ValueError as error:
        raise UnsupportedError(f"Pipfile.lock cannot be read: {error}.") from None
    found = []
    for section in ("default", "develop"):
        entries = data.get(section) if isinstance(data, dict) else None
        for name, entry in (entries or {}).items():
            if isinstance(entry, dict) and isinstance(version := entry.get("version"), str):
                marker = entry.get("markers")
                found.append(name + version + (f" ; {marker}" if isinstance(marker, str) else ""))
    return found


def _pinned(packages: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for package in packages:
        if not isinstance(package, dict):
            continue
        name, version, source = package.get("name"), package.get("version"), package.get("source")
        places = source if isinstance(source, dict) else {}
        from_index = not any(key in package or key in places for key in _ELSEWHERE) and places.get("type") != "git"
        if isinstance(name, str) and isinstance(version, str) and from_index:
            yield normal(name), version


def _unique(pinned: Iterable[tuple[str, str]]) -> list[str]:
    versions: dict[str, set[str]] = {}
    for name, version in pinned:
        versions.setdefault(name, set()).add(version)
    return [f"{name}=={next(iter(found))}" for name, found in versions.items() if len(found) == 1]
