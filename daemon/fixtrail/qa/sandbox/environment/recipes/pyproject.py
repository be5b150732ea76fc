"""What a Python project declares in pyproject.toml, setup.cfg and setup.py, read without running any of it."""

import configparser
import tomllib
from dataclasses import dataclass, field
from typing import Any

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import UnsupportedError
from fixtrail.qa.sandbox.environment.recipes.requirements import PURPOSES, normal

METADATA_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
STAND_IN_VERSION = "0.0.0"
_VERSION_VARIABLES = {
    "hatch-vcs": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "pbr": "PBR_VERSION",
    "pdm": "PDM_BUILD_SCM_VERSION",
}


@dataclass
class Project:
    """What is declared.

    Attributes
    ----------
    installable
        pip can install the project itself.
    extras
        Its extras that the tests need.
    requirements
        What to install beside it: of groups, and everything where the project itself is not installable.
    dependencies
        What it needs at run time, as far as that is told without running its build.
    versioned_by_git
        Variables that give the project a version where its build would ask git, of which the tree has nothing.
    """

    installable: bool = False
    extras: list[str] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    dependencies: list[str] = field(default_factory=list)
    versioned_by_git: dict[str, str] = field(default_factory=dict)


def _table(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def read_pyproject(tree: TreeFiles) -> dict[str, Any]:
    """Return pyproject.toml's tables; empty when there is none.

    Raises
    ------
    UnsupportedError
        It is not TOML.
    """
    try:
        return tomllib.loads(tree.text("pyproject.toml"))
    except tomllib.TOMLDecodeError as error:
        raise UnsupportedError(f"pyproject.toml cannot be read: {error}.") from None


def read_project(tree: TreeFiles) -> Project:
    """Return what the files declare.

    Notes
    -----
    Formats: PEP 621 (``[project]``), PEP 735 (``[dependency-groups]``), setuptools' setup.cfg, and Poetry's tables.
    A ``[project]`` without ``[build-system]`` is taken for no package, as uv takes it.
    """
    data = read_pyproject(tree)
    project = Project(installable="build-system" in data or "setup.py" in tree)
    _read_standard(data, project)
    _read_groups(data, project)
    _read_poetry(_table(data, "tool", "poetry"), project)
    if "setup.cfg" in tree:
        _read_setup_cfg(tree.text("setup.cfg"), project)
    if "setup.py" in tree and not project.extras:
        project.extras = list(PURPOSES)  # declared in code, if at all; of one that is not there pip only says so
    if (
        _table(data, "tool", "uv").get("package") is False
        or _table(data, "tool", "poetry").get("package-mode") is False
    ):
        project.installable = False
    project.versioned_by_git = _stand_in_versions(data, tree)
    return project


def _stand_in_versions(data: dict[str, Any], tree: TreeFiles) -> dict[str, str]:
    text = "\n".join(tree.text(name) for name in METADATA_FILES)
    name = _table(data, "project").get("name")
    found = {}
    if "setuptools_scm" in text or "setuptools-scm" in text:
        # For the project alone, where it is named: a dependency that is built from source has its own version.
        own = f"_FOR_{normal(name).replace('-', '_').upper()}" if isinstance(name, str) else ""
        found[f"SETUPTOOLS_SCM_PRETEND_VERSION{own}"] = STAND_IN_VERSION
    for tool, variable in _VERSION_VARIABLES.items():
        if tool in text:
            found[variable] = STAND_IN_VERSION
    return {name: value for name, value in found.items() if name.isidentifier()}


def _read_standard(data: dict[str, Any], project: Project) -> None:
    table = _table(data, "project")
    project.dependencies += _strings(table.get("dependencies"))
    for name, requirements in _table(table, "optional-dependencies").items():
        if normal(name) in PURPOSES:
            project.extras.append(name)
            project.dependencies += _strings(requirements)


def _read_groups(data: dict[str, Any], project: Project) -> None:
    groups = {normal(name): entries for name, entries in _table(data, "dependency-groups").items()}
    done: set[str] = set()

    def take(name: str) -> None:
        if name in done:
            return
        done.add(name)
        entries = groups.get(name)
        project.requirements += _strings(entries)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(included := entry.get("include-group"), str):
                take(normal(included))

    for purpose in PURPOSES:
        take(purpose)
    project.requirements += _strings(_table(data, "tool", "uv").get("dev-dependencies"))


def _read_poetry(table: dict[str, Any], project: Project) -> None:
    project.dependencies += _poetry_requirements(_table(table, "dependencies"))
    project.extras += [name for name in _table(table, "extras") if normal(name) in PURPOSES]
    project.requirements += _poetry_requirements(_table(table, "dev-dependencies"))
    for name, group in _table(table, "group").items():
        if normal(name) in PURPOSES:
            project.requirements += _poetry_requirements(_table(group, "dependencies"))


def _poetry_requirements(table: dict[str, Any]) -> list[str]:
    found = []
    for name, value in table.items():
        if name.lower() == "python":
            continue
        if isinstance(value, str):
            found.append(name + poetry_constraint(value))
        elif isinstance(value, dict) and isinstance(value.get("version"), str) and not value.get("optional"):
            extras = ",".join(_strings(value.get("extras")))
            found.append(name + (f"[{extras}]" if extras else "") + poetry_constraint(value["version"]))
        elif isinstance(value, dict) and isinstance(git := value.get("git"), str):
            revision = next((value[key] for key in ("rev", "tag", "branch") if isinstance(value.get(key), str)), None)
            found.append(f"{name} @ git+{git}" + (f"@{revision}" if revision else ""))
    return found


def poetry_constraint(text: str) -> str:
    """Return Poetry's way to write versions as PEP 440 has it.

    https://python-poetry.org/docs/dependency-specification/

    >>> poetry_constraint("^1.2.3"), poetry_constraint("~1.2"), poetry_constraint("^0.3"), poetry_constraint("*")
    ('>=1.2.3,<2', '>=1.2,<1.3', '>=0.3,<0.4', '')
    >>> poetry_constraint("1.2"), poetry_constraint(">=1,<2")
    ('==1.2', '>=1,<2')
    """
    parts = []
    for part in text.split(","):
        part = part.strip()
        sign, version = part[:1], part[1:].strip()
        if part in ("", "*"):
            continue
        if sign == "^" or (sign == "~" and not version.startswith("=")):
            parts.append(f">={version},<{_next(version, caret=sign == '^')}")
        elif sign.isdigit():
            parts.append(f"=={part}")
        else:
            parts.append(part)
    return ",".join(parts)


def _next(version: str, *, caret: bool) -> str:
    numbers = [int(each) if each.isdecimal() else 0 for each in version.split(".")]
    if caret:
        place = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        place = min(1, len(numbers) - 1)
    return ".".join(str(each) for each in [*numbers[:place], numbers[place] + 1])


def _read_setup_cfg(text: str, project: Project) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise UnsupportedError(f"setup.cfg cannot be read: {' '.join(str(error).split())}.") from None
    if parser.has_option("metadata", "name"):
        project.installable = True
    lines = parser.get("options", "install_requires", fallback="").splitlines()
    project.dependencies += [line.strip() for line in lines if line.strip()]
    if parser.has_section("options.extras_require"):
        project.extras += [name for name in parser.options("options.extras_require") if normal(name) in PURPOSES]
