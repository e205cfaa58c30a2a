"""The picture of a sweep: each figure over what was swept, with its interval and what the part holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import UsageError
from accelgen.sweep import Sweep

SUFFIXES = (".png", ".svg")

PANELS = {
    "latency_cycles": "latency [cycles]",
    "interval_cycles": "initiation interval [cycles]",
    "lut": "LUT",
    "ff": "FF",
    "dsp": "DSP",
    "bram_18k": "BRAM [18 Kb]",
}

DECADE = 10.0
"""Figures that differ by less are drawn on a linear scale, whose ticks are then easier to read."""


def check_plot(path: Path) -> None:
    """Find out whether `plot_sweep` can write to ``path`` before anything is computed.

    Raises:
        UsageError: the suffix is neither .png nor .svg, or matplotlib is missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: a plot is a {' or '.join(SUFFIXES)} file")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError("--plot needs matplotlib: pip install 'accelgen[plot]'") from None


def plot_sweep(sweep: Sweep, title: str, path: Path) -> None:
    """Write the picture of a sweep as .png or .svg; the same sweep gives the same bytes.

    The first choice that is a number runs along the horizontal axis, and each combination of the others is a
    line.

    Raises:
        UsageError: as `check_plot`, or the file cannot be written.
    """
    check_plot(path)
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "accelgen", "font.size": 9}):
        figure = Figure(figsize=(11, 6), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title)
        panels = figure.subplots(2, 3).ravel()
        across = _across(sweep)
        for axes, (target, label) in zip(panels, PANELS.items(), strict=True):
            _draw(axes, sweep, across, target)
            axes.set_title(label)
            axes.set_xlabel(_label(sweep.axes[across]))
            axes.grid(visible=True, alpha=0.3)
        if len(sweep.axes) > 1:
            panels[0].legend(fontsize="small")
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {}
        try:
            figure.savefig(path, dpi=120, metadata=metadata)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


def _across(sweep: Sweep) -> int:
    numbers = [column for column, value in enumerate(sweep.rows[0]) if not isinstance(value, str)]
    return numbers[0] if numbers else 0


def _label(name: str) -> str:
    return {"target_clock_ns": "clock period asked for [ns]"}.get(name, name.replace("_", " "))


def _lines(sweep: Sweep, across: int) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """The designs of each line, with its name."""
    lines: dict[str, list[int]] = {}
    for row, values in enumerate(sweep.rows):
        others = [
            f"{_label(name)} {value}"
            for column, (name, value) in enumerate(zip(sweep.axes, values, strict=True))
            if column != across
        ]
        lines.setdefault(", ".join(others), []).append(row)
    for name, rows in lines.items():
        yield name, np.array(rows)


def _draw(axes: Any, sweep: Sweep, across: int, target: str) -> None:
    figures = sweep.estimates.total[target]
    for name, rows in _lines(sweep, across):
        x = [sweep.rows[row][across] for row in rows]
        (line,) = axes.plot(x, figures.value[rows], marker="o", markersize=3, label=name)
        axes.fill_between(x, figures.low[rows], figures.high[rows], alpha=0.15, color=line.get_color())
    if sweep.axes[across] == "reuse_factor":
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
    if figures.low.min() > 0 and figures.high.max() > DECADE * figures.low.min():
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    held = sweep.estimates.capacity.get(target)
    if held is not None and not np.isnan(held[0]) and held[0] <= 4 * figures.high.max():
        axes.axhline(held[0], color="black", linestyle="--", linewidth=1)
