"""Guess how a project runs its tests, from the files that say so."""

from pathlib import Path

_BY_FILE = (
    ("pytest.ini", "python -m pytest"),
    ("conftest.py", "python -m pytest"),
    ("tox.ini", "python -m pytest"),
    ("pyproject.toml", "python -m pytest"),
    ("setup.py", "python -m pytest"),
    ("package.json", "npm test"),
    ("go.mod", "go test ./..."),
    ("Cargo.toml", "cargo test"),
    ("pom.xml", "mvn test"),
)


def guess_test_command(workspace: Path) -> str | None:
    """Return a likely test command for the folder, or None. The settings and the editor go before it."""
    for name, command in _BY_FILE:
        if (workspace / name).is_file():
            return command
    looks_like_pytest = any(True for folder in (workspace, workspace / "tests") for _ in folder.glob("test_*.py"))
    return "python -m pytest" if looks_like_pytest else None
