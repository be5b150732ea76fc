"""The parts of the HTML report above the timeline: verdict, score, facts, and the receipts behind them."""

import base64
import hashlib
from importlib import resources
from typing import Any

from fixtrail_protocol.qa import Limits, QaResults, Reasoning, TestRun
from fixtrail_protocol.trace import TraceHeader

from fixtrail.report import judgement_html, markup
from fixtrail.report.judgement import cost_words
from fixtrail.report.markup import chip, code, fold, tag, text
from fixtrail.report.timeline import event_link
from fixtrail.report.words import (
    clip,
    consent_words,
    counts,
    dimensions,
    duration,
    label,
    limits_words,
    no_score,
    plural,
    seconds_between,
    title,
    verdict,
)

_CASES = 200
_LIMITS = {"memory_bytes": "Memory", "cpus": "CPUs", "pids": "Processes", "timeout_seconds": "Seconds"}
_SYMBOLS = {"good": "✓", "bad": "✗", "none": "?"}


def opening(header: TraceHeader) -> str:
    """Return the page up to its body. Nothing is loaded, no script runs, and the one style sheet is named by hash."""
    style = resources.files("fixtrail.report").joinpath("report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{text(title(header))}</title><style>{style}</style></head><body>\n"
    )


def heading(header: TraceHeader, events: int) -> str:
    """Return what the trace is about, in two lines."""
    when = header.start_time[:16].replace("T", " ")
    took = duration(seconds_between(header.start_time, header.end_time)) or "not finalized"
    parts = [clip(header.repo.branch or "", 120), f"{when} UTC", took, plural(events, "event")]
    line = " · ".join(text(part) for part in parts if part)
    return f'<header><p class="eyebrow">fixtrail</p><h1>{text(title(header))}</h1><p class="sub">{line}</p></header>\n'


def cards(results: QaResults, cited: dict[str, int]) -> str:
    """Return the verdict and the score, side by side."""
    return f'<div class="cards">{_verdict_card(results)}{_score_card(results, cited)}</div>\n'


def _verdict_card(results: QaResults) -> str:
    found = verdict(results)
    run = results.tests
    command = f'<p class="quiet">{code(clip(" ".join(run.command), 300))}</p>' if run and run.command else ""
    if run and (place := limits_words(run)):
        command += f'<p class="quiet">{text(clip(place, 300))}</p>'
    badge = f'<p class="badge {found.tone}"><span aria-hidden="true">{_SYMBOLS[found.tone]}</span> {found.words}</p>'
    return tag("section", f"<h2>Tests</h2>{badge}<p>{text(clip(found.detail, 600))}</p>{command}", "card")


def _score_card(results: QaResults, cited: dict[str, int]) -> str:
    if results.reasoning_score is None:
        reason = results.reasoning.reason if results.reasoning and results.reasoning.reason else ""
        body = f'<p class="badge none">No score</p><p>{text(no_score(results).capitalize())}.</p>'
        return tag("section", f'<h2>Reasoning</h2>{body}<p class="quiet">{text(clip(reason, 600))}</p>', "card")
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th><td>{markup.bar(score)}</td><td class="number">{score:.2f}</td></tr>'
        for name, score in dimensions(results).items()
    )
    feedback = f'<p dir="auto">{text(clip(results.reasoning_feedback or "", 4000))}</p>'
    links = "".join(f"{link} " for event_id in cited if (link := event_link(event_id, cited)))
    rests = f'<p class="quiet">Rests on {links}</p>' if links else ""
    score = f'<p class="score"><b>{results.reasoning_score:.1f}</b> of 5</p>'
    score += judgement_html.remark_chips(results.reasoning)
    rests += judgement_html.evidence(results, cited)
    return tag("section", f'<h2>Reasoning</h2>{score}<table class="bars">{rows}</table>{feedback}{rests}', "card")


def facts(header: TraceHeader) -> str:
    """Return what a reader wants to know of a trace, as a list of terms."""
    consent = "".join(
        chip(words, "given" if given else "denied") for words, given in consent_words(header.consent).items()
    )
    rebuilt = header.reconstruction
    state = {True: "verified", False: "does not match", None: "not tried"}[rebuilt.verified if rebuilt else None]
    proof = rebuilt.reason if rebuilt and rebuilt.verified is None and rebuilt.reason else state
    rows = {
        "Repository": _words(header.repo.url or header.repo.name),
        "Branch": _code(header.repo.branch),
        "Commit before": _object_id(header.repo.commit_before),
        "Commit after": _object_id(header.repo.commit_after),
        "Test command": _code(header.repo.test_command),
        "Developer": _words(header.developer_id),
        "Editor": _words(f"{header.editor.name} {header.editor.version or ''}") if header.editor else "",
        "Recorded by": _words(f"{header.tool.name} {header.tool.version}") if header.tool else "",
        "Gaps": _words(f"{header.capture.gaps:,}") if header.capture else "",
        "Rebuilt code": _words(proof.capitalize()),
        "Consent": consent,
        "Trace": _code(header.trace_id),
    }
    return f"<section><h2>Facts</h2>{_terms(rows)}</section>\n"


