"""``fixtrail demo``: a recorded bug fix, played against a real daemon as an editor would, and scored for real."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

import click
import orjson

from fixtrail.cli.demo_editor import DemoEditor
from fixtrail.cli.output import command_body, console, json_option, print_json
from fixtrail.cli.progress import Bar
from fixtrail.cli.record import verdict_exit_code
from fixtrail.cli.rpc import RpcClient
from fixtrail.errors import UnavailableError
from fixtrail.settings import load_settings

_ALL = {"code": True, "terminalOutput": True, "fileViews": True, "judge": True, "upload": False}
_STEP_SECONDS = 0.15
"""Between two steps, so that a person can follow."""
SHUTDOWN_SECONDS = 10.0


def sample_repository() -> Path:
    """Return the folder of the sample repository: packaged, or in the checkout."""
    packaged = Path(str(resources.files("fixtrail.demo"))) / "sample_repo"
    checkout = Path(__file__).resolve().parents[3] / "sample_repo"
    for folder in (packaged, checkout):
        if (folder / "pyproject.toml").is_file():
            return folder
    raise UnavailableError("demo/no-sample", "The sample repository is not installed.", "Reinstall fixtrail.")


def _git(folder: Path, *args: str) -> None:
    identity = ["-c", "user.name=fixtrail demo", "-c", "user.email=demo@fixtrail.invalid"]
    try:
        subprocess.run(["git", *identity, *args], cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        raise UnavailableError("git/missing", "git is not installed.", "Install git.") from None


def make_repository(folder: Path) -> None:
    """Copy the sample into ``folder`` as a git repository with one commit."""
    shutil.copytree(sample_repository(), folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "A ledger that loses a cent")


@contextlib.asynccontextmanager
async def _daemon(home: Path) -> Any:
    environment = {**os.environ, "FIXTRAIL_HOME": str(home)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fixtrail", "serve", stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = RpcClient(process.stdout, process.stdin)
    try:
        yield client
        await client.request("shutdown")
        await client.notify("exit")
        await asyncio.wait_for(process.wait(), SHUTDOWN_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await client.close()


async def _play(editor: DemoEditor, *, quiet: bool) -> None:
    steps = orjson.loads((resources.files("fixtrail.demo") / "session.json").read_bytes())
    screen = console(stderr=True)
    for step in steps:
        if not quiet:
            screen.print(f"  [dim]{editor.describe(step)}[/]", overflow="ellipsis", no_wrap=True)
            await asyncio.sleep(_STEP_SECONDS)
        await editor.perform(step)


@click.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Where to work; by default a temporary folder.")
@json_option
@command_body
async def demo(folder: Path | None, as_json: bool) -> int:
    """Record and score a bug fix, start to end, with the real daemon, sandbox and judge.

    The fix is a recording that is played again; the tests in the sandbox and the score are real. Exit code 0 when
    the tests passed, 1 when they failed, 3 without a verdict (no Docker, say).
    """
    place = folder.resolve() if folder else Path(tempfile.mkdtemp(prefix="fixtrail-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    workspace, home = place / "ledger", place / "home"
    make_repository(workspace)
    settings = load_settings(workspace)
    screen = console(stderr=True)
    if not as_json:
        judge = f"the judge is {settings.judge.model}" if settings.judge.configured else "no judge is configured"
        screen.print(f"[bold]Recording a bug fix[/] in {workspace} ({judge})", soft_wrap=True)
    async with _daemon(home) as client:
        editor = DemoEditor(client, workspace)
        await editor.initialize()
        started = await client.request(
            "trace/start", {"workspaceUri": workspace.as_uri(), "bugId": "LEDGER-1", "consent": _ALL}
        )
        await _play(editor, quiet=as_json)
        await editor.stored()
        with Bar("Finalizing", hidden=as_json) as bar:
            client.on_notification = lambda method, params: (
                bar.update(params["value"]) if method == "$/progress" else editor.take(method, params)
            )
            result = await client.request("trace/finalize", {"workDoneToken": "demo"})
        await client.request("trace/export", {"traceId": started["traceId"], "format": "json-1.0"})
    results = result["qaResults"]
    if as_json:
        print_json(
            {
                "trace_id": result["traceId"],
                "trace_path": result["tracePath"],
                "report_path": result["reportPath"],
                "tests_passed": results["tests_passed"],
                "test_verdict": results["tests"]["verdict"],
                "reasoning_status": results["reasoning"]["status"],
                "reasoning_score": results["reasoning_score"],
                "events": await _count(home, result["traceId"]),
            }
        )
    else:
        from fixtrail.report.terminal import print_report
        from fixtrail.store.layout import DataDirectory

        await print_report(DataDirectory(home).existing_trace(result["traceId"]), console())
        console().print(f"Trace:      {result['tracePath']}", soft_wrap=True)
        console().print(f"Schema 1.0: {result['tracePath'].removesuffix('.json')}.1.0.json", soft_wrap=True)
        console().print(f"Report:     {result['reportPath']}", soft_wrap=True)
        if results["tests_passed"] is None:
            screen.print(f"[yellow]No verdict:[/] {results['tests']['reason']}", soft_wrap=True)
    return verdict_exit_code(results["tests_passed"])


async def _count(home: Path, trace_id: str) -> int:
    from fixtrail.store.layout import DataDirectory
    from fixtrail.store.reader import TraceReader

    async with TraceReader(DataDirectory(home).existing_trace(trace_id)) as reader:
        return (await reader.counts())[0]
