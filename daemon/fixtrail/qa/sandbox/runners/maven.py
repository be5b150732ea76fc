"""Maven: surefire and failsafe write a JUnit file for each class; a script of ours packs them into one tar."""

import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from typing import ClassVar

from fixtrail.capture.junit import ReportError, read_reports
from fixtrail.qa.sandbox.runners.base import FOLDER, Account, Left, Name, TestRunner
from fixtrail.qa.sandbox.runners.command import Invocation

_SCRIPT = "maven.sh"
_GOALS = frozenset({"test", "package", "verify", "install", "surefire:test", "integration-test"})
_NOT_COMPILED = re.compile(r"^\[ERROR\] COMPILATION ERROR", re.MULTILINE)
_PARAMETERS = re.compile(r"[(\[{].*", re.DOTALL)


class Maven(TestRunner):
    """https://maven.apache.org/surefire/maven-surefire-plugin/."""

    name: ClassVar[Name] = "maven"
    inside: ClassVar[str | None] = _SCRIPT

    def runs_tests(self, call: Invocation) -> bool:
        """Only calls with a goal that includes tests."""
        return not _GOALS.isdisjoint(call.arguments)

    def ask(self, call: Invocation, path: str) -> list[str]:
        """Run Maven, then put its reports at ``path``."""
        return ["/bin/sh", f"{FOLDER}/{_SCRIPT}", path, *call.argv()]

    def read(self, left: Left) -> Account:
        """Read the packed reports as one; code that does not compile is an error without a test's name."""
        if not left.report:
            return Account()
        try:
            report = read_reports(_members(left.report))
        except tarfile.TarError as error:
            return Account(problem=f"arrived damaged ({error})")
        except ReportError as error:
            return Account(problem=str(error))
        # No test has run, so no test can have printed this.
        if not report.executed and left.exit_code and _NOT_COMPILED.search(left.output):
            report.add("(compilation)", "error", None, "The code does not compile; see the output.")
        return Account(report)

    def select(self, call: Invocation, names: Sequence[str]) -> list[str] | None:
        """Name classes and methods; a test with parameters runs with all of them."""
        methods: dict[str, list[str]] = {}
        for name in names:
            group, _, test = name.partition("::")
            method = _PARAMETERS.sub("", test).strip()
            if not method.isidentifier():
                return None
            methods.setdefault(group, []).append(method)
        chosen = ",".join(f"{group}#{'+'.join(dict.fromkeys(found))}" for group, found in methods.items())
        rest = [word for word in call.arguments if not word.startswith("-Dtest=")]
        # Where a build has several modules, most have none of them.
        return call.argv(
            [*rest, f"-Dtest={chosen}", "-DfailIfNoTests=false", "-Dsurefire.failIfNoSpecifiedTests=false"]
        )

    def run_all(self, call: Invocation) -> list[str]:
        """Go on with modules that do not depend on one that failed."""
        return call.argv([*call.arguments, "--fail-at-end"])


def _members(packed: bytes) -> Iterator[bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as archive:
        for member in archive:
            stored = archive.extractfile(member) if member.isreg() else None
            if stored is not None:
                yield stored.read()
