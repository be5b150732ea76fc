"""Fixtures for all tests: nothing of the developer's own is read or written."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.support.daemon import DaemonClient

SAMPLE = Path(__file__).parents[1] / "sample_repo"


@pytest.fixture(autouse=True)
def _own_data_directory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into the developer's traces, reads their settings or uses their keys."""
    monkeypatch.setenv("FIXTRAIL_HOME", str(tmp_path_factory.mktemp("home") / "fixtrail"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    for name in ("OPENAI_API_KEY", "FIXTRAIL_JUDGE_API_KEY", "FIXTRAIL_JUDGE_BASE_URL", "FIXTRAIL_JUDGE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("FIXTRAIL_UPLOAD_URL", "FIXTRAIL_UPLOAD_TOKEN", "FIXTRAIL_TEST_COMMAND", "FIXTRAIL_EDIT_PAUSE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory and a git identity of its own; returns the data directory of fixtrail."""
    user = tmp_path / "user"
    for name, folder in {
        "HOME": user,
        "XDG_CONFIG_HOME": user / ".config",
        "XDG_DATA_HOME": user / ".local" / "share",
        "XDG_STATE_HOME": user / ".local" / "state",
        "XDG_CACHE_HOME": user / ".cache",
    }.items():
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(folder))
    for name, value in {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada Example",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada Example",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "fixtrail-home"
    monkeypatch.setenv("FIXTRAIL_HOME", str(home))
    return home


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def git(isolated: Path) -> Callable[..., str]:
    """Run git in a folder: ``git(workspace, "status", "--porcelain")`` gives what it printed."""
    return _git


@pytest.fixture
def workspace(tmp_path: Path, isolated: Path) -> Path:
    """A git repository with one small module, committed."""
    folder = tmp_path / "work space"
    folder.mkdir()
    (folder / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    (folder / "test_calc.py").write_text("from calc import add\n\n\ndef test_add():\n    assert add(2, 2) == 4\n")
    (folder / ".gitignore").write_text("ignored/\n")
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


@pytest.fixture
def ledger(tmp_path: Path, isolated: Path) -> Path:
    """The sample repository, with its bug, as a git repository of its own."""
    folder = tmp_path / "ledger"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


@pytest.fixture
async def daemon(isolated: Path, workspace: Path) -> AsyncIterator[DaemonClient]:
    """A real daemon over stdio, initialized with ``workspace`` as its folder."""
    async with DaemonClient.running(workspace) as client:
        yield client
