"""A real VS Code for tests: code-server with the packaged extension, and a browser that is driven through it."""

import contextlib
import json
import os
import queue
import re
import shlex
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import psutil

from tests.e2e.editor.tools import ROOT, Tools

HERE = Path(__file__).parent
ARTIFACTS = ROOT / "artifacts"
FIXTRAIL = Path(sys.executable).with_name("fixtrail")

START_SECONDS = 60
ACTION_SECONDS = 90
"""The driver gives up by itself before, and says what it waited for."""

USER_SETTINGS = {
    "chat.disableAIFeatures": True,
    "editor.acceptSuggestionOnEnter": "off",
    "editor.autoClosingBrackets": "never",
    "editor.autoClosingQuotes": "never",
    "editor.autoIndent": "none",
    "editor.minimap.enabled": False,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "editor.suggestOnTriggerCharacters": False,
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "files.autoSave": "off",
    "git.openRepositoryInParentFolders": "never",
    "telemetry.telemetryLevel": "off",
    "terminal.integrated.defaultProfile.linux": "bash",
    # Drawn as text, so that what is on the screen can be read.
    "terminal.integrated.gpuAcceleration": "off",
    "terminal.integrated.stickyScroll.enabled": False,
    "window.restoreWindows": "none",
    "workbench.reduceMotion": "on",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
}


class Driver:
    """The browser: each method of ``workbench.ts`` is a method here."""

    def __init__(self, tools: Tools) -> None:
        self._process = subprocess.Popen(
            [tools.node_bin / "node", HERE / "driver.ts"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=tools.environment() | {"FIXTRAIL_CHROMIUM": str(tools.chromium)},
            text=True,
        )
        self._answers: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._output:
            self._answers.put(line)
        self._answers.put("")

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        first, *rest = name.split("_")
        action = first + "".join(word.capitalize() for word in rest)
        return lambda *arguments: self._do(action, *arguments)

    def _do(self, action: str, *arguments: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"action": action, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._answers.get(timeout=ACTION_SECONDS)
        if not answer:
            raise RuntimeError(f"the driver ended with {self._process.wait()}")
        outcome = json.loads(answer)
        if "error" in outcome:
            raise RuntimeError(f"{action}{arguments}: {outcome['error']}")
        return outcome["result"]

    def close_browser(self) -> None:
        """End the browser and its driver."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            end_tree(self._process.pid)
            self._process.wait()
        self._reader.join(timeout=5)
        self._output.close()


class Editor(Driver):
    """A VS Code window with a folder open."""

    def __init__(self, tools: Tools, home: Path, server_pid: int, name: str) -> None:
        super().__init__(tools)
        self.home = home
        self._server_pid = server_pid
        self._name = name

    def picture(self, moment: str) -> None:
        """Keep a screenshot."""
        ARTIFACTS.mkdir(exist_ok=True)
        self.screenshot(str(ARTIFACTS / f"{self._name}-{moment}.png"))

    def daemons(self) -> list[psutil.Process]:
        """Return the fixtrail daemons that this editor started."""
        found = []
        for process in psutil.Process(self._server_pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                words = process.cmdline()
                if words and words[-1] == "serve" and any("fixtrail" in word for word in words):
                    found.append(process)
        return found

    def wait_for_new_daemon(self, but: int) -> int:
        """Wait until a daemon runs that is not the one with process id ``but``; return its process id."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if pids := [process.pid for process in self.daemons() if process.pid != but]:
                return pids[0]
            time.sleep(0.1)
        raise TimeoutError("the daemon was not started again")

    def diagnosis(self) -> str:
        """Say what is to be seen, and what the logs hold."""
        parts = []
        with contextlib.suppress(Exception):  # the failure itself matters more than its report
            self.picture("failure")
            parts.append(json.dumps(self.describe(), indent=1))
        logs = [*self.home.glob("user/logs/**/fixtrail*.log"), *self.home.glob("data/logs/*")]
        for log in (*logs, self.home / "server.log"):
            text = log.read_text(errors="replace") if log.is_file() else ""
            parts.append(f"--- {log.relative_to(self.home)}\n{text[-4000:]}")
        return "\n".join(parts)


def end_tree(pid: int) -> None:
    """End a process and all that it started, however they regrouped themselves."""
    try:
        root = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    family = [*root.children(recursive=True), root]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(family, timeout=10)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _wait_for_server(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the address once the server answers."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        port = re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text())
        with contextlib.suppress(OSError):
            if port:
                address = f"http://127.0.0.1:{port[1]}"
                direct.open(f"{address}/healthz", timeout=5).close()
                return address
        time.sleep(0.1)
    raise RuntimeError(f"code-server did not start:\n{log.read_text()}")


@contextlib.contextmanager
def open_editor(
    tools: Tools, vsix: Path, folder: Path, home: Path, name: str, settings: Mapping[str, Any]
) -> Iterator[Editor]:
    """Open ``folder``, or a workspace file, in a VS Code of its own with the extension installed.

    Parameters
    ----------
    home
        Everything is kept below it: the user's home, the editor's data, fixtrail's data in ``data``.
    name
        Begins the names of the screenshots.
    settings
        Of the machine, beside the path of the daemon.
    """
    for part in ("home", "user/User", "user/Machine", "config"):
        (home / part).mkdir(parents=True)
    (home / "user/User/settings.json").write_text(json.dumps(USER_SETTINGS))
    # A login shell, which VS Code asks for its environment, sets PATH anew.
    path = f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"
    (home / "home/.bashrc").write_text(f"{path}\nPS1='$ '\nexport PYTEST_DISABLE_PLUGIN_AUTOLOAD=1\n")
    machine = {"fixtrail.path": str(FIXTRAIL), **settings}
    (home / "user/Machine/settings.json").write_text(json.dumps(machine))
    # Nothing of an editor that these tests may themselves be run in.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("VSCODE_")}
    for key in ("PORT", "PASSWORD", "PROMPT_COMMAND", "PYTHONPATH"):
        inherited.pop(key, None)
    environment = inherited | {
        "HOME": str(home / "home"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "config"),
        "FIXTRAIL_HOME": str(home / "data"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    places = ["--extensions-dir", str(home / "extensions"), "--user-data-dir", str(home / "user")]
    subprocess.run(
        [tools.code_server, *places, "--install-extension", vsix], env=environment, check=True, capture_output=True
    )
    log = home / "server.log"
    options = ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [tools.code_server, *places, "--auth", "none", "--bind-addr", "127.0.0.1:0", *options],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    editor: Editor | None = None
    try:
        address = _wait_for_server(server, log)
        editor = Editor(tools, home, server.pid, name)
        kind = "workspace" if folder.suffix == ".code-workspace" else "folder"
        editor.open(f"{address}/?{kind}={urllib.parse.quote(str(folder))}")
        yield editor
    except BaseException as error:
        if editor is not None:
            error.add_note(editor.diagnosis())
        raise
    finally:
        if editor is not None:
            editor.close_browser()
        end_tree(server.pid)
        server.wait()
