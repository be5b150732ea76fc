"""Python: a virtual environment with what the project declares, by pip, held to the versions of its lock file.

The environment knows the tree at :data:`~fixtrail.qa.sandbox.environment.recipe.WORK`: the project is installed in
editable mode, so that the tests run on the code as it then lies there.
"""

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import GENERATED, INPUT, RESULT, WORK, Recipe
from fixtrail.qa.sandbox.environment.recipes import conda
from fixtrail.qa.sandbox.environment.recipes.locks import LOCKS, lock_of, pins, pipfile_requirements
from fixtrail.qa.sandbox.environment.recipes.pyproject import METADATA_FILES, Project, read_project
from fixtrail.qa.sandbox.environment.recipes.requirements import (
    asks_for_hashes,
    distribution,
    named_in,
    requirement_files,
    with_includes,
)

HOME = f"{RESULT}/python"
_IN_BASE = frozenset({"pytest"})
"""What fixtrail's own base image has: a project that asks for no more needs no image of its own."""

# One call of pip resolves everything together, so that a conflict is found. Only files with hashes go first and alone:
# pip would demand a hash of all the rest as well.
_SCRIPT = f"""\
set -eu
python=$(command -v python3 || command -v python)
"$python" -m venv --without-pip {HOME}
. {INPUT}/versions.sh
pip_install() {{
  "$python" -m pip --python {HOME}/bin/python --no-cache-dir --no-input --disable-pip-version-check \\
    install --progress-bar off "$@"
}}
find . -type f | sort >"$TMPDIR/before"
if [ -s {INPUT}/hashed.txt ]; then pip_install --requirement {INPUT}/hashed.txt; fi
pip_install --constraint {INPUT}/constraints.txt --requirement {INPUT}/requirements.txt
cat {INPUT}/paths.pth >"$({HOME}/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/fixtrail.pth"
# Modules that the project's build wrote into the tree, such as a version file, belong to the environment.
find . -type f -name '*.py' ! -path '*/build/*' ! -path '*.egg*' | sort >"$TMPDIR/after"
comm -13 "$TMPDIR/before" "$TMPDIR/after" >"$TMPDIR/new"
if [ -s "$TMPDIR/new" ]; then tar -cf {GENERATED} -T "$TMPDIR/new"; fi
"""


def recipe(tree: TreeFiles) -> Recipe | None:
    """Return how a Python tree's dependencies are installed; None: it names none.

    Raises
    ------
    UnsupportedError
        A file cannot be read, or asks for conda's packages.
    """
    project = read_project(tree)
    lock = lock_of(tree)
    files = requirement_files(tree)
    requirements = [*project.requirements]
    if not project.installable:
        requirements += project.dependencies
    if lock == "Pipfile.lock":
        requirements += pipfile_requirements(tree)
    sources = [name for name in METADATA_FILES if name in tree] + ([lock] if lock else [])
    name = LOCKS[lock] if lock else "pip"
    if not (project.installable or requirements or files) and conda.FILE in tree:
        requirements += conda.pip_requirements(tree)
        sources, name = [*sources, conda.FILE], "conda"
    if not (project.installable or files or _beyond_base(requirements)):
        return None
    included = with_includes(tree, files)
    hashed = asks_for_hashes(tree, included)
    listed = [f"--requirement {WORK}/{file}" for file in files]
    return Recipe(
        name=name,
        sources=tuple(dict.fromkeys([*sources, *included])),
        script=_SCRIPT,
        needs=("python3",),
        files={
            "requirements.txt": _lines([*_own(project), *requirements, *([] if hashed else listed), "pytest"]),
            "hashed.txt": _lines(listed if hashed else []),
            "constraints.txt": _lines(pins(tree, lock) if lock else []),
            "versions.sh": _lines([f"export {name}={value}" for name, value in project.versioned_by_git.items()]),
            "paths.pth": _lines([f"{WORK}/src", WORK]),
        },
        environment={"VIRTUAL_ENV": HOME},
        path=(f"{HOME}/bin",),
        wants=_wants(project, requirements, named_in(tree, included)),
    )


def _own(project: Project) -> list[str]:
    if not project.installable:
        return []
    extras = ",".join(dict.fromkeys(project.extras))
    return [f"--editable {WORK}" + (f"[{extras}]" if extras else "")]


def _wants(project: Project, requirements: list[str], listed: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*_beyond_base([*project.dependencies, *requirements]), *_beyond_base(listed)]))


def _beyond_base(requirements: list[str]) -> list[str]:
    names = [distribution(each) or each for each in requirements]
    return [name for name in names if name not in _IN_BASE]


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