def receipts(results: QaResults) -> str:
    """Return how the tests were run and how the reasoning was judged, folded."""
    found = results.comparison
    runs = {
        "How the tests were run": results.tests,
        "How the tests were run on the code before the fix": found.before if found else None,
        "How the tests of before the fix were run": found.original if found else None,
    }
    receipts = [_test_receipt(title, run) for title, run in runs.items() if run is not None]
    return "".join(receipts) + (_judge_receipt(results.reasoning) if results.reasoning else "")


def _test_receipt(title: str, run: TestRun) -> str:
    rows = {
        "Verdict": _words(label(run.verdict)),
        "Result": _words(counts(run, run.exit_code)),
        "Command": _code(" ".join(run.command)),
        "Tree tested": _object_id(run.tree),
        "Image": _code(run.image),
        "Image digest": _code(run.image_digest),
        "Engine": _words(run.engine),
        "Reached at": _code(run.endpoint),
        "Versions": _words(", ".join(f"{name} {value}" for name, value in (run.versions or {}).items()) or None),
        "Started": _words(run.started),
        "Ended": _words(run.ended),
    }
    body = _terms(rows) + _limits(run.limits, run.limits_enforced) + _cases(run)
    if run.output:
        body += markup.output(run.output, name="Test output", left_out=run.output_dropped_bytes)
    return fold(title, body) + "\n"


def _limits(asked: Limits | None, enforced: Limits | None) -> str:
    if asked is None and enforced is None:
        return ""
    names = [
        name for name in Limits.model_fields if any(getattr(part, name, None) is not None for part in (asked, enforced))
    ]
    rows = "".join(
        f'<tr><th scope="row">{text(_LIMITS.get(name) or label(name))}</th><td>{text(_limit(name, asked))}</td>'
        f"<td>{text(_limit(name, enforced))}</td></tr>"
        for name in names
    )
    head = "<tr><th>Limit</th><th>asked for</th><th>enforced</th></tr>"
    return f'<table class="limits"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def _limit(name: str, limits: Limits | None) -> str:
    value: Any = getattr(limits, name, None)
    if value is None:
        return "not known"
    if name == "memory_bytes":
        return f"{value / 1024**2:,.0f} MiB"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _cases(run: TestRun) -> str:
    cases = sorted(run.cases or [], key=lambda case: case.outcome == "passed")
    tones = {"passed": "good", "failed": "bad", "error": "bad", "skipped": ""}
    shown = "".join(
        f"<li>{chip(case.outcome, tones[case.outcome])} {code(clip(case.name, 300))}"
        + (f'<pre dir="ltr">{text(clip(case.message, 2000))}</pre>' if case.message else "")
        + "</li>"
        for case in cases[:_CASES]
    )
    more = f"<li>… and {len(cases) - _CASES:,} more</li>" if len(cases) > _CASES else ""
    return fold(plural(len(cases), "test"), f'<ul class="cases">{shown}{more}</ul>') if cases else ""


def _judge_receipt(reasoning: Reasoning) -> str:
    usage = reasoning.usage
    rows = {
        "Status": _words(label(reasoning.status)),
        "Reason": _words(reasoning.reason),
        "Model": _words(reasoning.model),
        "Endpoint": _words(reasoning.endpoint),
        "Steps read": _words(reasoning.steps),
        "Mode": _words(reasoning.mode),
        "Events read": _words(reasoning.events),
        "Events left out": _words(reasoning.events_left_out or None),
        "Samples": _words(reasoning.samples),
        "Spread": _words(reasoning.spread),
        "Temperature": _words(reasoning.temperature),
        "Tokens": _words(f"{usage.prompt:,} in, {usage.completion:,} out") if usage else "",
        "Cost": _words(cost_words(reasoning)),
        "Latency": _words(duration(reasoning.latency_ms / 1000)) if reasoning.latency_ms is not None else "",
        "Rubric": _words(reasoning.rubric),
        "Fingerprint": _code(reasoning.fingerprint),
        "Prompt": _code(reasoning.prompt_hash),
    }
    return fold("How the reasoning was judged", _terms(rows) + judgement_html.models(reasoning.models)) + "\n"


def _words(value: object) -> str:
    return "" if value is None else text(clip(str(value), 600))


def _code(value: str | None) -> str:
    return code(clip(value, 600)) if value else ""


def _object_id(value: str | None) -> str:
    return f'<span title="{text(clip(value, 200))}">{code(value[:12])}</span>' if value else ""


def _terms(rows: dict[str, str]) -> str:
    body = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows.items() if value)
    return f"<dl>{body}</dl>"
