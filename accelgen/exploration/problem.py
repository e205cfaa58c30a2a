"""A search problem: an option for each layer, figures that follow from the options, limits, an objective."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt

from accelgen.errors import UsageError

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LayerOptions:
    """What one layer can be built as.

    Attributes:
        name: the layer.
        choices: what each of the k options is: a `LayerDesign`, or the row of a table.
        columns: what each option contributes to what `Composition` names, (k,).
    """

    name: str
    choices: tuple[Hashable, ...]
    columns: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.choices)

    def take(self, positions: Indices) -> LayerOptions:
        """The same layer with the options at some positions, in their order."""
        return LayerOptions(
            self.name,
            tuple(self.choices[k] for k in positions),
            {name: column[positions] for name, column in self.columns.items()},
        )


@dataclass(frozen=True)
class Composition:
    """How a figure of a design follows from columns of its layers' options.

    The figure is ``constant`` plus the sum of the column ``added``, plus the largest of the column ``worst``,
    plus the longest way through the layers by the column ``along``; an empty name is none. A resource is
    added, an interval the worst layer's, and latency in io_parallel the longest way, while in io_stream it is
    the first positions of all layers, added, and the rest of the slowest.
    """

    added: str = ""
    worst: str = ""
    along: str = ""
    constant: float = 0.0


@dataclass(frozen=True, eq=False)
class Problem:
    """Choose one option for each layer.

    Attributes:
        layers: the layers, in topological order, each with at least one option.
        figures: how each figure of a design follows from its layers' options, by the figure's name.
        edges: pairs of positions of layers (source, target), source < target; only ``along`` needs them.
        limits: the most that figures may be.
        objective: weights of the figures whose sum is to be least.
    """

    layers: tuple[LayerOptions, ...]
    figures: Mapping[str, Composition]
    objective: Mapping[str, float]
    limits: Mapping[str, float] = field(default_factory=dict)
    edges: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for layer in self.layers:
            if not layer.choices:
                raise UsageError(f"layer {layer.name!r} has no option")
        for name in (*self.objective, *self.limits):
            if name not in self.figures:
                raise UsageError(f"there is no figure {name!r}; known: {', '.join(self.figures)}")

    @property
    def combinations(self) -> int:
        """The number of designs."""
        return prod(map(len, self.layers))

    def evaluate(self, designs: Indices) -> dict[str, Numbers]:
        """The figures (d,) of designs, each a row of positions of options, (d, layers)."""
        return {
            name: self.compose(name, lambda column: self._chosen(column, designs), len(designs))
            for name in self.figures
        }

    def cost(self, figures: Mapping[str, Numbers]) -> Numbers:
        """The objective (d,) of designs with these figures."""
        total = np.zeros_like(next(iter(figures.values())))
        for name, weight in self.objective.items():
            total += weight * figures[name]
        return total

    def cost_of(self, figures: Mapping[str, float]) -> float:
        """The objective of one design with these figures."""
        return float(self.cost({name: np.array([value]) for name, value in figures.items()})[0])

    def within_limits(self, figures: Mapping[str, Numbers]) -> npt.NDArray[np.bool_]:
        """Which designs keep every limit, (d,)."""
        kept = [figures[name] <= limit for name, limit in self.limits.items()]
        return np.all(kept, axis=0) if kept else np.ones(next(iter(figures.values())).shape, bool)

    def compose(self, name: str, chosen: Callable[[str], Numbers], n_designs: int) -> Numbers:
        """A figure (d,) where layers contribute ``chosen(column)``, (d, layers)."""
        composition = self.figures[name]
        total = np.full(n_designs, composition.constant)
        if composition.added:
            total += chosen(composition.added).sum(axis=1)
        if composition.worst:
            total += chosen(composition.worst).max(axis=1, initial=0)
        if composition.along:
            total += self._longest_way(chosen(composition.along))
        return total

    def _chosen(self, column: str, designs: Indices) -> Numbers:
        """What the chosen options contribute, (d, layers)."""
        values = [layer.columns[column][designs[:, i]] for i, layer in enumerate(self.layers)]
        return np.stack(values, axis=1) if values else np.zeros((len(designs), 0))

    def _longest_way(self, lengths: Numbers) -> Numbers:
        starts = np.zeros_like(lengths)
        for source, target in sorted(self.edges, key=lambda edge: edge[1]):
            starts[:, target] = np.maximum(starts[:, target], starts[:, source] + lengths[:, source])
        longest: Numbers = (starts + lengths).max(axis=1, initial=0)
        return longest
