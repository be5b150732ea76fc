"""JavaScript: node_modules as the lock file has it, by npm, yarn or pnpm.

The packages lie outside the tree, and the tests' tree gets a link to them: ``/work`` is made anew for each run.
"""

import json
from typing import Any

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import GENERATED, INPUT, RESULT, Recipe, UnsupportedError

HOME = f"{RESULT}/node"
_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies")
_INSTALL = {
    "pnpm-lock.yaml": ("pnpm", "pnpm install --frozen-lockfile --package-import-method copy --store-dir $TMPDIR/store"),
    "yarn.lock": ("yarn", "yarn install --frozen-lockfile --non-interactive --cache-folder $TMPDIR/yarn"),
    "npm-shrinkwrap.json": ("npm", "npm ci"),
    "package-lock.json": ("npm", "npm ci"),
}
_WITHOUT_LOCK = ("npm", "npm install --no-package-lock")

# package.json without the project's own scripts: they would run here, where its sources are not. npm's note of where
# each package came from (.package-lock.json) names the registry, which is nobody's business.
_SCRIPT = f"""\
set -eu
mkdir -p {HOME}
for file in %(files)s; do cp "$file" {HOME}/; done
cp {INPUT}/package.json {HOME}/package.json
cd {HOME}
export npm_config_cache="$TMPDIR/npm" npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
%(install)s
rm -f node_modules/.package-lock.json node_modules/.yarn-integrity node_modules/.modules.yaml package-lock.json .npmrc
mkdir "$TMPDIR/link"
ln -s {HOME}/node_modules "$TMPDIR/link/node_modules"
tar -C "$TMPDIR/link" -cf {GENERATED} node_modules
"""


def recipe(tree: TreeFiles) -> Recipe | None:
    """Return how package.json's dependencies are installed; None: there are none.

    Raises
    ------
    UnsupportedError
        package.json cannot be read, or is the root of workspaces.
    """
    if "package.json" not in tree:
        return None
    try:
        package: Any = json.loads(tree.text("package.json"))
    except ValueError as error:
        raise UnsupportedError(f"package.json cannot be read: {error}.") from None
    if not isinstance(package, dict):
        raise UnsupportedError("package.json holds no object.")
    wants = [name for section in _SECTIONS for name in package.get(section) or ()]
    if package.get("workspaces") or "pnpm-workspace.yaml" in tree:
        raise UnsupportedError(
            "package.json has workspaces, which are not supported: name a Dockerfile in the setting "
            "sandbox.dockerfile, or an image in sandbox.image."
        )
    if not wants:
        return None
    lock = next((name for name in _INSTALL if name in tree), None)
    tool, install = _INSTALL[lock] if lock else _WITHOUT_LOCK
    bare = {key: value for key, value in package.items() if key != "scripts"}
    return Recipe(
        name=tool,
        sources=("package.json", *([lock] if lock else [])),
        script=_SCRIPT % {"files": lock or "package.json", "install": install},
        needs=("node", tool),
        files={"package.json": json.dumps(bare)},
        environment={"npm_config_update_notifier": "false"},
        path=(f"{HOME}/node_modules/.bin",),
        wants=tuple(wants),
    )
