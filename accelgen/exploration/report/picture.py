"""front.png: the front for a paper or a slide."""

from __future__ import annotations

import io
from typing import Any

from accelgen.estimation import Figure
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.report.figures import Quantity, figures_of, limit_lines, telling_quantities

WIDE = 12
"""Values that span more than this many times their least are drawn logarithmically."""

NEAR = 2.5
"""A limit this many times beyond the largest value is still drawn."""

BLUE, AMBER, RED = "#1d5fbf", "#d97706", "#c22f2f"

RECOMMENDED = "recommended"

FEW = 60
"""Up to so many designs, intervals are drawn; those of more would hide the designs."""


def to_png(exploration: Exploration) -> bytes:
    """The front over its two axes, with intervals, limits and the recommended design.

    Hollow marks are designs unlike those that estimates were learned from. The same exploration gives the
    same bytes with the same matplotlib.

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
    """The designs: one call for each kind of mark."""
    few = len(designs) <= FEW
    kinds: dict[tuple[str, bool], list[tuple[Figure, Figure]]] = {}
    for candidate, x, y in designs:
        hollow = not candidate.estimate.in_domain
        label = "unlike the training data" if hollow else "design"
        kinds.setdefault((RECOMMENDED if candidate.name == best else label, hollow), []).append((x, y))
    for label, hollow in sorted(kinds):
        xs, ys = zip(*kinds[label, hollow], strict=True)
        color, size, order = (AMBER, 9, 3) if label == RECOMMENDED else (BLUE, 6 if few else 3, 2)
        drawn = axes.errorbar(
            [x.value for x in xs],
            [y.value for y in ys],
            xerr=_bars(xs) if few else None,
            yerr=_bars(ys) if few else None,
            fmt="o",
            color=color,
            markersize=size,
            markerfacecolor="white" if hollow else color,
            elinewidth=0.8,
            zorder=order,
            label=label,
        )
        for bar in drawn.lines[2]:
            bar.set_alpha(0.35)


def _bars(figures: tuple[Figure, ...]) -> list[list[float]]:
    """What intervals reach below and above values, none of it where rounding puts a value outside."""
    return [
        [max(0.0, one.value - one.low) for one in figures],
        [max(0.0, one.high - one.value) for one in figures],
    ]


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
        own.set_major_locator(LogLocator(subs=(1, 2, 5)))
        own.set_minor_formatter(NullFormatter())
    own.set_major_formatter("{x:,.10g}")
