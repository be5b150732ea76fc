"""Settings, lowest first: defaults, the user's file, the repository's file, the environment, the editor.

A repository's own file may say how its tests run. It can never widen consent, name a token, point at an
endpoint, or choose where traces go: a checkout must not be able to turn the recorder against its user.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from fixtrail.errors import UsageError
from fixtrail.home import default_home, user_settings_path

DEFAULT_IMAGE = "fixtrail-base:bookworm"
DEFAULT_MODEL = "gpt-4o-mini"
DEFAULT_TEST_FILES = (
    "test/",
    "tests/",
    "testing/",
    "__tests__/",
    "spec/",
    "src/test/",
    "test_*.py",
    "*_test.py",
    "conftest.py",
    "*_test.go",
    "*.test.*",
    "*.spec.*",
    "*Test.java",
    "*Tests.java",
    "*IT.java",
)
"""Patterns, as in .gitignore, of files that are tests."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelPrice(_Section):
    """What a model costs, in US dollars per million tokens."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class JudgeSettings(_Section):
    """The language model that reads the reasoning. Not configured while there is neither a key nor a base URL."""

    base_url: str | None = None
    model: str = DEFAULT_MODEL
    models: tuple[str, ...] = Field(
        default=(), description="Several models, asked side by side; none: ``model`` alone."
    )
    api_key: SecretStr | None = None
    mode: Literal["grounded", "compat"] = Field(
        default="grounded", description="compat: the 1.0 judge, one sample of the reasoning text alone."
    )
    samples: int = Field(default=3, ge=1, le=9, description="Answers asked of each model; compat asks for one.")
    temperature: float = Field(default=0.3, ge=0, le=2)
    timeout_seconds: float = Field(default=30.0, gt=0, description="Deadline of the whole judgement.")
    prompt_tokens: int = Field(
        default=16_000, ge=4_000, le=1_000_000, description="No prompt is estimated to be longer; a long trace is cut."
    )
    answer_tokens: int = Field(
        default=3_000,
        ge=100,
        description="An answer is cut off behind so many: 600 suffice, unless a model thinks first.",
    )
    review_spread: float = Field(
        default=1.0, ge=0, le=4, description="Totals that lie further apart than this ask for a person's review."
    )
    rubric: Path | None = Field(default=None, description="A rubric of your own, instead of the built-in one.")
    prices: dict[str, ModelPrice] = Field(default_factory=dict, description="By the name of the model.")

    @field_validator("rubric")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        found = path.expanduser() if path is not None else None
        if found is not None and not found.is_absolute():
            raise ValueError("give an absolute path, or one from ~")
        return found

    @field_validator("models")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() for name in names) or len(set(names)) != len(names):
            raise ValueError("name each model once")
        return names

    @property
    def configured(self) -> bool:
        """Whether there is anything to ask."""
        return self.api_key is not None or self.base_url is not None

    @property
    def asked(self) -> tuple[str, ...]:
        """The models that are asked."""
        return self.models or (self.model,)


class SandboxSettings(_Section):
    """Where and how tests run."""

    image: str = DEFAULT_IMAGE
    timeout_seconds: float = Field(default=300.0, gt=0)
    memory_bytes: int = Field(default=2 * 1024**3, ge=64 * 1024**2)
    cpus: float = Field(default=2.0, gt=0)
    pids: int = Field(default=512, ge=16)
    output_bytes: int = Field(default=64 * 1024, ge=1024, description="Kept of the output, half head and half tail.")
    parallel_runs: int = Field(default=1, ge=1, description="Finalizes of this user whose tests run at the same time.")
    runtime: str | None = Field(default=None, description="The engine's OCI runtime, for example runsc.")
    spare_seconds: float = Field(
        default=300.0, ge=0, description="Beside the tests' own time, before a container counts as left behind."
    )
    test_files: tuple[str, ...] = Field(
        default=DEFAULT_TEST_FILES, description="Patterns, as in .gitignore, of files that are tests."
    )
    network_builds: Literal["never", "allow"] = Field(
        default="never", description="Whether a project's dependencies may be downloaded and installed in a container."
    )
    prepare: bool = Field(default=True, description="Begin with that when a recording starts, where it is allowed.")
    environment_timeout_seconds: float = Field(default=600.0, gt=0, description="Deadline of the installation.")
    environment_bytes: int = Field(default=8 * 1024**3, ge=1024**2, description="What is installed may be so large.")
    dockerfile: str | None = Field(
        default=None, description="A Dockerfile or devcontainer.json in the repository that makes the image instead."
    )
    reruns: int = Field(
        default=3, ge=0, le=20, description="How many runs may be made again to tell flaky tests, in total."
    )


class UploadSettings(_Section):
    """The collector a finished trace is sent to."""

    url: str | None = None
    token: SecretStr | None = None


class CaptureSettings(_Section):
    """How events are cut."""

    edit_pause_seconds: float = Field(default=2.0, gt=0, description="A pause in typing this long closes a burst.")
    output_bytes: int = Field(default=64 * 1024, ge=1024, description="Kept of a command's output, head and tail.")
    max_file_bytes: int = Field(default=2 * 1024**2, ge=1024, description="A larger file is recorded without its diff.")
    exclude: tuple[str, ...] = Field(default=(), description="Patterns, as in .gitignore, of files never recorded.")


class RedactionRule(_Section):
    """A rule of the user's own: what matches is replaced."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")
    pattern: str = Field(min_length=1, max_length=2_000, description="An RE2 pattern; of a group only the group goes.")


