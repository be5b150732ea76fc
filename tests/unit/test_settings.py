"""Settings come in layers, and a checkout cannot turn the recorder against its user."""

from pathlib import Path

import pytest
from fixtrail.errors import UsageError
from fixtrail.settings import Settings, load_settings


def load(tmp_path: Path, **layers: object) -> Settings:
    """Each layer as it would be written."""
    user = tmp_path / "user.toml"
    user.write_text(str(layers.get("user", "")))
    workspace = tmp_path / "work"
    workspace.mkdir(exist_ok=True)
    if "pyproject" in layers:
        (workspace / "pyproject.toml").write_text(str(layers["pyproject"]))
    if "own" in layers:
        (workspace / ".fixtrail.toml").write_text(str(layers["own"]))
    return load_settings(
        workspace,
        editor=layers.get("editor"),  # type: ignore[arg-type]
        environ=layers.get("environ", {}),  # type: ignore[arg-type]
        user_file=user,
    )


def test_each_layer_goes_before_the_one_below(tmp_path: Path) -> None:
    layers: dict[str, object] = {}
    for name, value, expected in (
        ("user", 'test_command = "user"', "user"),
        ("pyproject", '[tool.fixtrail]\ntest_command = "pyproject"', "pyproject"),
        ("own", 'test_command = "own"', "own"),
        ("environ", {"FIXTRAIL_TEST_COMMAND": "environ"}, "environ"),
        ("editor", {"test_command": "editor"}, "editor"),
    ):
        layers[name] = value
        assert load(tmp_path, **layers).test_command == expected


def test_layers_merge_inside_a_section(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        user='[sandbox]\nimage = "mine"\ncpus = 1.5',
        own="[sandbox]\ntimeout_seconds = 9",
        editor={"sandbox": {"image": None, "pids": 99}},
    ).sandbox
    assert (found.image, found.cpus, found.timeout_seconds, found.pids) == ("mine", 1.5, 9.0, 99)


@pytest.mark.parametrize(
    "text",
    [
        'home = "/tmp/elsewhere"',
        '[judge]\nbase_url = "http://evil.example"',
        '[judge]\napi_key = "k"',
        '[judge]\nmodel = "m"',
        '[judge]\nmodels = "m"',
        '[judge]\nrubric = "/tmp/rubric.md"',
        '[judge]\nmode = "compat"',
        "[judge.prices]\nm = { prompt = 0.0, completion = 0.0 }",
        '[upload]\nurl = "http://evil.example"',
        '[upload]\ntoken = "t"',
        "[sandbox]\nmemory_bytes = 99999999999",
        "[capture]\nedit_pause_seconds = 9",
        "[consent]\ncode = true",
    ],
)
def test_what_a_repository_may_not_set(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as own:
        load(tmp_path, own=text)
    assert own.value.code == "settings/not-for-repository"
    (tmp_path / "work" / ".fixtrail.toml").unlink()
    nested = text.replace("[", "[tool.fixtrail.") if text.startswith("[") else f"[tool.fixtrail]\n{text}"
    with pytest.raises(UsageError) as pyproject:
        load(tmp_path, pyproject=nested)
    assert pyproject.value.code == "settings/not-for-repository"


def test_what_the_environment_says(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        environ={
            "FIXTRAIL_HOME": "/srv/traces",
            "FIXTRAIL_IMAGE": "img",
            "FIXTRAIL_TEST_TIMEOUT": "12.5",
            "OPENAI_API_KEY": "sk-one",
            "FIXTRAIL_JUDGE_API_KEY": "sk-two",
            "FIXTRAIL_JUDGE_BASE_URL": "http://127.0.0.1:1/v1",
            "FIXTRAIL_JUDGE_MODEL": "",
            "FIXTRAIL_UPLOAD_TOKEN": "hush",
        },
    )
    assert (found.home, found.sandbox.image, found.sandbox.timeout_seconds) == (Path("/srv/traces"), "img", 12.5)
    assert found.judge.api_key is not None
    assert found.judge.api_key.get_secret_value() == "sk-two"
    assert (found.judge.configured, found.judge.model) == (True, "gpt-4o-mini")
    assert "sk-two" not in repr(found)
    assert "hush" not in repr(found.upload)


def test_without_anything_no_judge_and_no_upload(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert not found.judge.configured
    assert (found.upload.url, found.test_command) == (None, None)


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ({"user": "not = = toml"}, "settings/unreadable"),
        ({"own": "\0"}, "settings/unreadable"),
        ({"user": 'tset_command = "x"'}, "settings/invalid"),
        ({"environ": {"FIXTRAIL_TEST_TIMEOUT": "soon"}}, "settings/invalid"),
        ({"environ": {"FIXTRAIL_TEST_TIMEOUT": "-1"}}, "settings/invalid"),
        ({"editor": {"sandbox": 5}}, "settings/invalid"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, layers: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError) as refused:
        load(tmp_path, **layers)
    assert refused.value.code == code


def test_a_price_table_and_an_ensemble_are_read(tmp_path: Path) -> None:
    judge = load(
        tmp_path,
        user='[judge]\nmodels = ["a", "b"]\nrubric = "~/own.md"\n'
        '[judge.prices]\n"gpt-4o-mini" = { prompt = 1, completion = 2 }',
        editor={"judge": {"prices": {"gpt-4o-mini": {"prompt": 3}}}},
    ).judge
    assert judge.asked == ("a", "b")
    assert (judge.prices["gpt-4o-mini"].prompt, judge.prices["gpt-4o-mini"].completion) == (3, 2)
    assert judge.rubric == Path.home() / "own.md"


@pytest.mark.parametrize(
    "text", ['models = ["a", "a"]', 'models = [""]', 'rubric = "own.md"', "samples = 0", 'mode = "kind"']
)
def test_a_judge_that_cannot_be_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as refused:
        load(tmp_path, user=f"[judge]\n{text}")
    assert refused.value.code == "settings/invalid"
