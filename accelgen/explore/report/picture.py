"""front.png: the front for a paper or a slide."""

from __future__ import annotations

import io

from accelgen.explore.candidate import Exploration
from accelgen.explore.report.figures import figures_of, quantities


def to_png(exploration: Exploration) -> bytes:
    """The front over its two axes, with intervals, limits and the recommended design.

    Raises:
        ImportError: matplotlib is missing.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figures = [figures_of(candidate) for candidate in exploration.candidates]
    labels = {entry.name: entry.label for entry in quantities(figures)}
    first, second = exploration.axes
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for candidate, own in zip(exploration.candidates, figures, strict=True):
        x, y = own[first], own[second]
        axes.plot(x.value, y.value, "o", gid=candidate.name)
    axes.set_xlabel(labels[first])
    axes.set_ylabel(labels[second])
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=200, metadata={"Software": None})
    return file.getvalue()