class RedactionSettings(_Section):
    """What counts as a secret beside the built-in rules, and what does not."""

    rules: tuple[RedactionRule, ...] = ()
    allow: tuple[str, ...] = Field(default=(), description="RE2 patterns of what is no secret, matched as a whole.")
    entropy: bool = Field(default=True, description="Replace what is random enough to be a secret.")


class Settings(_Section):
    """Everything that can be set."""

    home: Path
    test_command: str | None = None
    retention_days: float | None = Field(
        default=None, gt=0, description="A trace that was not written to for so long is removed when a daemon starts."
    )
    judge: JudgeSettings = JudgeSettings()
    sandbox: SandboxSettings = SandboxSettings()
    upload: UploadSettings = UploadSettings()
    capture: CaptureSettings = CaptureSettings()
    redaction: RedactionSettings = RedactionSettings()


_ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "FIXTRAIL_HOME": ("home",),
    "FIXTRAIL_IMAGE": ("sandbox", "image"),
    "FIXTRAIL_TEST_COMMAND": ("test_command",),
    "FIXTRAIL_TEST_TIMEOUT": ("sandbox", "timeout_seconds"),
    "FIXTRAIL_NETWORK_BUILDS": ("sandbox", "network_builds"),
    "OPENAI_API_KEY": ("judge", "api_key"),
    "FIXTRAIL_JUDGE_API_KEY": ("judge", "api_key"),
    "FIXTRAIL_JUDGE_BASE_URL": ("judge", "base_url"),
    "FIXTRAIL_JUDGE_MODEL": ("judge", "model"),
    "FIXTRAIL_JUDGE_MODE": ("judge", "mode"),
    "FIXTRAIL_JUDGE_TIMEOUT": ("judge", "timeout_seconds"),
    "FIXTRAIL_UPLOAD_URL": ("upload", "url"),
    "FIXTRAIL_UPLOAD_TOKEN": ("upload", "token"),
    "FIXTRAIL_EDIT_PAUSE": ("capture", "edit_pause_seconds"),
}

_KEYS = frozenset({("judge", "api_key"), ("upload", "token")})
"""Never in a file: files are copied, shown and committed."""

_REPOSITORY_MAY_SET = frozenset(
    {("test_command",), ("sandbox", "image"), ("sandbox", "timeout_seconds"), ("sandbox", "test_files")}
)


def _leaves(table: Mapping[str, Any], prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for key, value in table.items():
        place = (*prefix, key)
        if isinstance(value, Mapping):
            found |= _leaves(value, place)
        elif value is not None:
            found[place] = value
    return found


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            "settings/unreadable", f"{path} cannot be read: {error}.", "Mend or remove the file."
        ) from None


def _repository_layer(workspace: Path) -> dict[tuple[str, ...], Any]:
    own = _read_toml(workspace / ".fixtrail.toml")
    tool = _read_toml(workspace / "pyproject.toml").get("tool", {}).get("fixtrail", {})
    layer: dict[tuple[str, ...], Any] = {}
    for name, table in (("[tool.fixtrail] in pyproject.toml", tool), (".fixtrail.toml", own)):
        leaves = _leaves(table)
        if forbidden := sorted(leaves.keys() - _REPOSITORY_MAY_SET):
            raise UsageError(
                "settings/not-for-repository",
                f"{name} sets {'.'.join(forbidden[0])}, which a repository may not.",
                "Set it in your own settings file or in the environment.",
            )
        layer |= leaves
    return layer


def _without_keys(layer: dict[tuple[str, ...], Any], where: str) -> dict[tuple[str, ...], Any]:
    if found := sorted(layer.keys() & _KEYS):
        name = ".".join(found[0])
        raise UsageError(
            "settings/key-in-file",
            f"{where} holds {name}, and keys do not belong into settings.",
            f"Take it out there and give it to 'fixtrail key set {found[0][0]}', or set it in the environment.",
        )
    return layer


def load_settings(
    workspace: Path | None = None,
    *,
    editor: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    user_file: Path | None = None,
) -> Settings:
    """Merge all layers into one :class:`Settings`.

    Parameters
    ----------
    workspace
        The repository whose own file counts; None: no repository.
    editor
        Nested settings from the editor, same names as the fields of :class:`Settings`.
    environ, user_file
        For tests; by default the process environment and :func:`user_settings_path`.

    Raises
    ------
    UsageError
        ``settings/unreadable``, ``settings/not-for-repository``, ``settings/key-in-file`` or ``settings/invalid``.
    """
    merged: dict[tuple[str, ...], Any] = {("home",): default_home()}
    own = user_file or user_settings_path()
    merged |= _without_keys(_leaves(_read_toml(own)), str(own))
    if workspace is not None:
        merged |= _repository_layer(workspace)
    merged |= {place: environ[name] for name, place in _ENVIRONMENT.items() if environ.get(name)}
    merged |= _without_keys(_leaves(editor or {}), "The editor's settings")
    nested: dict[str, Any] = {}
    for path, value in merged.items():
        table = nested
        for key in path[:-1]:
            table = table.setdefault(key, {})
        table[path[-1]] = value
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError("settings/invalid", f"The setting {place} is not usable: {first['msg']}.") from None
