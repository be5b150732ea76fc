"""What a build is told of this machine's index, proxies and certificates is nowhere in the image that comes of it."""

import json
import uuid
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.sandbox.engine import connect
from fixtrail.qa.sandbox.environment import prepare_environment
from fixtrail.qa.sandbox.environment.access import read_access

from tests.support.environments import BUILDS, own_images, salt, salted  # noqa: F401
from tests.support.package_index import package_index, wheel
from tests.support.sandbox import engine, pack  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine", "own_images")]

ANSWER = "def test_it():\n    import answer\n    assert answer.VALUE == 42\n"


def find_in_image(image: str, marks: list[str]) -> dict[str, bool]:
    """Say of each mark whether it is anywhere in an image as it is exported: layers, configuration, history, labels."""
    wanted = {mark: mark.encode() for mark in marks}
    seen = dict.fromkeys(marks, False)
    longest = max(len(each) for each in wanted.values())
    tail = b""
    with connect() as held:
        told = json.dumps([held.client.inspect_image(image), held.client.history(image)]).encode()
        for piece in (told, *held.client.get_image(image)):
            window = tail + piece
            for mark, data in wanted.items():
                seen[mark] = seen[mark] or data in window
            tail = window[-longest:]
    return seen


async def test_nothing_of_the_index_is_in_the_image(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    salt: str,  # noqa: F811
) -> None:
    user, password, proxy, authority = (f"{what}-{uuid.uuid4().hex}" for what in ("user", "pass", "proxy", "ca"))
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(f"# {authority}\n".encode() + (read_access().files.get("ca.pem") or b""))
    served = {
        "answer-1.0-py3-none-any.whl": wheel("answer", "1.0", "VALUE = 42\n"),
        "pytest-99-py3-none-any.whl": wheel("pytest", "99", "CONTROL = 'this mark is in the image'\n"),
    }
    monkeypatch.setenv("PIP_CERT", str(bundle))
    monkeypatch.setenv("https_proxy", f"http://{proxy}.invalid:3128")
    trace = f"test-{uuid.uuid4().hex}"
    with package_index(user, password, served) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setenv("PIP_TRUSTED_HOST", index.host.partition(":")[0])
        tar = pack(tmp_path, salted({"requirements.txt": "answer\n", "test_it.py": ANSWER}, salt))
        environment = await prepare_environment(tar, trace, BUILDS)

    assert environment.status == "built", environment.log
    assert index.credentials == {f"{user}:{password}"}, "the build did use the index"
    assert environment.image is not None
    marks = [user, password, proxy, authority, index.host, "this mark is in the image"]
    found = find_in_image(environment.image, marks)
    assert found == {**dict.fromkeys(marks, False), "this mark is in the image": True}
    with connect() as held:
        config = held.client.inspect_image(environment.image)["Config"]
    assert not [each for each in config["Env"] if each.startswith(("PIP_", "SSL_", "http", "no_proxy"))]
    assert {name for name in config["Labels"] if name.startswith("dev.fixtrail")} == {
        "dev.fixtrail.base",
        "dev.fixtrail.environment",
        "dev.fixtrail.environment.base",
        "dev.fixtrail.environment.base-digest",
        "dev.fixtrail.environment.recipe",
        "dev.fixtrail.environment.sources",
    }


async def test_nothing_of_the_index_is_in_the_log_of_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with package_index("somebody", "s3cr3t-word", {}) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setenv("PIP_TRUSTED_HOST", index.host.partition(":")[0])
        environment = await prepare_environment(pack(tmp_path, {"requirements.txt": "answer\n"}), "test-log", BUILDS)

    assert environment.status == "failed"
    assert "[index]" in (environment.log or "")
    for mark in ("s3cr3t-word", "somebody", index.host, index.host.partition(":")[0]):
        assert mark not in (environment.log or "")


async def test_the_same_base_image_gives_tests_without_any_of_it(tmp_path: Path, salt: str) -> None:  # noqa: F811
    looks = (
        "def test_it():\n    import os\n    names = [n for n in os.environ if n.startswith(('PIP_', 'SSL_', 'http'))]\n"
        "    assert names == []\n    assert not os.path.exists('/fixtrail/access')\n"
    )
    tar = pack(tmp_path, salted({"requirements.txt": "six==1.16.0\n", "test_it.py": looks}, salt))
    environment = await prepare_environment(tar, "test-looks", BUILDS)

    settings = BUILDS.model_copy(update={"image": environment.image})
    run = await run_tests(Job(["pytest", "-q"], tar, None, "test-looks"), settings)

    assert run.verdict == "passed", run.output
