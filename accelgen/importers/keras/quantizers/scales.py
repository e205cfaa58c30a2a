"""Scales that qkeras derives from the weights themselves: alpha "auto" and "auto_po2"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelgen.importers.keras.quantizers.base import Float32

EPSILON = np.float32(1e-7)
"""keras.backend.epsilon()"""


@dataclass(frozen=True)
class ScaleGroups:
    """Which weights share a scale, and the limits of its exponent.

    ``axis`` None is one scale for each index of the last axis (qkeras, _get_scaling_axis, channels last);
    ``elements`` splits the scaled axes into blocks of so many indices with a scale each.
    """

    axis: int | tuple[int, ...] | None = None
    elements: int | tuple[int, ...] | None = None
    min_exponent: int | None = None
    max_exponent: int | None = None

    def shared_axes(self, rank: int) -> tuple[int, ...]:
        """The axes of an array of ``rank`` along which the scale is the same."""
        if self.axis is None:
            return tuple(range(rank - 1))
        own = (self.axis,) if isinstance(self.axis, int) else self.axis
        return tuple(axis for axis in range(rank) if axis not in own)

    def least_squares(self, x: Float32, q: Float32, po2: bool) -> Float32:
        """The scale that brings ``q`` closest to ``x``; each element has its own where they are vectors.

        mean(x * q) / mean(q * q) over the shared axes, rounded to a power of two where ``po2``
        (qkeras, _get_least_squares_scale).
        """
        if x.ndim > 1:
            qx, qq = self._mean(x * q), self._mean(q * q)
        else:
            qx, qq = x * q, q * q
        scale = qx / (qq + EPSILON)
        if not po2:
            return np.asarray(scale, np.float32)
        low = None if self.min_exponent is None else np.float32(2.0**self.min_exponent)
        high = None if self.max_exponent is None else np.float32(2.0**self.max_exponent)
        rounded = power_of_two(scale)
        return rounded if low is None and high is None else np.clip(rounded, low, high)

    def _mean(self, x: Float32) -> Float32:
        if self.elements is None or self.axis is None:
            return np.asarray(np.mean(x, self.shared_axes(x.ndim), np.float64, keepdims=True), np.float32)
        axes = (self.axis,) if isinstance(self.axis, int) else self.axis
        blocks = (self.elements,) * len(axes) if isinstance(self.elements, int) else self.elements
        return _block_mean(x, axes, blocks)


def _block_mean(x: Float32, axes: Sequence[int], blocks: Sequence[int]) -> Float32:
    """Means over blocks of indices of ``axes`` and over all other axes, repeated to the axes' sizes."""
    if len(axes) != len(blocks) or any(
        x.shape[axis] % block for axis, block in zip(axes, blocks, strict=True)
    ):
        raise ValueError(
            f"elements_per_scale {tuple(blocks)} does not divide the axes {tuple(axes)} of {x.shape}"
        )
    block_of = dict(zip(axes, blocks, strict=True))
    shape: list[int] = []
    averaged: list[int] = []
    for axis, size in enumerate(x.shape):
        if axis in block_of:
            averaged.append(len(shape) + 1)
            shape += [size // block_of[axis], block_of[axis]]
        else:
            averaged.append(len(shape))
            shape.append(size)
    means = np.mean(x.reshape(shape), tuple(averaged), np.float64).astype(np.float32)
    means = means.reshape(
        [x.shape[axis] // block_of[axis] if axis in block_of else 1 for axis in range(x.ndim)]
    )
    for axis, block in block_of.items():
        means = np.repeat(means, block, axis)
    return means


def power_of_two(scale: Float32) -> Float32:
    """2 ** round(log2(scale + epsilon)) in float32."""
    return np.asarray(np.exp2(np.rint(np.log(scale + EPSILON) / np.float32(np.log(2.0)))), np.float32)


def settle(scale: Float32, improve: Callable[[Float32], Float32], rounds: int) -> Float32:
    """The scale after ``rounds`` improvements, or fewer where it no longer changes."""
    for _ in range(rounds):
        better = improve(scale)
        if np.array_equal(better, scale):
            break
        scale = better
    return scale


def axes(value: Any) -> int | tuple[int, ...]:
    """Reads one whole number from 0 up, or a list of them."""
    numbers = value if isinstance(value, (list, tuple)) else [value]
    if not numbers or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers):
        raise ValueError("a whole number from 0 up or a list of them")
    return tuple(numbers) if isinstance(value, (list, tuple)) else numbers[0]
