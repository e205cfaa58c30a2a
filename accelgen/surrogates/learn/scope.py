"""Which layers measurements are like: families of layers, and ranges of what was synthesised of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import ModelError
from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.record import LayerKind

MARGIN = 1.25
"""How far beyond the sizes that were synthesised a layer still counts as like them."""
NEAR = 8.0
"""How far beyond those sizes rules err as they do on held-out networks of other sizes."""
ROUNDING = 1 + 1e-6

_SIZES = ("n_in", "n_out", "positions", "block_factor", "reuse_factor")
_EXACT = ("input_bits", "weight_bits", "sum_bits", "clock_ns", "fast", "looped")
_FIGURES = (*_SIZES, *_EXACT)
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
_FLAGS = {"fast": ("UltraScale or newer", "7-series"), "looped": ("Resource strategy", "Latency strategy")}


_WEIGHTED = (
    LayerKind.DENSE,
    LayerKind.CONV1D,
    LayerKind.CONV2D,
    LayerKind.DEPTHWISE,
    LayerKind.LSTM,
    LayerKind.GRU,
    LayerKind.PACKED,
)


def families(layers: Layers) -> npt.NDArray[np.int64]:
    """The family of each layer, (n,): its kind, whether weights are constants, whether it is in a stream."""
    constant = layers.constant & layers.is_kind(*_WEIGHTED)
    return 4 * layers.kind + 2 * constant + layers.stream[layers.design]


def main_families(layers: Layers) -> npt.NDArray[np.int64]:
    """The family of each design's layer with the most products, (d,); 0 for a design without layers."""
    order = np.lexsort((layers.n_in * layers.n_out * (layers.weight_bits > 0), layers.design))
    ends = np.flatnonzero(np.diff(layers.design, append=layers.n_designs))
    main = np.zeros(layers.n_designs, np.int64)
    main[layers.design[ends]] = families(layers)[order[ends]]
    return main


def family_name(family: int) -> str:
    """A family in words, such as "folded dense in a stream"."""
    kind = _KINDS[family // 4]
    how = ("constant " if family & 2 else "folded ") if kind in _WEIGHTED else ""
    return f"{how}{kind.value}{' in a stream' if family & 1 else ''}"


FAMILIES: Mapping[str, int] = {family_name(family): family for family in reversed(range(4 * len(_KINDS)))}
"""Families by name; where being constant makes no difference, the one that `families` gives."""

WIRING = frozenset({4 * _KINDS.index(LayerKind.MOVE), 4 * _KINDS.index(LayerKind.MOVE) + 1})
"""Families that cost nothing to speak of, and need no measurements."""


@dataclass(frozen=True)
class Scope:
    """The least and the most of the figures of layers that were synthesised."""

    ranges: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, layers: Layers) -> Scope:
        """The scope of measured layers, at least one."""
        figures = {name: _figure(layers, name) for name in _FIGURES}
        return cls({name: (float(f.min()), float(f.max())) for name, f in figures.items()})

    def misses(self, layers: Layers, margin: float = MARGIN) -> Iterator[tuple[str, Flags]]:
        """Why layers are outside, each reason with the layers (n,) that it holds for.

        Sizes may be beyond what was synthesised by a factor of ``margin``; widths and the like may not.
        """
        for name, (low, high) in self.ranges.items():
            factor = margin if name in _SIZES else ROUNDING
            figure = _figure(layers, name)
            missed = (figure < low / factor) | (figure > high * factor)
            if missed.any():
                yield self._reason(name), missed

    def _reason(self, name: str) -> str:
        low, high = self.ranges[name]
        if name in _FLAGS:
            return f"only {_FLAGS[name][0 if low else 1]}"
        span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        return f"only {_WORDS[name]} {span}"

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
            ranges = {name: (float(data[name][0]), float(data[name][1])) for name in _FIGURES}
        except (KeyError, IndexError, TypeError, ValueError):
            raise ModelError("the scope of a part is damaged") from None
        if not np.isfinite(list(ranges.values())).all():
            raise ModelError("the scope of a part is not finite")
        return cls(ranges)


def _figure(layers: Layers, name: str) -> Numbers:
    values: Numbers = np.asarray(getattr(layers, name), np.float64)
    return values[layers.design] if name in ("clock_ns", "fast") else values
