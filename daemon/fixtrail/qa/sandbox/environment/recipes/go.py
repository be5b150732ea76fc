"""Go: the module cache, filled by ``go mod download``; the tests may read it and nothing else."""

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import RESULT, Recipe

HOME = f"{RESULT}/go"
_SCRIPT = f"""\
set -eu
export GOMODCACHE={HOME} GOCACHE="$TMPDIR/go-build" GOPATH="$TMPDIR/go" GOTOOLCHAIN=local GOFLAGS=-modcacherw
mkdir -p {HOME}
go mod download
"""


def recipe(tree: TreeFiles) -> Recipe | None:
    """Return how go.mod's modules are fetched; None: there are none, or they lie in the tree under vendor."""
    text = tree.text("go.mod")
    wants = [words[0] for line in text.splitlines() if (words := _required(line))]
    if not wants or "vendor/modules.txt" in tree:
        return None
    environment = {"GOMODCACHE": HOME, "GOPROXY": "off", "GOSUMDB": "off", "GOTOOLCHAIN": "local"}
    if "go.sum" not in tree:
        environment["GOFLAGS"] = "-mod=mod"  # go writes the file itself, from what was fetched
    return Recipe(
        name="go",
        sources=tuple(name for name in ("go.mod", "go.sum") if name in tree),
        script=_SCRIPT,
        needs=("go",),
        environment=environment,
        wants=tuple(wants),
    )


def _required(line: str) -> list[str]:
    """Return module and version of a line in a ``require`` directive, inside its parentheses or not."""
    words = line.partition("//")[0].removeprefix("require").split()
    return words if len(words) == 2 and words[1].startswith("v") and "." in words[1] else []
