"""Finalize: write the tree, run its tests in the sandbox while the judge reads, store and export the result.

Nothing is stored before everything is known, so a finalize that is cancelled or dies leaves the trace open.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from fixtrail_protocol.base import DocumentModel, now
from fixtrail_protocol.commands import CommandError, parse_test_command
from fixtrail_protocol.process import Process
from fixtrail_protocol.qa import QaResults, Reasoning, TestRun
from fixtrail_protocol.rpc import FinalizeResult
from fixtrail_protocol.trace import Capture

from fixtrail.capture.recorder import Recorder
from fixtrail.delivery.json_export import export_json
from fixtrail.keys import with_judge_key
from fixtrail.privacy.gate import Gate
from fixtrail.qa.evidence.label import label
from fixtrail.qa.evidence.reading import assess_timeline, read_timeline
from fixtrail.qa.evidence.timeline import Timeline
from fixtrail.qa.judge import JudgeCache, judge_trace
from fixtrail.qa.testfiles import patterns_of_tests
from fixtrail.qa.verdict import Assessment, Fixed, assess_tests
from fixtrail.replay.verify import verify_trace
from fixtrail.report.html import write_html_report
from fixtrail.settings import Settings
from fixtrail.store.chain import seal
from fixtrail.store.git import git_line
from fixtrail.store.layout import DataDirectory
from fixtrail.store.tree import TreeStore, open_tree_store

SNIPPET_CHARACTERS = 2_000
"""Tail of the test output that goes into the 1.0 field ``test_output_snippet``."""

Progress = Callable[[str, int | None], None]
Part = TypeVar("Part", bound=DocumentModel)


async def finalize_trace(
    recorder: Recorder, data: DataDirectory, settings: Settings, progress: Progress, *, resume_state: str
) -> FinalizeResult:
    """Score a trace, end it, and write its document and report into the exports folder.

    Parameters
    ----------
    progress
        Told what is being done, and how far the whole is, in per cent.
    resume_state
        State to go back to when this does not come to its end.

    Raises
    ------
    FixtrailError
        The workspace's tree cannot be written, or the results cannot be stored. The trace stays open.
    asyncio.CancelledError
        Cancelled: the container is gone, the trace stays open.
    """
    progress("Writing down the last edits", 2)
    await recorder.settle()
    consent = recorder.header.consent
    # After code was forgotten or its consent changed there is no proof, and contents are not kept for one.
    kept = consent is not None and consent.code and not (recorder.code is not None and recorder.code.store.temporary)
    keep = data.tree_folder(recorder.trace_id) if kept else None
    guard = recorder.code.store.guard if recorder.code is not None else None
    with open_tree_store(recorder.workspace.root, keep, settings.capture.exclude, guard) as store:
        progress("Rebuilding the code from the trace", 5)
        live = recorder.code.scanned if recorder.code is not None and keep is not None else None
        if live is None:
            live = await asyncio.to_thread(store.write)
        proof = await verify_trace(recorder.writer.path, store, tree=live)
        # What is tested is what the trace rebuilds; only where it rebuilds nothing, the workspace as it lies there.
        tree = (proof.replayed if proof.verified else None) or live
        timeline = await read_timeline(
            recorder.writer.path,
            recorder.gate,
            is_test_file=patterns_of_tests(settings.sandbox.test_files),
            consent=consent,
        )
        process = await assess_timeline(timeline)
        tests, reasoning = await _assess(recorder, store, tree, timeline, process, data, settings, progress)
        commit_after = await asyncio.to_thread(_commit_after, store, tree)
    if recorder.gate is not None:
        tests = _redacted(tests, recorder.gate)
    progress("Writing the trace", 95)
    header = recorder.header.model_copy(deep=True)
    header.qa_results = results = _results(tests, reasoning)
    results.process = process
    results.label, results.label_reason = label(results.tests, results.comparison, process, results.reasoning)
    header.repo.commit_after = commit_after
    header.reconstruction = proof
    header.end_time = now()
    before = recorder.header
    recorder.header = header
    try:
        await recorder.record("session_mark", {"mark": "finalized"}, actor="tool")
        header.capture = Capture(events=recorder.writer.events, gaps=recorder.writer.gaps)
        proof.seal = seal(recorder.writer.link, header)
        await recorder.set_state("finalized")
        trace_path = data.exports / f"{recorder.trace_id}.json"
        report_path = data.exports / f"{recorder.trace_id}.html"
        await export_json(recorder.writer.path, trace_path, schema="1.1", gate=recorder.gate)
        await write_html_report(recorder.writer.path, report_path)
    except BaseException:
        recorder.header = before
        await recorder.set_state(resume_state)
        raise
    await recorder.close()
    progress("Done", 100)
    return FinalizeResult(
        trace_id=recorder.trace_id,
        qa_results=header.qa_results,
        trace_path=str(trace_path),
        report_path=str(report_path),
    )


async def _assess(
    recorder: Recorder,
    store: TreeStore,
    tree: str,
    timeline: Timeline,
    process: Process,
    data: DataDirectory,
    settings: Settings,
    progress: Progress,
) -> tuple[Assessment, Reasoning]:
    """Run the tests and ask the judge at the same time: neither waits for the other, nor knows of it."""
    consent = recorder.header.consent
    if consent is not None and consent.judge:
        settings = await asyncio.to_thread(with_judge_key, settings)
    async with asyncio.TaskGroup() as group:
        tests = group.create_task(_run_tests(recorder, store, tree, data, settings, progress))
        reasoning = group.create_task(
            judge_trace(
                timeline,
                process,
                settings.judge,
                consent=consent is not None and consent.judge,
                cache=JudgeCache(data.judgement_path(recorder.trace_id)),
                progress=lambda message: progress(message, None),
            )
        )
    return tests.result(), reasoning.result()


async def _run_tests(
    recorder: Recorder, store: TreeStore, tree: str, data: DataDirectory, settings: Settings, progress: Progress
) -> Assessment:
    from fixtrail.qa.sandbox import in_turn, reap_orphans
    from fixtrail.qa.sandbox.environment import prepare_environment

    command = recorder.header.repo.test_command
    if command is None:
        reason = "The trace has no test command; name one at the start or in the settings."
        return Assessment(TestRun(verdict="unknown", reason=reason, command=[], tree=tree))
    try:
        argv = parse_test_command(command)
    except CommandError as error:
        return Assessment(TestRun(verdict="unknown", reason=str(error), command=[], tree=tree))
    progress("Running the tests", 15)
    baseline = recorder.header.baseline
    fixed = Fixed(store, baseline.tree if baseline is not None else None, tree, argv, recorder.trace_id)

    def say(message: str) -> None:
        progress(message, None)

    async with in_turn(data.queue, settings.sandbox.parallel_runs, progress=say), asyncio.TaskGroup() as group:
        tests = group.create_task(
            assess_tests(
                fixed,
                settings.sandbox,
                progress=say,
                prepare=partial(prepare_environment, argv=argv),
            )
        )
        # What an earlier daemon left behind when it died goes now; this run need not wait for it.
        group.create_task(reap_orphans())
    return tests.result()


def _redacted(found: Assessment, gate: Gate) -> Assessment:
    """The tests saw the whole files, and may have printed what is in them."""

    def hide(part: Part) -> Part:
        return type(part).model_validate(gate.data(part.model_dump(mode="json"))[0])

    return Assessment(
        hide(found.tests),
        hide(found.environment) if found.environment is not None else None,
        hide(found.comparison) if found.comparison is not None else None,
    )


def _results(found: Assessment, reasoning: Reasoning) -> QaResults:
    """Put the five fields of 1.0 before what they rest on. Only a run that came to an end passes or fails."""
    tests = found.tests
    passed = {"passed": True, "failed": False}.get(tests.verdict)
    output = tests.output or tests.reason
    return QaResults(
        tests_passed=passed,
        test_exit_code=tests.exit_code,
        test_output_snippet=output[-SNIPPET_CHARACTERS:] if output else None,
        reasoning_score=reasoning.score,
        reasoning_feedback=reasoning.feedback,
        tests=tests,
        environment=found.environment,
        comparison=found.comparison,
        reasoning=reasoning,
    )


def _commit_after(store: TreeStore, tree: str) -> str:
    """Return HEAD when the tree that was tested is HEAD's, else the tree's own id."""
    head = git_line("rev-parse", "--verify", "--quiet", "HEAD", cwd=store.workspace)
    return head if head and store.tree_of_commit(head) == tree else tree
