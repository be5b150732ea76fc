"""A Dockerfile or devcontainer.json that the user has named: what it builds from, and what of the tree decides it."""

import fnmatch
import json
import posixpath
import re
from dataclasses import dataclass, field
from typing import Any

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import UnsupportedError

_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
_FROM = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*$", re.IGNORECASE | re.MULTILINE
)
_COPY = re.compile(r"^\s*(?:COPY|ADD)\s+(?P<rest>.+)$", re.IGNORECASE | re.MULTILINE)
_DEPENDENCY_FILE = re.compile(
    r"(.*requirements.*\.txt|requirements/.*\.txt|pyproject\.toml|setup\.(py|cfg)|environment\.ya?ml|Pipfile|.*\.lock"
    r"|package(-lock)?\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.(mod|sum)|Cargo\.toml|pom\.xml|Gemfile)"
)
"""Of a folder that is copied whole, what counts: the rest is code, which the tests bring with them."""


@dataclass(frozen=True)
class Blueprint:
    """What is to be built.

    Attributes
    ----------
    image
        An image that is to be used as it is; then there is nothing to build.
    dockerfile, context
        Paths in the tree; the context is a folder, empty for the root.
    bases
        Images it builds on, in order.
    sources
        Files of the tree whose contents decide what comes of it.
    """

    image: str | None = None
    dockerfile: str = ""
    context: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    target: str | None = None
    bases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def read_blueprint(tree: TreeFiles, path: str) -> Blueprint:
    """Return what the file at ``path`` asks for.

    Raises
    ------
    UnsupportedError
        It is not there, cannot be read, or asks for more than an image.
    """
    path = posixpath.normpath(path)
    if path not in tree:
        raise UnsupportedError(f"The tree has no {path}, which the setting sandbox.dockerfile names.")
    if path.endswith(".json"):
        return _devcontainer(tree, path)
    return _with_sources(tree, Blueprint(dockerfile=path), (path,))


def _devcontainer(tree: TreeFiles, path: str) -> Blueprint:
    try:
        data: Any = json.loads(plain_json(tree.text(path)))
    except ValueError as error:
        raise UnsupportedError(f"{path} cannot be read: {error}.") from None
    if not isinstance(data, dict):
        raise UnsupportedError(f"{path} holds no object.")
    for unknown in ("dockerComposeFile", "features"):
        if data.get(unknown):
            raise UnsupportedError(f"{path} has {unknown}, which is not supported: name a Dockerfile or an image.")
    given = data.get("build")
    build: dict[str, Any] = given if isinstance(given, dict) else {}
    name = build.get("dockerfile") or data.get("dockerFile")
    if not isinstance(name, str):
        if isinstance(image := data.get("image"), str):
            return Blueprint(image=image, sources=(path,))
        raise UnsupportedError(f"{path} names neither an image nor a Dockerfile.")
    folder = posixpath.dirname(path)
    dockerfile = posixpath.normpath(posixpath.join(folder, name))
    context = posixpath.normpath(posixpath.join(folder, str(build.get("context") or data.get("context") or ".")))
    if dockerfile not in tree or context.startswith(".."):
        raise UnsupportedError(f"{path} names {dockerfile} in {context}, which the tree does not have.")
    arguments = build.get("args")
    return _with_sources(
        tree,
        Blueprint(
            dockerfile=dockerfile,
            context="" if context == "." else context,
            arguments={str(key): str(value) for key, value in arguments.items()} if isinstance(arguments, dict) else {},
            target=str(build["target"]) if build.get("target") else None,
        ),
        (path, dockerfile),
    )


def plain_json(text: str) -> str:
    """Return JSON with comments and trailing commas as JSON without.

    >>> plain_json('{"a": "//x", /* y */ "b": [1, 2,], // z')
    '{"a": "//x",  "b": [1, 2], '
    """
    without = _COMMENT.sub(lambda match: match[1] or "", text)
    return _TRAILING_COMMA.sub(lambda match: match[1] or "", without)


def _with_sources(tree: TreeFiles, blueprint: Blueprint, own: tuple[str, ...]) -> Blueprint:
    text = re.sub(r"\\\r?\n", " ", tree.text(blueprint.dockerfile))
    stages = {match["stage"].lower() for match in _FROM.finditer(text) if match["stage"]}
    bases = tuple(
        match["image"]
        for match in _FROM.finditer(text)
        if match["image"].lower() not in stages and match["image"] != "scratch" and "$" not in match["image"]
    )
    sources = dict.fromkeys(own)
    for match in _COPY.finditer(text):
        for pattern in _copied(match["rest"]):
            sources |= dict.fromkeys(_matching(tree, blueprint.context, pattern))
    return Blueprint(
        dockerfile=blueprint.dockerfile,
        context=blueprint.context,
        arguments=blueprint.arguments,
        target=blueprint.target,
        bases=bases,
        sources=tuple(sources),
    )


def _copied(rest: str) -> list[str]:
    """Return the sources of a COPY or ADD; none where they come from another stage."""
    rest = rest.strip()
    if rest.startswith("["):
        try:
            words = [str(each) for each in json.loads(rest)]
        except ValueError:
            return []
    else:
        words = rest.split()
    if any(word.startswith("--from") for word in words):
        return []
    return [word for word in words if not word.startswith("--")][:-1]


def _matching(tree: TreeFiles, context: str, pattern: str) -> list[str]:
    place = posixpath.normpath(posixpath.join(context or ".", pattern.lstrip("/") or "."))
    files = sorted(tree.names())
    found = [name for name in files if fnmatch.fnmatchcase(name, place)]
    if "*" not in place and not found:
        under = "" if place == "." else f"{place}/"
        found = [
            name
            for name in files
            if name.startswith(under)
            and (_DEPENDENCY_FILE.fullmatch(posixpath.basename(name)) or _DEPENDENCY_FILE.fullmatch(name))
        ]
    return found
