"""front.png: the front for a paper or a slide."""

from __future__ import annotations

import io
from typing import Any

from accelgen.estimation import Figure
from accelgen.explore.candidate import Candidate, Exploration
from accelgen.explore.report.figures import Quantity, figures_of, limit_lines, telling_quantities

WIDE = 12
"""Values that span more than this many times their least are drawn logarithmically, as in the page."""

NEAR = 2.5
"""A limit this many times beyond the largest value is still drawn."""


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
        _fit(axes, "x", across, [x for _, x, _ in designs], limits.get(across.name))
        _fit(axes, "y", up, [y for _, _, y in designs], limits.get(up.name))
        axes.set_xlabel(across.label)
        axes.set_ylabel(up.label)
        axes.set_title(f"{exploration.network} on {exploration.board}", parse_math=False)
        axes.grid(visible=True, alpha=0.25)
        if designs:
            axes.legend(frameon=False, fontsize="small")
        file = io.BytesIO()
        canvas.savefig(file, format="png", dpi=200, metadata={"Software": None})
    return file.getvalue()


def _draw(axes: Any, designs: list[tuple[Candidate, Figure, Figure]], best: str) -> None:
    """The designs: one call for each kind of mark."""
    blue, amber = "#1d5fbf", "#d97706"
    kinds: dict[str, tuple[list[tuple[Figure, Figure]], dict[str, Any]]] = {
        "design": ([], {"color": blue}),
        "unlike the training data": ([], {"color": blue, "markerfacecolor": "white"}),
        "recommended": ([], {"color": amber, "markersize": 9, "zorder": 3}),
    }
    for candidate, x, y in designs:
        kind = "design" if candidate.estimate.in_domain else "unlike the training data"
        kinds["recommended" if candidate.name == best else kind][0].append((x, y))
        if candidate.name == best and not candidate.estimate.in_domain:
            kinds["recommended"][1]["markerfacecolor"] = "white"
    for label, (own, style) in kinds.items():
        if own:
            xs, ys = zip(*own, strict=True)
            bars = [_bars(ends) if len(designs) <= FEW else None for ends in (xs, ys)]
            values = [[one.value for one in ends] for ends in (xs, ys)]
            drawn = axes.errorbar(
                *values, xerr=bars[0], yerr=bars[1], fmt="o", elinewidth=0.8, label=label, **style
            )
            for bar in drawn.lines[2]:
                bar.set_alpha(0.35)


def _bars(figures: tuple[Figure, ...]) -> list[list[float]]:
    """What intervals reach below and above values, none of it where rounding puts a value outside."""
    return [
        [max(0.0, one.value - one.low) for one in figures],
        [max(0.0, one.high - one.value) for one in figures],
    ]


def _fit(axes: Any, axis: str, entry: Quantity, figures: list[Figure], limit: float | None) -> None:
    """Scale an axis to its values, as in the page, and draw the limit where it is near."""
    values = [figure.value for figure in figures]
    if not values:
        return
    least, most = min(values), max(values)
    if limit is not None and limit <= NEAR * most:
        line = axes.axvline if axis == "x" else axes.axhline
        line(
            limit,
            color="#c22f2f",
            linestyle="--",
            linewidth=1.2,
            label=f"limit {limit:,.10g} {entry.unit or entry.title}",
        )
    wide = sum(figure.low > 0 and figure.high > WIDE * figure.low for figure in figures)
    if least > 0 and (most > WIDE * least or 2 * wide > len(figures)):
        getattr(axes, f"set_{axis}scale")("log")
        getattr(axes, f"set_{axis}lim")(least / 3, 3 * most)
    else:
        spread = most - least or abs(most) or 1.0
        low, high = least - spread / 2, most + spread / 2
        if limit is not None and limit <= NEAR * most:
            high = max(high, limit + spread / 8)
        getattr(axes, f"set_{axis}lim")(max(0.0, low) if least >= 0 else low, high)
        if most >= 1000:
            getattr(axes, f"{axis}axis").set_major_formatter("{x:,.0f}")
