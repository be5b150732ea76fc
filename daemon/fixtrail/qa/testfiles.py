"""Which files of a repository are its tests, and which configure how they run. By name only: nothing is read."""

from collections.abc import Sequence
from functools import lru_cache

import pathspec

from fixtrail.settings import DEFAULT_TEST_FILES

TEST_CONFIGURATION = (
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "noxfile.py",
    "jest.config.*",
    "vitest.config.*",
    "babel.config.*",
    "package.json",
    "pom.xml",
    "Cargo.toml",
    "Makefile",
)
"""Files that may change which tests run and how. Patterns as in .gitignore."""


class FilePatterns:
    """Patterns as in .gitignore; ``!`` takes back.

    >>> FilePatterns(("tests/", "!tests/data/"))("tests/test_a.py")
    True
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._spec = pathspec.GitIgnoreSpec.from_lines(patterns)

    def __call__(self, path: str) -> bool:
        """Whether ``path``, relative to the repository's root with ``/`` between folders, is one of them."""
        return self._spec.match_file(path)


@lru_cache(maxsize=8)
def patterns_of_tests(patterns: tuple[str, ...] = DEFAULT_TEST_FILES) -> FilePatterns:
    """Return what tells test files, conftest included, from other files."""
    return FilePatterns(patterns)


@lru_cache(maxsize=1)
def patterns_of_configuration() -> FilePatterns:
    """Return what tells files that configure test runs."""
    return FilePatterns(TEST_CONFIGURATION)
