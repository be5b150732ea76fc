"""Configuration that decides which tests run and how; of files that hold more, only the parts that do."""

import configparser
import json
import tomllib
from collections.abc import Callable
from typing import Any

from fixtrail_protocol.qa import TamperFlag

from fixtrail.qa.verdict.tamper.source import Fix


def find(fix: Fix) -> list[TamperFlag]:
    """Flag every ``conftest.py`` the fix touched, and every change of the runner's configuration."""
    flags = []
    for file in fix.files:
        done = "added" if file.old is None else "deleted" if file.new is None else "changed"
        name = file.path.rpartition("/")[2]
        if name == "conftest.py":
            flags.append(TamperFlag(kind="conftest_touched", detail=f"It was {done}.", file_path=file.path))
        elif file.is_configuration and _part(name, file.old) != _part(name, file.new):
            detail = f"What decides how tests run was {done}."
            flags.append(TamperFlag(kind="configuration_touched", detail=detail, file_path=file.path))
    return flags


def _part(name: str, content: bytes | None) -> Any:
    """Return what of a file concerns tests; the whole content where that cannot be told."""
    reader = _READERS.get(name)
    if reader is None:
        return content
    try:
        return reader(content.decode("utf-8") if content is not None else "")
    except (ValueError, configparser.Error, RecursionError):  # TOML's, JSON's and Unicode's errors are ValueErrors
        return content


def _toml(text: str) -> Any:
    tools = tomllib.loads(text).get("tool", {})
    return {name: tools[name] for name in sorted(tools) if name in ("pytest", "coverage", "tox", "nox", "hatch")}


def _ini(text: str) -> Any:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    wanted = ("pytest", "tool:pytest", "testenv", "coverage:run", "coverage:report", "aliases")
    return {
        name: sorted((key, value or "") for key, value in parser.items(name))
        for name in parser.sections()
        if name in wanted or name.startswith("testenv:")
    }


def _package(text: str) -> Any:
    parts = json.loads(text or "{}")
    return {name: parts.get(name) for name in ("scripts", "jest", "vitest", "mocha", "ava", "babel")}


_READERS: dict[str, Callable[[str], Any]] = {
    "pyproject.toml": _toml,
    "setup.cfg": _ini,
    "tox.ini": _ini,
    "package.json": _package,
}
