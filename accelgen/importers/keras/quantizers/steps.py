"""Activations that are step functions in float32, as thresholds at exactly the numbers where they step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from accelgen.importers.keras.quantizers.base import Float32
from accelgen.ir.nodes import Array


def steps_of(function: Callable[[Float32], Float32]) -> tuple[Array, Array]:
    """Where a rising step function of the numbers from 0 up changes, and its values: (n,), (n + 1,).

    Found by bisection over the bit patterns of float32, so that the framework's own rounding decides on
    which side of an edge a number falls.
    """

    def number(bits: int) -> float:
        return float(np.array(bits, np.uint32).view(np.float32))

    def at(bits: int) -> float:
        with np.errstate(over="ignore"):
            return float(function(np.array([number(bits)], np.float32))[0])

    end = int(np.array(np.finfo(np.float32).max, np.float32).view(np.uint32))
    edges, values = [], [at(0)]
    start, last = 0, at(end)
    while values[-1] != last:
        low, high = start, end
        while high - low > 1:
            middle = (low + high) // 2
            if at(middle) == values[-1]:
                low = middle
            else:
                high = middle
        edges.append(number(high))
        values.append(at(high))
        start = high
    return np.array(edges), np.array(values)


def mirrored(edges: Array) -> Array:
    """The thresholds below 0 of steps at ``-edges`` that ``-edges`` themselves do not reach yet."""
    return np.nextafter(-edges[::-1], 0.0)
