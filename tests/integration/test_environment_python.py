"""Real projects of a few lines, their dependencies really installed, their tests run in what came of it."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import Job, run_tests
from fixtrail.qa.sandbox.environment import prepare_environment
from fixtrail_protocol.commands import parse_test_command
from fixtrail_protocol.qa import Environment, TestRun

from tests.support.environments import BUILDS, own_images, salt, salted  # noqa: F401
from tests.support.sandbox import engine, leftovers, pack  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine", "own_images"), pytest.mark.timeout(300)]

SETUPTOOLS = "[build-system]\nrequires = ['setuptools>=64']\nbuild-backend = 'setuptools.build_meta'\n"
USES = """\
import importlib
import pytest

@pytest.mark.parametrize("name", {names})
def test_it_is_there(name):
    importlib.import_module(name)

"""


@dataclass(frozen=True)
class Place:
    """Where a test packs its trees, and what makes them its own."""

    folder: Path
    salt: str


def uses(*names: str) -> str:
    """A test module that passes when these can be imported."""
    return USES.format(names=list(names))


@pytest.fixture
def place(tmp_path: Path, salt: str) -> Place:  # noqa: F811
    return Place(tmp_path, salt)


async def prepare(place: Place, files: Mapping[str, str], trace: str) -> tuple[Path, Environment]:
    tar = pack(place.folder, salted(files, place.salt))
    return tar, await prepare_environment(tar, trace, BUILDS, argv=["pytest"])


async def run_in(place: Place, files: Mapping[str, str], command: str = "pytest -q") -> tuple[Environment, TestRun]:
    trace = f"test-{uuid.uuid4().hex}"
    tar, environment = await prepare(place, files, trace)
    assert environment.status in ("built", "reused"), (environment.reason, environment.log)
    settings = BUILDS.model_copy(update={"image": environment.image})
    run = await run_tests(Job(parse_test_command(command), tar, None, trace), settings)
    found = leftovers(trace)
    assert (found.containers, found.volumes) == ([], [])
    return environment, run


async def test_a_src_layout_with_an_extra_and_a_group(place: Place) -> None:
    project = {
        "pyproject.toml": SETUPTOOLS + "[project]\nname = 'demo'\nversion = '1.0'\ndependencies = ['six==1.16.0']\n"
        "[project.optional-dependencies]\ntest = ['toolz==0.12.1']\ndocs = ['no-such-package-of-ours==1']\n"
        "[project.scripts]\ndemo = 'demo:main'\n"
        "[dependency-groups]\ndev = ['idna==3.7', {include-group = 'more'}]\nmore = ['iniconfig==2.0.0']\n",
        "src/demo/__init__.py": "def main():\n    print('hello')\n",
        "tests/test_it.py": uses("six", "toolz", "idna") + "def test_code_is_the_trees_and_its_script_runs():\n"
        "    import demo, subprocess\n    assert demo.__file__ == '/work/src/demo/__init__.py'\n"
        "    assert subprocess.check_output(['demo']) == b'hello\\n'\n",
    }

    environment, run = await run_in(place, project)

    assert (environment.status, environment.recipe, environment.sources) == ("built", "pip", ["pyproject.toml"])
    assert environment.base_image == BUILDS.image
    assert environment.image == f"fixtrail-env:{environment.key}"
    assert run.image_digest == environment.image_digest
    assert (run.verdict, run.passed) == ("passed", 4), run.output


async def test_requirement_files_with_includes(place: Place) -> None:
    project = {
        "requirements.txt": "six==1.16.0\n",
        "requirements-dev.txt": "-r requirements.txt\n-c limits/upper.txt\ntoolz\n",
        "limits/upper.txt": "toolz==0.12.0\n",
        "requirements-docs.txt": "no-such-package-of-ours\n",
        "src/lib.py": "VALUE = 1\n",
        "tests/test_it.py": uses("six", "lib") + "def test_limit():\n    import toolz\n"
        "    assert toolz.__version__ == '0.12.0'\n",
    }

    environment, run = await run_in(place, project, "python -m pytest -q")

    assert set(environment.sources) == {"requirements.txt", "requirements-dev.txt", "limits/upper.txt"}
    assert (run.verdict, run.passed) == ("passed", 3), run.output


async def test_a_requirement_file_with_hashes_beside_a_project_without(place: Place) -> None:
    six = "six==1.16.0 --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\n"
    project = {
        "requirements.txt": six,
        "setup.py": "from setuptools import setup\nsetup(name='demo', version='1', py_modules=['demo'])\n",
        "demo.py": "import six\n",
        "test_it.py": uses("demo", "six"),
    }

    _, run = await run_in(place, project)

    assert (run.verdict, run.passed) == ("passed", 2), run.output


async def test_the_versions_are_those_of_the_lock_file(place: Place) -> None:
    project = {
        "pyproject.toml": "[project]\nname = 'demo'\nversion = '1.0'\ndependencies = ['toolz']\n",
        "uv.lock": "version = 1\n[[package]]\nname = 'toolz'\nversion = '0.12.0'\n"
        "source = { registry = 'https://pypi.org/simple' }\n"
        "[[package]]\nname = 'demo'\nversion = '1.0'\nsource = { virtual = '.' }\n",
        "test_it.py": "def test_version():\n    import toolz\n    assert toolz.__version__ == '0.12.0'\n",
    }

    environment, run = await run_in(place, project)

    assert (environment.recipe, environment.sources) == ("uv", ["pyproject.toml", "uv.lock"])
    assert run.verdict == "passed", run.output


async def test_a_version_taken_from_git_and_the_module_it_is_written_to(place: Place) -> None:
    project = {
        "pyproject.toml": "[build-system]\nrequires = ['setuptools>=64', 'setuptools_scm>=8']\n"
        "build-backend = 'setuptools.build_meta'\n[project]\nname = 'demo'\ndynamic = ['version']\n"
        "[tool.setuptools_scm]\nwrite_to = 'src/demo/_version.py'\n",
        "src/demo/__init__.py": "from demo._version import version\n",
        "test_it.py": "def test_version():\n    import demo\n    assert demo.version == '0.0.0'\n",
    }

    _, run = await run_in(place, project)

    assert run.verdict == "passed", run.output


async def test_code_edits_use_the_same_image_and_dependency_edits_another(place: Place) -> None:
    project = {"requirements.txt": "six==1.16.0\n", "test_it.py": uses("six")}
    trace = f"test-{uuid.uuid4().hex}"

    _, first = await prepare(place, project, trace)
    _, edited = await prepare(place, {**project, "test_it.py": uses("six") + "# edited\n", "new.py": ""}, trace)
    _, changed = await prepare(place, {**project, "requirements.txt": "six==1.15.0\n"}, trace)

    assert (first.status, edited.status, changed.status) == ("built", "reused", "built")
    assert first.image == edited.image != changed.image
    assert first.image_digest == edited.image_digest


async def test_two_that_want_the_same_image_build_it_once(place: Place) -> None:
    project = {"requirements.txt": "six==1.14.0\n"}
    traces = [f"test-{uuid.uuid4().hex}" for _ in range(3)]

    made = await asyncio.gather(*(prepare(place, project, trace) for trace in traces))

    assert sorted(each.status for _, each in made) == ["built", "reused", "reused"]


async def test_nothing_to_install_is_the_base_image(place: Place) -> None:
    bare = "[project]\nname = 'demo'\nversion = '1'\n[dependency-groups]\ndev = ['pytest>=7']\n"
    for files in ({"test_it.py": ""}, {"pyproject.toml": bare}, {"pyproject.toml": "[tool.pytest.ini_options]\n"}):
        _, environment = await prepare(place, files, "test-none")
        assert (environment.status, environment.image) == ("base", BUILDS.image)
