"""What a tree's files ask for, read without running or fetching anything."""

import doctest
import json
from collections.abc import Mapping

import pytest
from fixtrail.qa.sandbox.environment import dockerfile
from fixtrail.qa.sandbox.environment.dockerfile import read_blueprint
from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.key import image_key
from fixtrail.qa.sandbox.environment.recipe import Recipe, UnsupportedError
from fixtrail.qa.sandbox.environment.recipes import pyproject, requirements
from fixtrail.qa.sandbox.environment.select import select_recipe

BUILD = "[build-system]\nrequires = ['hatchling']\n"


def tree(files: Mapping[str, str]) -> TreeFiles:
    return TreeFiles({name: text.encode() for name, text in files.items()})


def recipe(files: Mapping[str, str], command: str = "") -> Recipe:
    found = select_recipe(tree(files), command.split())
    assert found is not None
    return found


def asked(files: Mapping[str, str]) -> list[str]:
    """What pip is told to install, without the pytest that is always there."""
    lines = recipe(files).files["requirements.txt"].splitlines()
    assert lines[-1] == "pytest"
    return lines[:-1]


@pytest.mark.parametrize("module", [requirements, pyproject, dockerfile])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def test_a_package_is_installed_with_its_extras_and_groups_for_tests():
    project = BUILD + (
        "[project]\nname = 'a'\ndependencies = ['b']\n"
        "[project.optional-dependencies]\nTests = ['c']\ndocs = ['d']\ndev = []\n"
        "[dependency-groups]\ntest = ['e', {include-group = 'base_tools'}]\nbase-tools = ['f']\nlint = ['g']\n"
    )
    assert asked({"pyproject.toml": project}) == ["--editable /work[Tests,dev]", "e", "f"]


def test_a_project_that_is_no_package_has_its_dependencies_installed_and_its_folders_on_the_path():
    project = "[project]\nname = 'a'\ndependencies = ['b>=1', 'c[d]']\n[tool.uv]\ndev-dependencies = ['e']\n"
    assert asked({"pyproject.toml": project}) == ["e", "b>=1", "c[d]"]
    assert asked({"pyproject.toml": f"{BUILD}{project}package = false\n"}) == ["e", "b>=1", "c[d]"]
    assert recipe({"pyproject.toml": project}).files["paths.pth"] == "/work/src\n/work\n"


def test_groups_that_include_each_other_end():
    project = "[dependency-groups]\ntest = ['a', {include-group = 'dev'}]\ndev = [{include-group = 'test'}]\n"
    assert asked({"pyproject.toml": project}) == ["a"]


def test_poetry():
    project = (
        "[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = '^3.11'\na = '^1.2'\n"
        "b = {version = '~2.1', extras = ['x']}\nc = {git = 'https://example.invalid/c', tag = 'v1'}\n"
        "d = {version = '1', optional = true}\n[tool.poetry.group.dev.dependencies]\ne = '*'\n"
        "[tool.poetry.group.docs.dependencies]\nf = '*'\n"
    )
    lock = "[[package]]\nname = 'a'\nversion = '1.3'\n[[package]]\nname = 'c'\nversion = '9'\nsource = {type = 'git'}\n"
    files = {"pyproject.toml": project, "poetry.lock": lock}
    assert asked(files) == ["e", "a>=1.2,<2", "b[x]>=2.1,<2.2", "c @ git+https://example.invalid/c@v1"]
    assert recipe(files).name == "poetry"
    assert recipe(files).files["constraints.txt"] == "a==1.3\n"


def test_a_lock_pins_what_it_names_once_and_from_an_index():
    lock = (
        "[[package]]\nname = 'One_Name'\nversion = '1'\nsource = {registry = 'https://example.invalid/simple'}\n"
        "[[package]]\nname = 'two'\nversion = '1'\nsource = {registry = 'x'}\n"
        "[[package]]\nname = 'two'\nversion = '2'\nsource = {registry = 'x'}\n"
        "[[package]]\nname = 'own'\nversion = '1'\nsource = {editable = '.'}\n"
        "[[package]]\nname = 'far'\nversion = '1'\nsource = {git = 'https://example.invalid/far?rev=1'}\n"
    )
    found = recipe({"pyproject.toml": "[project]\nname = 'own'\ndependencies = ['two']\n", "uv.lock": lock})
    assert found.files["constraints.txt"] == "one-name==1\n"
    pylock = (
        "[[packages]]\nname = 'a'\nversion = '1'\n[[packages]]\nname = 'b'\nversion = '1'\n[packages.vcs]\nurl = 'x'\n"
    )
    found = recipe({"requirements.txt": "a\n", "pylock.toml": pylock})
    assert (found.name, found.files["constraints.txt"]) == ("pip", "a==1\n")


