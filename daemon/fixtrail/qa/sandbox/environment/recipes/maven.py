"""Maven: a local repository with everything a test run asks for.

``dependency:go-offline`` does not see what Surefire loads while it runs, so a run that selects no test follows; where
that fails, the tests will say so themselves.
"""

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import RESULT, Recipe

HOME = f"{RESULT}/maven"
_SCRIPT = f"""\
set -eu
maven() {{ mvn --batch-mode --no-transfer-progress -Dmaven.repo.local={HOME} "$@"; }}
maven dependency:go-offline
maven test -Dtest=FixtrailSelectsNone -DfailIfNoTests=false -DfailIfNoSpecifiedTests=false \\
  -Dsurefire.failIfNoSpecifiedTests=false || true
"""


def recipe(tree: TreeFiles) -> Recipe | None:
    """Return how pom.xml's artifacts are fetched; None: there is no pom.xml."""
    sources = sorted(name for name in tree.names() if name == "pom.xml" or name.endswith("/pom.xml"))
    if "pom.xml" not in sources:
        return None
    return Recipe(
        name="maven",
        sources=tuple(sources),
        script=_SCRIPT,
        needs=("mvn", "java"),
        environment={"MAVEN_OPTS": f"-Dmaven.repo.local={HOME}", "MAVEN_ARGS": "--offline"},
        wants=("Maven's plug-ins",),
    )
