"""Keys come from the environment or the keyring, never from a file, and are never shown."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtrail.errors import UsageError
from fixtrail.settings import load_settings

ROOT = Path(__file__).parents[2]


def fixtrail(*args: str, tmp_path: Path, stdin: str = "", backend: str = "tests.support.keyring_file.FileKeyring"):
    env = os.environ | {
        "PYTHON_KEYRING_BACKEND": backend,
        "TEST_KEYRING": str(tmp_path / "ring.json"),
        "PYTHONPATH": str(ROOT),
        "FIXTRAIL_HOME": str(tmp_path / "home"),
    }
    for name in ("OPENAI_API_KEY", "FIXTRAIL_JUDGE_API_KEY", "FIXTRAIL_JUDGE_BASE_URL"):
        env.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "fixtrail", *args], input=stdin, env=env, capture_output=True, text=True, timeout=60
    )


def test_a_key_goes_into_the_keyring_and_is_used_and_goes_again(tmp_path: Path) -> None:
    assert fixtrail("key", "set", "judge", tmp_path=tmp_path, stdin="sk-keyring-1\n").returncode == 0
    assert json.loads((tmp_path / "ring.json").read_text()) == {"fixtrail/judge": "sk-keyring-1"}
    listed = fixtrail("key", "list", "--json", tmp_path=tmp_path)
    assert json.loads(listed.stdout) == {"keys": {"judge": True, "upload": False}}
    checks = json.loads(fixtrail("doctor", "--json", tmp_path=tmp_path).stdout)["checks"]
    assert [check["state"] for check in checks if check["name"] == "judge"] == ["good"]
    assert "sk-keyring-1" not in listed.stdout + json.dumps(checks)
    assert fixtrail("key", "remove", "judge", tmp_path=tmp_path).returncode == 0
    assert fixtrail("key", "remove", "judge", tmp_path=tmp_path).returncode == 1


def test_without_a_keyring_it_is_said_and_nothing_else_stops(tmp_path: Path) -> None:
    none = "keyring.backends.fail.Keyring"
    done = fixtrail("key", "set", "judge", tmp_path=tmp_path, stdin="sk-x", backend=none)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "keyring" in done.stderr
    assert json.loads(fixtrail("key", "list", "--json", tmp_path=tmp_path, backend=none).stdout) == {
        "keys": {"judge": False, "upload": False}
    }


@pytest.mark.parametrize("table", ["[judge]\napi_key = 'sk-in-a-file'", "[upload]\ntoken = 'in-a-file'"])
def test_a_key_in_a_file_is_refused_and_not_repeated(tmp_path: Path, table: str) -> None:
    own = tmp_path / "settings.toml"
    own.write_text(table)
    with pytest.raises(UsageError) as refused:
        load_settings(user_file=own, environ={})
    assert refused.value.code == "settings/key-in-file"
    assert "in-a-file" not in str(refused.value)


def test_a_key_in_the_editor_s_settings_is_refused() -> None:
    with pytest.raises(UsageError) as refused:
        load_settings(user_file=Path("/nonexistent"), environ={}, editor={"judge": {"api_key": "sk-1"}})
    assert refused.value.code == "settings/key-in-file"
