"""Comparisons as one page with its style and nothing else: no script, and no request to any network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import log

from accelgen import __version__
from accelgen.comparison import words
from accelgen.comparison.compare import Comparison, Step
from accelgen.comparison.words import Cell, Grid
from accelgen.html_page import html_page
from accelgen.surrogates.predict import CONFIDENCE
from accelgen.surrogates.record import TARGETS
from accelgen.templates import fill

REACH = 2.0
"""The drawing of intervals reaches from 1 / this to this, as multiples of the prediction."""

WIDTH, ROW, LABEL = 640, 26, 150
"""Of the drawing, in pixels."""


def to_html(comparisons: Sequence[Comparison], failures: Sequence[str] = ()) -> str:
    """The page. Names from projects are text to it, and its own policy allows no script and no request.

    ``failures`` say which folders could not be read.
    """
    heading = words.title(comparisons[0]) if len(comparisons) == 1 else f"{len(comparisons)} projects"
    parts = []
    if len(comparisons) > 1:
        parts.append(f"<section>{_table(words.summary(comparisons))}</section>")
    if failures:
        unread = "".join(f"<li>not read: {escape(failure)}</li>" for failure in failures)
        parts.append(f"<section><ul>{unread}</ul></section>")
    parts += [_project(comparison) for comparison in comparisons]
    body = fill(
        "report/page.html",
        heading=escape(heading),
        body="\n".join(parts),
        confidence=f"{CONFIDENCE:.0%}",
        outside=words.OUTSIDE,
        version=escape(__version__),
    )
    return html_page(heading, "report/page.css", body)


def _project(comparison: Comparison) -> str:
    layers = words.layers(comparison)
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in words.verdicts(comparison))
    return (
        f"<section><h2>{escape(words.title(comparison))}</h2><p>{escape(str(comparison.folder))}</p>"
        f"{_table(words.totals(comparison))}<ul>{sentences}</ul>"
        f"{''.join(_drawing(step) for step in comparison.steps if step.measured)}"
        f"{'' if layers is None else _table(layers)}</section>"
    )


def _table(grid: Grid) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in grid.columns)
    rows = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in grid.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cells(row: Sequence[Cell]) -> Iterator[str]:
    yield f'<th scope="row">{escape(str(row[0]))}</th>'
    for cell in row[1:]:
        text = "-" if cell is None else f"{cell:,}" if isinstance(cell, int | float) else cell
        mark = ' class="outside"' if text.endswith(f" {words.OUTSIDE}") else ""
        yield f"<td{mark}>{escape(text)}</td>"


def _drawing(step: Step) -> str:
    """Each target's interval as a bar about the prediction, and the measurement as a dot; scales are logs."""
    total = step.estimate.total
    targets = [target for target in TARGETS if step.measured.get(target) and total[target].value]
    if not targets:
        return ""
    height = ROW * len(targets) + 24
    middle = LABEL + (WIDTH - LABEL) / 2
    label = f"{step.name}: measurements in the predicted intervals"
    lines = [
        f"<figure><figcaption>{escape(step.name)}, measured / predicted</figcaption>",
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {height}">',
        f'<line class="axis" x1="{middle:g}" x2="{middle:g}" y1="0" y2="{height - 20}"/>',
    ]
    for number, target in enumerate(targets):
        figure, y = total[target], ROW * number + ROW / 2
        low, high = (_place(end / figure.value) for end in (figure.low, figure.high))
        place = _place(step.measured[target] / figure.value)
        kind = "dot" if step.within(target) else "dot outside"
        lines += [
            f'<text x="0" y="{y + 4:g}">{escape(words.NAMES[target])}</text>',
            f'<rect x="{low:.1f}" y="{y - 5:g}" width="{max(1.0, high - low):.1f}" height="10"/>',
            f'<circle class="{kind}" cx="{place:.1f}" cy="{y:g}" r="4"/>',
        ]
    for share, anchor in ((1 / REACH, "start"), (1.0, "middle"), (REACH, "end")):
        at = f'x="{_place(share):.1f}" y="{height - 4}" text-anchor="{anchor}"'
        lines.append(f'<text class="tick" {at}>{share:g}</text>')
    return "".join([*lines, "</svg></figure>"])


def _place(share: float) -> float:
    """Where a multiple of the prediction stands; those beyond the drawing stand at its end."""
    reach = log(REACH)
    position = log(share) / reach if share > 0 else -1.0
    return LABEL + (WIDTH - LABEL) * (min(1.0, max(-1.0, position)) + 1) / 2
