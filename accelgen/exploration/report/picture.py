"""front.png: the front for a paper or a slide."""

from __future__ import annotations

import io
from typing import Any

from accelgen.estimation import Figure
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.report.figures import (
    Quantity,
    figures_of,
    limit_lines,
    telling_quantities,
    variant_of,
)

WIDE = 12
"""Values that span more than this many times their least are drawn logarithmically."""

NEAR = 2.5
"""A limit this many times beyond the largest value is still drawn."""

AMBER, RED = "#d97706", "#c22f2f"

SERIES = (
    ("o", "#1d5fbf"),
    ("s", "#00805c"),
    ("^", "#a3458b"),
    ("D", "#7a5bd0"),
    ("v", "#0e7f99"),
    ("P", "#6b6b13"),
)
"""Shape and colour of each variant's marks, as on the page."""

FEW = 60
"""Up to so many designs, intervals are drawn; those of more would hide the designs."""


def to_png(exploration: Exploration) -> bytes:
    """The front over its two axes, with intervals, limits and the recommended design.

    Hollow marks are designs unlike those that estimates were learned from; other shapes and colours are other
    parts, io types or clock periods. The same exploration gives the same bytes with the same matplotlib.

    Raises:
        ImportError: matplotlib is missing.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    figures = [figures_of(candidate) for candidate in exploration.candidates]
    known = {entry.name: entry for entry in telling_quantities(exploration, figures)}
    limits = limit_lines(exploration)
    across, up = (known.get(name, Quantity(name, name)) for name in exploration.axes)
    designs = [
        (candidate, own[across.name], own[up.name])
        for candidate, own in zip(exploration.candidates, figures, strict=True)
        if across.name in own and up.name in own
    ]
    with rc_context({"font.size": 10, "axes.axisbelow": True}):
        canvas = Canvas(figsize=(6.4, 4.4), layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots()
        _draw(axes, designs, exploration.best)
        _scale(axes, "x", across, [x for _, x, _ in designs], limits.get(across.name))
        _scale(axes, "y", up, [y for _, _, y in designs], limits.get(up.name))
        axes.set_xlabel(across.label)
        axes.set_ylabel(up.label)
        axes.set_title(f"{exploration.network} on {exploration.board}", parse_math=False)
        axes.grid(visible=True, alpha=0.25)
        if designs:
            canvas.legend(loc="outside lower center", ncols=3, fontsize="small", frameon=False)
        file = io.BytesIO()
        canvas.savefig(file, format="png", dpi=200, metadata={"Software": None})
    return file.getvalue()


def _draw(axes: Any, designs: list[tuple[Candidate, Figure, Figure]], best: str) -> None:
    """The designs: one call for each kind of mark, and what they mean for the legend."""
    few = len(designs) <= FEW
    variant = variant_of([candidate for candidate, _, _ in designs])
    variants = list(dict.fromkeys(variant(candidate) for candidate, _, _ in designs))
    marks: dict[tuple[bool, int, bool], list[tuple[Figure, Figure]]] = {}
    for candidate, x, y in designs:
        series = variants.index(variant(candidate)) % len(SERIES)
        kind = (candidate.name == best, series, not candidate.estimate.in_domain)
        marks.setdefault(kind, []).append((x, y))
    for kind in sorted(marks):
        xs, ys = zip(*marks[kind], strict=True)
        drawn = axes.errorbar(
            [x.value for x in xs],
            [y.value for y in ys],
            xerr=_bars(xs) if few else None,
            yerr=_bars(ys) if few else None,
            elinewidth=0.8,
            zorder=3 if kind[0] else 2,
            **_look(*kind, few=few),
        )
        for bar in drawn.lines[2]:
            bar.set_alpha(0.35)
    legend = [(name, (False, place % len(SERIES), False)) for place, name in enumerate(variants)]
    if len(variants) == 1:
        legend = [("design", kind) for kind in marks if kind == (False, 0, False)]
    legend += [("recommended", kind) for kind in marks if kind[0]]
    if any(hollow for _, _, hollow in marks):
        legend.append(("unlike the training data", (False, 0, True)))
    for label, kind in legend:
        axes.plot([], [], label=label, **_look(*kind, few=True))


def _look(best: bool, series: int, hollow: bool, *, few: bool) -> dict[str, Any]:
    """The mark of a kind of designs, as matplotlib calls it."""
    shape, color = SERIES[series]
    color = AMBER if best else color
    return {
        "linestyle": "none",
        "marker": shape,
        "color": color,
        "markersize": 9 if best else 6 if few else 3,
        "markerfacecolor": "white" if hollow else color,
    }


def _bars(figures: tuple[Figure, ...]) -> list[list[float]]:
    """What intervals reach below and above values, none of it where rounding puts a value outside."""
    return [
        [max(0.0, one.value - one.low) for one in figures],
        [max(0.0, one.high - one.value) for one in figures],
    ]


def _subdivisions(ratio: float) -> tuple[int, ...]:
    """Where a decade of an axis that spans such a ratio is numbered: numbers do not run into each other."""
    return (1, 2, 5) if ratio <= 300 else (1, 3) if ratio <= 2000 else (1,)


def _scale(axes: Any, axis: str, entry: Quantity, figures: list[Figure], limit: float | None) -> None:
    """Scale an axis, logarithmically where what is drawn differs widely, and draw a limit that is near."""
    from matplotlib.ticker import LogLocator, NullFormatter

    own = getattr(axes, f"{axis}axis")
    drawn = [figure.value for figure in figures]
    if limit is not None and limit <= NEAR * max(drawn, default=0):
        line = axes.axvline if axis == "x" else axes.axhline
        text = f"limit {limit:,.10g} {entry.unit or entry.title}"
        line(limit, color=RED, linestyle="--", linewidth=1.2, label=text)
    if len(figures) <= FEW:
        drawn += [end for figure in figures for end in (figure.low, figure.high)]
    if drawn and 0 < WIDE * min(drawn) < max(drawn):
        getattr(axes, f"set_{axis}scale")("log")
        own.set_major_locator(LogLocator(subs=_subdivisions(max(drawn) / min(drawn))))
        own.set_minor_formatter(NullFormatter())
    own.set_major_formatter("{x:,.10g}")