def test_pipenv_installs_what_its_lock_holds():
    lock = {"default": {"a": {"version": "==1", "markers": "os_name == 'nt'"}}, "develop": {"b": {"version": "==2"}}}
    assert asked({"Pipfile": "", "Pipfile.lock": json.dumps(lock)}) == ["a==1 ; os_name == 'nt'", "b==2"]


def test_requirement_files_for_tests_and_what_they_include():
    files = {
        "requirements.txt": "a # remark\n-r more/deep.txt\n",
        "requirements-dev.txt": "-cupper.txt\n",
        "requirements_docs.txt": "docs\n",
        "more/deep.txt": "-r deep.txt\n--requirement=other.txt\nb>1\n",
        "more/other.txt": "git+https://example.invalid/x\n./local\nc @ https://example.invalid/c.whl\n",
        "upper.txt": "a<9\n",
    }
    assert asked(files) == ["--requirement /work/requirements-dev.txt", "--requirement /work/requirements.txt"]
    found = recipe(files)
    assert set(found.sources) == set(files) - {"requirements_docs.txt"}
    assert set(found.wants) == {"a", "b", "c"}
    assert asked({"requirements/base.txt": "a"}) == ["--requirement /work/requirements/base.txt"]


def test_files_with_hashes_are_installed_by_themselves():
    found = recipe({"requirements.txt": "a==1 --hash=sha256:00\n", "setup.py": ""})
    assert found.files["hashed.txt"] == "--requirement /work/requirements.txt\n"
    assert found.files["requirements.txt"].splitlines()[0].startswith("--editable /work[test,")
    assert len(found.files["requirements.txt"].splitlines()) == 2


def test_a_version_that_git_would_tell():
    named = BUILD.replace("hatchling", "setuptools_scm") + "[project]\nname = 'Some.Name'\n"
    versions = recipe({"pyproject.toml": named}).files["versions.sh"]
    assert versions == "export SETUPTOOLS_SCM_PRETEND_VERSION_FOR_SOME_NAME=0.0.0\n"
    hostile = named.replace("Some.Name", "x=1; rm -rf /")
    assert recipe({"pyproject.toml": hostile}).files["versions.sh"] == ""
    vcs = recipe({"pyproject.toml": BUILD.replace("hatchling", "hatch-vcs")})
    assert vcs.files["versions.sh"] == "export SETUPTOOLS_SCM_PRETEND_VERSION=0.0.0\n"


def test_the_pip_part_of_condas_file_and_no_more():
    text = "name: x\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n    - a==1  # why\n    - 'b>2'\nprefix: /x\n"
    assert asked({"environment.yml": text}) == ["a==1", "b>2"]
    with pytest.raises(UnsupportedError, match="numpy, gdal"):
        recipe({"environment.yml": "dependencies:\n- numpy\n- gdal=3\n"})
    assert recipe({"environment.yml": "dependencies:\n- gdal\n", "requirements.txt": "a"}).name == "pip"


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("pyproject.toml", "pytest"),
        ("setup.cfg", "pytest"),
        ("uv.lock", "pytest"),
        ("Pipfile.lock", "pytest"),
        ("package.json", "npm test"),
        ("Cargo.toml", "cargo test"),
    ],
)
def test_a_damaged_file_is_named(name, command):
    with pytest.raises(UnsupportedError, match=name):
        select_recipe(tree({"setup.py": "", name: "[[[ no"}), command.split())


def test_javascript():
    package = {"name": "x", "scripts": {"prepare": "build"}, "devDependencies": {"a": "1"}, "dependencies": {"b": "2"}}
    found = recipe({"package.json": json.dumps(package), "yarn.lock": "", "package-lock.json": "{}"}, "yarn test")
    assert (found.name, found.needs) == ("yarn", ("node", "yarn"))
    assert found.sources == ("package.json", "yarn.lock")
    assert set(found.wants) == {"a", "b"}
    assert "scripts" not in json.loads(found.files["package.json"])
    assert "npm ci" in recipe({"package.json": json.dumps(package), "package-lock.json": "{}"}).script
    assert select_recipe(tree({"package.json": "{}"})) is None
    with pytest.raises(UnsupportedError, match="workspaces"):
        recipe({"package.json": json.dumps({**package, "workspaces": ["packages/*"]})})


