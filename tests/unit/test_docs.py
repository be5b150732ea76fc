"""The documentation is true: what it names exists, and what must be in it is."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtrail.cli import _COMMANDS
from fixtrail.settings import _ENVIRONMENT, _REPOSITORY_MAY_SET, Settings
from fixtrail_protocol.qa import Verdict
from fixtrail_protocol.rpc import NOTIFICATIONS, REQUESTS
from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")

CODE_SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?:\]\(|src=\")([^)\"\s]+)[)\"]")
ERROR_CODE = re.compile(r"[a-z]+(-[a-z]+)*/[a-z]+(-[a-z]+)*")
NO_ERROR = re.compile(r"(application|text|image|multipart)/.*")
"""Media types look like error codes and are none."""
TOP = ("daemon/", "protocol/", "vscode-extension/", "sample_repo/", "tests/", "scripts/", "docs/", ".ci/")
TABLE_CODE = re.compile(r"^\| `([a-z-]+(?:/[a-z-]+)?)` \|", re.MULTILINE)


def first_cells(page: str) -> list[str]:
    """Return what stands as code at the beginning of each table row."""
    return TABLE_CODE.findall((ROOT / page).read_text(encoding="utf-8"))


def raised_codes() -> Iterator[tuple[str, str]]:
    """Yield every error code in the daemon, with the file it stands in."""
    methods = {*REQUESTS, *NOTIFICATIONS}
    for path in sorted((ROOT / "daemon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            text = node.value
            if ERROR_CODE.fullmatch(text) and text not in methods and not NO_ERROR.fullmatch(text):
                yield text, str(path.relative_to(ROOT))


def test_every_error_code_is_on_the_page_of_errors():
    documented = set(first_cells("docs/errors.md"))
    missing = {code: place for code, place in raised_codes() if code not in documented}
    assert not missing


def test_no_error_code_is_on_the_page_that_the_daemon_does_not_know():
    known = {code for code, _ in raised_codes()} | {"internal"}
    assert [code for code in first_cells("docs/errors.md") if code not in known] == []


def test_no_error_code_is_on_the_page_twice():
    documented = first_cells("docs/errors.md")
    assert sorted(documented) == sorted(set(documented))


def named_paths(text: str) -> Iterator[str]:
    """Yield what a page writes as code and what begins like a path of the repository (``daemon/gone`` is an error)."""
    codes = {code for code, _ in raised_codes()}
    for span in CODE_SPAN.findall(FENCE.sub("", text)):
        if span.startswith(TOP) and " " not in span and span not in codes:
            yield span


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_test_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    missing = []
    for named in named_paths(text):
        place, _, function = named.partition("::")
        found = sorted(ROOT.glob(place.rstrip("/"))) if "*" in place else [ROOT / place]
        exists = bool(found) and all(path.exists() for path in found)
        if exists and function:
            exists = f"def {function}(" in found[0].read_text(encoding="utf-8")
        if not exists:
            missing.append(named)
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    local = [link.partition("#")[0] for link in LINK.findall(text) if "://" not in link and not link.startswith("#")]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*)\s*:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert named - targets == set()


def test_every_command_is_in_the_readme_and_no_other():
    rows = re.findall(r"^\| `fixtrail ([a-z-]+)` \|", README, re.MULTILINE)
    assert rows == list(_COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    fenced = "\n".join(FENCE.findall(text))
    named = set(re.findall(r"(?:`|bin/)fixtrail ([a-z-]+)", text)) | set(re.findall(r"(?m)^fixtrail ([a-z-]+)", fenced))
    assert named - _COMMANDS.keys() == set()


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the name of every setting, as it is written in a settings file."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_names(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_setting_is_in_the_readme_with_its_variables():
    rows = re.findall(r"^\| `([a-z_.]+)`( ●)? \|([^|]*)\|", README, re.MULTILINE)
    documented = {name: set(CODE_SPAN.findall(variables)) for name, _, variables in rows}
    expected: dict[str, set[str]] = {name: set() for name in setting_names(Settings)}
    for variable, place in _ENVIRONMENT.items():
        expected[".".join(place)].add(variable)
    assert {name: documented.get(name) for name in expected} == expected
    assert {name for name, mark, _ in rows if mark} == {".".join(place) for place in _REPOSITORY_MAY_SET}


def test_every_verdict_is_explained():
    assert [verdict for verdict in Verdict.__args__ if f"`{verdict}`" not in README] == []


def test_every_method_is_on_the_page_of_editors():
    page = (ROOT / "docs/editors.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^(?:\| |- )`(trace/[a-zA-Z]+)`", page, re.MULTILINE))
    assert explained == {*REQUESTS, *NOTIFICATIONS}


def test_every_promise_names_a_test_or_says_that_it_is_not_kept():
    text = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    promises = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [promise.split(".")[0] for promise in promises] == [str(number) for number in range(1, 8)]
    for promise in promises:
        assert "Not yet" in promise or re.search(r"`(tests|vscode-extension/test)/[^`]+`", promise), promise


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_holds_no_path_of_somebodys_machine(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?:^|[\s`(\"'=])(/(?:home|root|Users|work|mnt)/\S*)", text) == []


DRIVE_NEOVIM = """
local function settle()
  assert(vim.wait(20000, function()
    local client = vim.lsp.get_client_by_id(1)
    return client and client.initialized and vim.tbl_isempty(client.requests)
  end), "the daemon did not answer")
end
dofile("init.lua")
vim.cmd("edit calc.py")
settle()
vim.cmd("TraceStart")
settle()
vim.api.nvim_buf_set_lines(0, 0, 1, false, { "answer = 42" })
vim.cmd("write")
vim.cmd("TraceReason it must be forty-two")
settle()
vim.cmd("qa!")
"""


@pytest.mark.editor
def test_the_sample_for_neovim_records_an_edit_and_a_thought(tmp_path):
    page = (ROOT / "docs/editors.md").read_text(encoding="utf-8")
    [sample] = re.findall(r"^```lua\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "init.lua").write_text(sample, encoding="utf-8")
    (tmp_path / "drive.lua").write_text(DRIVE_NEOVIM, encoding="utf-8")
    (tmp_path / "calc.py").write_text("answer = 41\n", encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    run = {"cwd": tmp_path, "env": os.environ | {"PATH": path}, "capture_output": True, "text": True, "timeout": 90}
    neovim = ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "+luafile drive.lua", "+cquit"]
    done = subprocess.run(neovim, **run)
    assert done.returncode == 0, done.stderr
    shown = subprocess.run([sys.executable, "-m", "fixtrail", "show", "--json"], check=True, **run)
    events = json.loads(shown.stdout)["events"]
    [edit] = [event for event in events if event["event_type"] == "code_edit"]
    assert "-answer = 41\n+answer = 42\n" in edit["data"]["diff"]
    [thought] = [event for event in events if event["event_type"] == "reasoning_step"]
    assert thought["data"]["content"] == "it must be forty-two"
