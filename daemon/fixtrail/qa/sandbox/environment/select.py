"""Which recipe serves a tree: one, by its files, and by the test command where the files name several."""

import re
from collections.abc import Callable, Sequence

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import Recipe
from fixtrail.qa.sandbox.environment.recipes import cargo, go, maven, node, python

_ECOSYSTEMS: dict[str, tuple[Callable[[TreeFiles], Recipe | None], re.Pattern[str]]] = {
    "python": (
        python.recipe,
        re.compile(r"(python|pypy|pytest|py\.test|tox|nox|coverage|uv$|poetry|pdm|hatch|pipenv)"),
    ),
    "node": (node.recipe, re.compile(r"(node|npm|npx|yarn|pnpm|jest|vitest|mocha)")),
    "go": (go.recipe, re.compile(r"(go|gotestsum)$")),
    "cargo": (cargo.recipe, re.compile(r"cargo")),
    "maven": (maven.recipe, re.compile(r"mvnw?")),
}


def select_recipe(tree: TreeFiles, argv: Sequence[str] = ()) -> Recipe | None:
    """Return the recipe for the language that the test command is of, else the first that the files name.

    Parameters
    ----------
    argv
        The test command; empty: not known.

    Raises
    ------
    UnsupportedError
        The project asks for what no recipe does.
    """
    program = re.split(r"[/\\]", argv[0])[-1] if argv else ""
    for make, programs in _ECOSYSTEMS.values():
        if program and programs.match(program):
            return make(tree)
    return next((found for make, _ in _ECOSYSTEMS.values() if (found := make(tree)) is not None), None)