def test_go_rust_and_java():
    module = "module x\n\nrequire (\n\texample.invalid/a v1.2.3 // indirect\n)\nrequire example.invalid/b v0.1.0\n"
    assert recipe({"go.mod": module}).wants == ("example.invalid/a", "example.invalid/b")
    assert "GOFLAGS" not in recipe({"go.mod": module, "go.sum": "x"}).environment
    assert select_recipe(tree({"go.mod": module, "vendor/modules.txt": ""})) is None
    assert select_recipe(tree({"go.mod": "module x\n\ngo 1.21\n"})) is None
    crates = "[dependencies]\na = '1'\nb = {path = '../b'}\n[target.'cfg(unix)'.dev-dependencies]\nc = '1'\n"
    found = recipe({"Cargo.toml": crates, "Cargo.lock": "", "sub/Cargo.toml": "[dependencies]\nd = '1'\n"})
    assert found.wants == ("a", "c", "d")
    assert found.sources == ("Cargo.toml", "sub/Cargo.toml", "Cargo.lock")
    assert select_recipe(tree({"Cargo.toml": "[package]\nname = 'x'\n"})) is None
    assert recipe({"pom.xml": "", "core/pom.xml": ""}).sources == ("core/pom.xml", "pom.xml")


def test_the_test_command_tells_the_language():
    files = {"requirements.txt": "a", "package.json": '{"dependencies": {"b": "1"}}', "go.mod": "require x.y/z v1.0.0"}
    assert recipe(files).name == "pip"
    assert recipe(files, "/usr/bin/python3 -m pytest").name == "pip"
    assert recipe(files, "npx jest").name == "npm"
    assert recipe(files, "go test ./...").name == "go"
    assert recipe(files, "make test").name == "pip"
    assert select_recipe(tree({"package.json": files["package.json"]}), ["pytest"]) is None


def test_the_key_is_of_the_files_the_recipe_and_the_base():
    files = {"requirements.txt": "a\n-r b.txt\n", "b.txt": "c\n", "code.py": "x = 1\n"}

    def key(base: str = "sha256:1", **changed: str) -> str:
        now = tree({**files, **{name.replace("_", "."): text for name, text in changed.items()}})
        found = select_recipe(now)
        assert found is not None
        return image_key(found, now, base)

    assert len(key()) == 64
    assert key() == key(code_py="x = 2\n")
    assert (
        len({key(), key(b_txt="d\n"), key(requirements_txt="a\n"), key(base="sha256:2"), key(pyproject_toml=BUILD)})
        == 5
    )


def test_a_dockerfile_and_what_decides_it():
    files = {
        "docker/Dockerfile": "ARG V=1\nFROM debian:12 AS build\nCOPY --from=other /x /x\nCOPY package*.json \\\n  ./\n"
        'FROM --platform=linux/amd64 python:3.12\nCOPY . /app\nADD ["docker/start.sh", "/"]\nFROM build\n',
        "docker/start.sh": "",
        "package.json": "",
        "package-lock.json": "",
        "src/code.py": "",
        "src/requirements.txt": "",
    }
    found = read_blueprint(tree(files), "./docker/Dockerfile")
    assert found.bases == ("debian:12", "python:3.12")
    assert set(found.sources) == set(files) - {"src/code.py"}
    with pytest.raises(UnsupportedError, match="has no Other"):
        read_blueprint(tree(files), "Other")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cannot be read"),
        ("[]", "no object"),
        ('{"dockerComposeFile": "x.yml"}', "dockerComposeFile"),
        ('{"image": "x", "features": {"y": {}}}', "features"),
        ('{"name": "x"}', "neither an image nor"),
        ('{"build": {"dockerfile": "Dockerfile", "context": "../.."}}', "which the tree does not have"),
    ],
)
def test_a_devcontainer_that_asks_for_more_is_refused(text, reason):
    with pytest.raises(UnsupportedError, match=reason):
        read_blueprint(tree({".devcontainer/devcontainer.json": text}), ".devcontainer/devcontainer.json")
