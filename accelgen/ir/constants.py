"""Shapes of constants that broadcast to a tensor: as small as they can be, and per channel."""

from __future__ import annotations

import numpy as np

from accelgen.ir.nodes import Array


def compact(values: Array) -> Array:
    """The smallest array that broadcasts to ``values``: an axis along which nothing varies is cut to 1.

    Leading axes of size 1 are dropped; a constant of one value has shape (1,), or () where ``values`` has.
    """
    for axis in range(values.ndim):
        first = values.take([0], axis)
        if np.array_equal(np.broadcast_to(first, values.shape), values):
            values = first
    while values.ndim > 1 and values.shape[0] == 1:
        values = values[0]
    return values


def per_channel(values: Array, channels: int) -> Array | None:
    """``values`` as one number a channel of the last axis, (channels,); None where they vary otherwise."""
    if values.ndim and values.size != values.shape[-1]:
        return None
    return np.broadcast_to(values.reshape(-1), (channels,))


def is_power_of_two(values: Array) -> bool:
    """Whether every value is a power of two or the negative of one."""
    return bool(np.all(np.frexp(np.abs(values))[0] == 0.5))
