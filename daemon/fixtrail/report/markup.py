"""Small pieces of HTML. Everything that comes from a trace passes through :func:`text` here: it is hostile."""

import html

from fixtrail.report.words import clip, visible

OUTPUT_CHARACTERS = 12_000
DIFF_LINES = 240
_LINE_CHARACTERS = 400
_OPEN_LINES = 14


def text(value: object) -> str:
    """Return ``value`` as text for an element or an attribute in double quotes."""
    return html.escape(visible(str(value)), quote=True)


def tag(name: str, content: str, css: str = "") -> str:
    """Return an element around ``content``, which is HTML already."""
    opening = f'{name} class="{css}"' if css else name
    return f"<{opening}>{content}</{name}>"


def code(value: object) -> str:
    """Return ``value`` in the fixed-width face, kept apart from the direction of what stands around it."""
    return f'<code dir="ltr">{text(value)}</code>'


def chip(words: object, css: str = "") -> str:
    """Return a small label."""
    return tag("span", text(words), f"chip {css}".rstrip())


def fold(summary: str, content: str, *, opened: bool = False) -> str:
    """Return ``content`` behind a line that opens it; both are HTML already."""
    return f"<details{' open' if opened else ''}><summary>{summary}</summary>{content}</details>"


def bar(share: float) -> str:
    """Return a bar that is filled to ``share`` (0 to 1). Drawn, not styled: the page allows no style attributes."""
    width = round(min(max(share, 0.0), 1.0) * 100, 1)
    return (
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="6"/>'
        f'<rect class="fill" width="{width}" height="6"/></svg>'
    )


def output(value: str, *, name: str = "Output", failed: bool = False, left_out: int = 0) -> str:
    """Return what a command printed, folded when it is long; of a very long one the head and the tail."""
    value = value.strip("\n")
    lines = value.count("\n") + 1
    if len(value) > OUTPUT_CHARACTERS:
        half = OUTPUT_CHARACTERS // 2
        cut = len(value) - 2 * half
        value = f"{value[:half]}\n\n… {cut:,} characters are not shown here …\n\n{value[-half:]}"
    size = f"{lines:,} line{'' if lines == 1 else 's'}"
    if left_out:
        size += f", {left_out:,} bytes left out when recording"
    summary = f'{text(name)} <span class="quiet">{size}</span>'
    return fold(summary, f'<pre dir="ltr">{text(value)}</pre>', opened=failed or lines <= _OPEN_LINES)


def diff(value: str) -> str:
    """Return a unified diff with its lines coloured; of a very long one the beginning."""
    lines = value.rstrip("\n").split("\n")
    kinds = {"+": "add", "-": "del", "@": "hunk", "\\": "quiet"}
    shown = []
    in_hunk = False
    for line in lines[:DIFF_LINES]:
        in_hunk = in_hunk or line.startswith("@@")
        css = kinds.get(line[:1], "") if in_hunk else "quiet"
        content = text(clip(line, _LINE_CHARACTERS)) or " "
        shown.append(f'<span class="{css}">{content}</span>' if css else f"<span>{content}</span>")
    if len(lines) > DIFF_LINES:
        shown.append(f'<span class="quiet">… {len(lines) - DIFF_LINES:,} more lines are not shown here</span>')
    return f'<pre class="diff" dir="ltr">{"".join(shown)}</pre>'
