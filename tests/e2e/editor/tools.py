"""What an editor test needs installed: Node, code-server, a browser, the packages and the packaged extension."""

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Tools:
    """What ``scripts/setup-editors`` installs."""

    node_bin: Path
    code_server: Path
    chromium: Path

    @classmethod
    def find(cls) -> "Tools":
        """Look in the environment, then where the script puts them.

        Raises
        ------
        RuntimeError
            They are not installed. Not a skip: an editor test that does not run proves nothing.
        """
        names = ("FIXTRAIL_NODE_BIN", "FIXTRAIL_CODE_SERVER", "FIXTRAIL_CHROMIUM")
        found = {name: os.environ[name] for name in names if os.environ.get(name)}
        if len(found) < len(names):
            script = [str(ROOT / "scripts" / "setup-editors"), "--print-env"]
            printed = subprocess.run(script, capture_output=True, text=True, check=False)
            if printed.returncode != 0:
                raise RuntimeError(f"run scripts/setup-editors first: {printed.stderr.strip()}")
            for line in printed.stdout.splitlines():
                name, _, value = line.removeprefix("export ").partition("=")
                found.setdefault(name, shlex.split(value)[0])
        return cls(*(Path(found[name]) for name in names))

    def environment(self) -> dict[str, str]:
        """Return an environment in which ``node`` and ``npm`` are the ones that were installed."""
        return os.environ | {"PATH": f"{self.node_bin}{os.pathsep}{os.environ['PATH']}"}

    def npm(self, folder: Path, *arguments: str) -> None:
        """Run npm in a folder; its output is shown when it fails."""
        done = subprocess.run(
            [self.node_bin / "npm", *arguments],
            cwd=folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"npm {' '.join(arguments)} failed in {folder}:\n{done.stdout}\n{done.stderr}")

    def install_packages(self, folder: Path) -> None:
        """Install a folder's locked packages, unless they are there."""
        present, wanted = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
        if not present.exists() or present.stat().st_mtime < wanted.stat().st_mtime:
            self.npm(folder, "ci", "--no-audit", "--no-fund")

    def package_extension(self) -> Path:
        """Package the extension as it is now, or take the file that FIXTRAIL_VSIX names."""
        if named := os.environ.get("FIXTRAIL_VSIX"):
            return Path(named).resolve()
        folder = ROOT / "vscode-extension"
        self.install_packages(folder)
        self.npm(folder, "run", "package")
        return folder / "fixtrail.vsix"
