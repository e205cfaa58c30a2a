"""How rules err beyond what was synthesised: widths of intervals, by how far and in what a layer differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from accelgen.errors import ModelError
from accelgen.surrogates.features import Flags, Numbers
from accelgen.surrogates.learn.scope import DIMENSIONS, FLAGS, MARGIN, TOLERANCES
from accelgen.surrogates.record import TARGETS

MOST_SLOPE = 50.0
_SLACK = 1e-6


@dataclass(frozen=True)
class Transfer:
    """What trials on held-out ranges of a kernel's figures say.

    Attributes:
        slopes: by target and dimension, half the width on a log scale that a doubling beyond adds, as far as
            the own tool's data reach, and beyond that, where other tools' data do.
        reach: by dimension, doublings beyond that were tried on the own tool's data, and on those of any.
    """

    slopes: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    reach: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def width(self, target: str, distances: Numbers) -> Numbers:
        """What to add to the width of layers, (n,), that are beyond by ``distances`` (dimensions, n).

        Dimensions are taken to err independently of each other.
        """
        squares = np.zeros(distances.shape[1])
        for name, (near, far) in self.slopes.get(target, {}).items():
            beyond = distances[DIMENSIONS.index(name)]
            if near == far == 0 or not beyond.any():
                continue
            own = np.minimum(beyond, self.reach[name][0])
            squares += (near * own + far * (beyond - own)) ** 2
        width: Numbers = np.sqrt(squares)
        return width

    def most(self, dimension: str) -> float:
        """Doublings beyond that were tried."""
        return max(self.reach.get(dimension, (0.0,)))

    def misses(self, distances: Numbers) -> Iterator[tuple[str, Flags]]:
        """Dimensions in which layers are over `MARGIN` beyond what was tried, with those layers, (n,)."""
        for name, own, tolerance in zip(DIMENSIONS, distances, TOLERANCES, strict=True):
            tried = self.most(name)
            margin = MARGIN if tried > 0 and name not in FLAGS else 0.0
            missed: Flags = own > max(tried + margin, tolerance) + _SLACK
            if missed.any():
                yield name, missed

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {
            "slopes": {
                target: {name: list(pair) for name, pair in own.items()}
                for target, own in self.slopes.items()
            },
            "reach": {name: list(pair) for name, pair in self.reach.items()},
        }

    @classmethod
    def from_json(cls, data: Any) -> Transfer:
        """Read what `as_json` wrote.

        Raises:
            ModelError: it is none.
        """
        reach = _pairs(data["reach"])
        slopes = {str(target): _pairs(own) for target, own in data["slopes"].items()}
        if not set(slopes) <= set(TARGETS) or not all(set(own) <= set(reach) for own in slopes.values()):
            raise ModelError("a transfer is of targets or dimensions that were not tried")
        return cls(slopes, reach)


def _pairs(data: Any) -> dict[str, tuple[float, float]]:
    if not set(data) <= set(DIMENSIONS):
        raise ModelError("a transfer has unknown dimensions")
    found: dict[str, tuple[float, float]] = {}
    for name, values in data.items():
        near, far = values
        for value in (near, far):
            if type(value) not in (int, float) or not 0 <= value <= MOST_SLOPE:  # which NaN is not
                raise ModelError(f"{value!r:.40} is no slope or reach of a transfer")
        found[str(name)] = (float(near), float(far))
    return found
