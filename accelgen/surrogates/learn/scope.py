"""Which layers measurements are like: families of layers, and ranges of what was synthesised of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import ModelError
from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.record import MATRICES, RECURRENT, LayerKind
from accelgen.surrogates.rules.adders import are_known

MARGIN = 0.32
"""Doublings beyond what was synthesised up to which sizes still count as like it: a quarter."""

_SIZES = ("n_in", "n_out", "positions", "block_factor", "reuse_factor")
BITS = ("input_bits", "weight_bits", "sum_bits")
FLAGS = ("fast", "looped", "spread")
DIMENSIONS = (*_SIZES, *BITS, "clock_ns", *FLAGS)
"""What layers of a family differ in."""

_UNWEIGHTED = ("n_in", "positions", "input_bits", "clock_ns", "fast")
"""Those of layers without a matrix."""

_OF_DESIGNS = ("clock_ns", "fast")
_ROUNDING = 1e-6
TOLERANCES = tuple(MARGIN if name in _SIZES else _ROUNDING for name in DIMENSIONS)
"""Doublings beyond by which layers still count as like those that were synthesised, by dimension."""

_KINDS = tuple(LayerKind)
_WORDS = {
    "n_in": "inputs:",
    "n_out": "outputs:",
    "positions": "positions:",
    "block_factor": "products a cycle:",
    "reuse_factor": "reuse factors:",
    "input_bits": "bits of inputs:",
    "weight_bits": "bits of weights:",
    "sum_bits": "bits of sums:",
    "clock_ns": "scheduled clock periods in ns:",
}
_FLAG_WORDS = {
    "fast": ("UltraScale or newer", "7-series"),
    "looped": ("Resource strategy", "Latency strategy"),
    "spread": ("reuse factors below the inputs", "reuse factors from the inputs on"),
}


_WEIGHTED = (*MATRICES, *RECURRENT, LayerKind.PACKED)


def families(layers: Layers) -> npt.NDArray[np.int64]:
    """The family of each layer, (n,): its kind, whether weights are constants, whether it is in a stream.

    Layers by distributed arithmetic, as far as their adders are known, have families of their own.
    """
    constant = layers.constant & layers.is_kind(*_WEIGHTED)
    found: npt.NDArray[np.int64] = 4 * layers.kind + 2 * constant + layers.stream[layers.design]
    found += (_PLAIN - 2) * (constant & are_known(layers))
    return found


_PLAIN = 4 * len(_KINDS)
"""Families without adders, which come first; each has one with them this much further."""


def main_families(layers: Layers) -> npt.NDArray[np.int64]:
    """The family of each design's layer with the most products, (d,); 0 for a design without layers."""
    main = np.zeros(layers.n_designs, np.int64)
    if layers.design.size:
        products = layers.n_in * layers.n_out * (layers.weight_bits > 0)
        starts = np.flatnonzero(np.diff(layers.design, prepend=-1))
        most = np.maximum.reduceat(products, starts)
        place = np.cumsum(np.diff(layers.design, prepend=layers.design[0]) > 0)
        rows = np.flatnonzero(products == most[place])
        main[layers.design[rows]] = families(layers)[rows]  # the last of equal ones stays
    return main


def family_name(family: int) -> str:
    """A family in words, such as "folded dense in a stream"."""
    kind = _kind(family)
    how = ("constant " if family & 2 else "folded ") if kind in _WEIGHTED else ""
    if family >= _PLAIN:
        how = "distributed "
    return f"{how}{kind.value}{' in a stream' if family & 1 else ''}"


def _kind(family: int) -> LayerKind:
    return _KINDS[family % _PLAIN // 4]


FAMILIES: Mapping[str, int] = {family_name(family): family for family in reversed(range(2 * _PLAIN))}
"""Families by name; where being constant makes no difference, the one that `families` gives."""

WIRING = frozenset({4 * _KINDS.index(LayerKind.MOVE), 4 * _KINDS.index(LayerKind.MOVE) + 1})
"""Families that cost nothing to speak of, and need no measurements."""


def kernel_class(family: int) -> int:
    """The family that stands for layers of the same kind and weights, in a stream or not."""
    return family - family % 2


def class_name(family: int) -> str:
    """The name of a family's class, such as "folded dense"."""
    return family_name(kernel_class(family))


def weighted(family: int) -> bool:
    """Whether layers of a family have a matrix."""
    return _kind(family) in _WEIGHTED


@dataclass(frozen=True)
class Scope:
    """The least and the most of the figures of layers that were synthesised, by `DIMENSIONS`."""

    ranges: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, layers: Layers) -> Scope:
        """The scope of measured layers, at least one."""
        names = DIMENSIONS if layers.is_kind(*_WEIGHTED).all() else _UNWEIGHTED
        figures = {name: figure(layers, name) for name in names}
        return cls({name: (float(f.min()), float(f.max())) for name, f in figures.items()})

    def distances(self, layers: Layers, rows: npt.NDArray[np.int64]) -> Numbers:
        """How far some layers (k,) are beyond, (dimensions, k): in doublings, and 1 where a flag differs.

        0 within, and where a dimension does not matter.
        """
        found = np.zeros((len(DIMENSIONS), rows.size))
        for row, name in enumerate(DIMENSIONS):
            if name not in self.ranges:
                continue
            low, high = self.ranges[name]
            values = figure(layers, name)[rows]
            beyond = (values < low) | (values > high)
            if not beyond.any():
                continue
            if name in FLAGS:
                found[row] = beyond
            else:
                own = np.maximum(values, _LEAST)
                found[row] = np.maximum(np.log2(max(low, _LEAST) / own), np.log2(own / max(high, _LEAST)))
        return np.maximum(found, 0, out=found)

    def misses(self, layers: Layers) -> Flags:
        """Which layers, (n,), are not like those that were synthesised."""
        found = unlike(self.distances(layers, np.arange(layers.n_in.size)))
        missed: Flags = np.logical_or.reduce(found, axis=0)
        return missed

    def reason(self, name: str, reach: float = 0.0) -> str:
        """Why layers are outside by a dimension that was tried up to so many doublings beyond."""
        low, high = self.ranges[name]
        if name in FLAGS:
            return f"only {_FLAG_WORDS[name][0 if low else 1]}"
        span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        low, high = low / 2**reach, high * 2**reach
        tried = f", tried from {low:.3g} to {high:.3g}" if reach > MARGIN else ""
        return f"only {_WORDS[name]} {span}{tried}"

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {name: list(span) for name, span in self.ranges.items()}

    @classmethod
    def from_json(cls, data: Any) -> Scope:
        """Read what `as_json` wrote.

        Raises:
            ModelError: it is no scope.
        """
        try:
            names = DIMENSIONS if len(data) > len(_UNWEIGHTED) else _UNWEIGHTED
            ranges = {name: (float(data[name][0]), float(data[name][1])) for name in names}
        except (KeyError, IndexError, TypeError, ValueError):
            raise ModelError("the scope of a part is damaged") from None
        if not np.isfinite(list(ranges.values())).all():
            raise ModelError("the scope of a part is not finite")
        return cls(ranges)


_LEAST = 0.5
"""What a figure of 0 counts as in doublings."""


def unlike(distances: Numbers) -> Flags:
    """Distances (dimensions, n) that are more than rounding, or than `MARGIN` of sizes."""
    beyond: Flags = distances > np.array(TOLERANCES)[:, None]
    return beyond


def figure(layers: Layers, name: str) -> Numbers:
    """A dimension of layers, (n,)."""
    values: Numbers = np.asarray(getattr(layers, name), np.float64)
    return values[layers.design] if name in _OF_DESIGNS else values
