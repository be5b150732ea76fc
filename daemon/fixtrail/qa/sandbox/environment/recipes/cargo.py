"""Rust: cargo's registry, filled by ``cargo fetch``; the tests run offline on it."""

import tomllib
from typing import Any

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import GENERATED, RESULT, Recipe, UnsupportedError

HOME = f"{RESULT}/cargo"
_SECTIONS = ("dependencies", "dev-dependencies", "build-dependencies")
_SCRIPT = f"""\
set -eu
export CARGO_HOME={HOME}
if [ -f Cargo.lock ]; then
  cargo fetch --locked
else
  cargo fetch
  tar -cf {GENERATED} Cargo.lock
fi
"""


def recipe(tree: TreeFiles) -> Recipe | None:
    """Return how Cargo.toml's crates are fetched; None: there are none.

    Raises
    ------
    UnsupportedError
        Cargo.toml cannot be read.
    """
    manifests = sorted(name for name in tree.names() if name == "Cargo.toml" or name.endswith("/Cargo.toml"))
    if "Cargo.toml" not in manifests:
        return None
    wants = [name for manifest in manifests for name in _crates(tree, manifest)]
    if not wants:
        return None
    return Recipe(
        name="cargo",
        sources=(*manifests, *(["Cargo.lock"] if "Cargo.lock" in tree else [])),
        script=_SCRIPT,
        needs=("cargo",),
        environment={"CARGO_HOME": HOME, "CARGO_NET_OFFLINE": "true"},
        wants=tuple(dict.fromkeys(wants)),
    )


def _crates(tree: TreeFiles, manifest: str) -> list[str]:
    try:
        data: dict[str, Any] = tomllib.loads(tree.text(manifest))
    except tomllib.TOMLDecodeError as error:
        raise UnsupportedError(f"{manifest} cannot be read: {error}.") from None
    tables = [data, data.get("workspace"), *(data.get("target") or {}).values()]
    return [
        name
        for table in tables
        if isinstance(table, dict)
        for section in _SECTIONS
        for name, value in (table.get(section) or {}).items()
        if not (isinstance(value, dict) and ("path" in value or value.get("workspace")))
    ]
