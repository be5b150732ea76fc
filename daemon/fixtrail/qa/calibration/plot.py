"""Draws people against the judge as one SVG that needs nothing else: no library, no script, no font of its own."""

from collections import Counter
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from fixtrail.qa.calibration.labels import Marks, consensus
from fixtrail.qa.calibration.report import TARGETS, TOTAL, Agreement, Calibration, Pair, pairs_of

_SIDE = 200
"""Of a panel's square, in pixels."""
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 58, 22, 48
_CELL = (_LEFT + _SIDE + _RIGHT, _TOP + _SIDE + _BOTTOM)
_COLUMNS = 3
_HEADING = 34
_INSET = 17
"""Between the frame and the ends of the scale: a bubble there covers no number of the axis."""
_LARGEST = {True: 7.0, False: 15.0}
_SMALLEST = 3.0
"""Radius of a bubble, in pixels; of totals (True) there are more places, and closer ones."""
_NUMBERED = 8.0
"""A bubble from this radius on has room for its count."""

# Colours stand in rules, not in variables: some viewers know media queries and no variables.
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.name { font-weight: 600; font-size: 13px; }
.quiet { fill: #59636e; font-size: 11px; }
.page { fill: #ffffff; }
.frame { fill: none; stroke: #8c959f; }
.grid { stroke: #d8dee4; }
.same { stroke: #59636e; stroke-dasharray: 4 3; }
.dot { fill: #0969da; fill-opacity: .55; stroke: #0550ae; }
.count { font-size: 10px; font-weight: 600; text-anchor: middle; dominant-baseline: central; }
.middle { text-anchor: middle; }
.end { text-anchor: end; dominant-baseline: central; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .quiet { fill: #9198a1; }
  .page { fill: #0d1117; }
  .frame { stroke: #656c76; }
  .grid { stroke: #2a313c; }
  .same { stroke: #9198a1; }
  .dot { fill: #388bfd; stroke: #79c0ff; }
}
"""


def draw(people: Iterable[Marks], judge: Iterable[Marks], result: Calibration) -> str:
    """Return an SVG document with a panel for each dimension and one for the total.

    Across is what people gave, up is what the judge gave; the area of a bubble says for how many traces. On the dashed
    line both gave the same.

    Parameters
    ----------
    people, judge
        The marks that ``result`` was made from.
    """
    theirs, its = consensus(people), consensus(judge)
    rows = -(-len(TARGETS) // _COLUMNS)
    width, height = _CELL[0] * _COLUMNS, _CELL[1] * rows + _HEADING
    panels = []
    for place, target in enumerate(TARGETS):
        x, y = place % _COLUMNS * _CELL[0] + _LEFT, place // _COLUMNS * _CELL[1] + _HEADING + _TOP
        panel = _panel(target, pairs_of(theirs, its, target), result.agreement[target])
        panels.append(f'<g transform="translate({x} {y})">{panel}</g>')
    coverage = result.coverage
    heading = f"The judge against people: {coverage.scored} of {coverage.labelled} labelled traces"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{heading}">\n<style>{_STYLE}</style>\n'
        f'<rect class="page" width="{width}" height="{height}"/>\n'
        f'<text class="name" x="{_LEFT}" y="28">{escape(heading)}</text>\n' + "\n".join(panels) + "\n</svg>\n"
    )


def _panel(target: str, pairs: Sequence[Pair], agreement: Agreement) -> str:
    low, high, ticks = (1.0, 5.0, (1, 2, 3, 4, 5)) if target == TOTAL else (0.0, 1.0, (0, 0.25, 0.5, 0.75, 1))

    def along(mark: float) -> float:
        return round(_INSET + (mark - low) / (high - low) * (_SIDE - 2 * _INSET), 1)

    parts = []
    for tick in ticks:
        at = along(tick)
        parts += [
            f'<path class="grid" d="M{at} 0V{_SIDE}M0 {round(_SIDE - at, 1)}H{_SIDE}"/>',
            f'<text class="quiet middle" x="{at}" y="{_SIDE + 16}">{tick:g}</text>',
            f'<text class="quiet end" x="-8" y="{round(_SIDE - at, 1)}">{tick:g}</text>',
        ]
    parts += [
        f'<path class="same" d="M{_INSET} {_SIDE - _INSET}L{_SIDE - _INSET} {_INSET}"/>',
        f'<rect class="frame" width="{_SIDE}" height="{_SIDE}"/>',
        f'<text class="name" y="-28">{escape(target.replace("_", " "))}</text>',
        f'<text class="quiet" y="-12">{escape(_summary(agreement))}</text>',
        f'<text class="quiet middle" x="{_SIDE / 2}" y="{_SIDE + 34}">people</text>',
        f'<text class="quiet middle" transform="translate(-38 {_SIDE / 2}) rotate(-90)">judge</text>',
    ]
    counts = Counter(pairs)
    most = max(counts.values(), default=1)
    # Large ones first, so that a small one beside it is not hidden.
    for (theirs, its), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        radius = round(max(_SMALLEST, _LARGEST[target == TOTAL] * (count / max(most, 4)) ** 0.5), 1)
        words = f"people {theirs:g}, judge {its:g}"
        parts.append(_bubble(along(theirs), round(_SIDE - along(its), 1), radius, count, words))
    return "".join(parts)


def _bubble(x: float, y: float, radius: float, count: int, words: str) -> str:
    traces = f"{count} trace" + ("" if count == 1 else "s")
    number = f'<text class="count" x="{x}" y="{y}">{count}</text>' if radius >= _NUMBERED and count > 1 else ""
    return f'<g><title>{words}: {traces}</title><circle class="dot" cx="{x}" cy="{y}" r="{radius}"/>{number}</g>'


def _summary(agreement: Agreement) -> str:
    kappa = agreement.kappa
    if kappa.value is None:
        return f"n {agreement.n}, no κ"
    ends = "" if kappa.low is None or kappa.high is None else f" [{kappa.low:.2f}, {kappa.high:.2f}]"
    return f"n {agreement.n}, κ {kappa.value:.2f}{ends}"
