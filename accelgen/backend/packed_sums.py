"""From a layer of few bits to sums of integers: `PackedLinear` with its thresholds and offsets.

Level n of an input stands for (first + step * n) * 2**-fraction, so that a result's code is
``scale * sum + offset``: the sum is that of ``matrix[i, c] * n[i]``, and the offset holds the bias and what
``first`` adds at each tap that is no padding. Numbers have a first of 0 and a step of 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.backend.expand import plain_convolution
from accelgen.backend.packed import Integers, Linear, PackedLinear, PackedTensor, Thresholds, Window
from accelgen.design.few_bit import FewBitMatrix, Levels
from accelgen.ir import Conv, Dense, FixedType, Threshold
from accelgen.ir.grid import fraction_bits, to_fixed
from accelgen.ir.nodes import Array, Pads, Shape, window_output
from accelgen.reference import threshold_codes

_Exact = npt.NDArray[Any]
"""Python integers: codes on a fine grid may need more than 64 bits."""


def packed_linear(
    node: Dense | Conv,
    few: FewBitMatrix,
    source: PackedTensor | FixedType,
    in_shape: Shape,
    threshold: Threshold | None = None,
    result: PackedTensor | None = None,
) -> PackedLinear:
    """The layer without the choices of how its rows are computed.

    Args:
        node: the layer; a convolution has one group and one or two axes.
        few: its matrix, undilated or not.
        source: how its input arrives.
        in_shape: the input's shape in the network.
        threshold: a node that alone reads the layer, each channel's values rising or falling.
        result: how that node's levels travel, None where they become numbers.
    """
    weight, window = _geometry(node, in_shape)
    matrix: Integers = to_fixed(weight, few.fraction).codes.reshape(-1, weight.shape[-1]).astype(np.int64)
    levels = few.inputs if isinstance(few.inputs, Levels) else None
    first = 0 if levels is None else levels.first
    classes = _position_classes(window) if first else _ONE_CLASS
    sums = _Sums.of(matrix, few, first * classes.valid_sums(matrix, window), node.bias)
    if threshold is None:
        return PackedLinear(matrix, source, window, sums.linear(), classes.rows, classes.columns)
    directed, finish = sums.compared(matrix, threshold, result)
    return PackedLinear(directed, source, window, finish, classes.rows, classes.columns)


def _geometry(node: Dense | Conv, in_shape: Shape) -> tuple[Array, Window | None]:
    """The weights as (height, width, n_in, n_out), and the window; None for one product."""
    if isinstance(node, Dense):
        positions = in_shape[:-1]
        if not positions:
            return node.weight[None, None], None
        height, width = positions if len(positions) == 2 else (1, prod(positions))
        return node.weight[None, None], Window(height, width, height, width, 1, 1, 1, 1, ((0, 0), (0, 0)))
    conv = plain_convolution(node)
    missing = 2 - len(conv.strides)
    weight: Array = conv.weight.reshape((1,) * missing + conv.weight.shape)
    ones = (1,) * missing
    sizes, strides = ones + in_shape[:-1], ones + conv.strides
    padding: Pads = ((0, 0),) * missing + conv.padding
    outputs = [
        window_output(size, taps, stride, 1, pads)
        for size, taps, stride, pads in zip(sizes, weight.shape, strides, padding, strict=False)
    ]
    return weight, Window(
        in_height=sizes[0],
        in_width=sizes[1],
        out_height=outputs[0],
        out_width=outputs[1],
        kernel_height=weight.shape[0],
        kernel_width=weight.shape[1],
        stride_height=strides[0],
        stride_width=strides[1],
        padding=padding,
    )


@dataclass(frozen=True, eq=False)
class _Classes:
    """Output rows and columns by which of a kernel's taps lie on the input; empty where all do.

    ``row_taps`` is (row classes, kernel height) and ``column_taps`` (column classes, kernel width).
    """

    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    row_taps: npt.NDArray[np.bool_] | None = None
    column_taps: npt.NDArray[np.bool_] | None = None

    def valid_sums(self, matrix: Integers, window: Window | None) -> Integers:
        """The sum of the weights at valid taps, (n_classes, n_out)."""
        if self.row_taps is None or self.column_taps is None or window is None:
            return np.asarray(matrix.sum(0, keepdims=True))
        taps = matrix.reshape(window.kernel_height, window.kernel_width, -1, matrix.shape[1]).sum(2)
        rows, columns = self.row_taps.astype(np.int64), self.column_taps.astype(np.int64)
        sums = np.einsum("ah,bw,hwc->abc", rows, columns, taps)
        return np.asarray(sums.reshape(-1, matrix.shape[1]), np.int64)


_ONE_CLASS = _Classes()


def _position_classes(window: Window | None) -> _Classes:
    if window is None or not any(pad for pads in window.padding for pad in pads):
        return _ONE_CLASS
    (top, _), (left, _) = window.padding
    rows, row_taps = _axis_classes(
        window.in_height, window.out_height, window.kernel_height, window.stride_height, top
    )
    columns, column_taps = _axis_classes(
        window.in_width, window.out_width, window.kernel_width, window.stride_width, left
    )
    return _Classes(rows, columns, row_taps, column_taps)


def _axis_classes(
    size: int, positions: int, taps: int, stride: int, before: int
) -> tuple[tuple[int, ...], npt.NDArray[np.bool_]]:
    """The class of each position, and each class's taps that lie on the input."""
    source = np.arange(positions)[:, None] * stride - before + np.arange(taps)
    masks, numbers = np.unique((source >= 0) & (source < size), axis=0, return_inverse=True)
    return tuple(int(number) for number in numbers.ravel()), masks


@dataclass(frozen=True, eq=False)
class _Sums:
    """What a layer's sums mean: ``scale * sum + offsets`` is the code of its exact result.

    ``offsets`` is (n_classes, n_out) and ``fraction`` that of the codes; ``low`` and ``high`` (n_out) are the
    smallest and the largest sum.
    """

    scale: int
    offsets: _Exact
    fraction: int
    low: Integers
    high: Integers

    @classmethod
    def of(cls, matrix: Integers, few: FewBitMatrix, first: Integers, bias: Array | None) -> _Sums:
        """The sums of a matrix; ``first`` is what the levels' first value adds, (n_classes, n_out)."""
        kind = few.inputs
        ends = (0, kind.count - 1) if isinstance(kind, Levels) else (kind.min_code, kind.max_code)
        step = kind.step if isinstance(kind, Levels) else 1
        rising, falling = np.maximum(matrix, 0).sum(0), np.minimum(matrix, 0).sum(0)
        own = few.fraction + kind.fraction
        fraction = own if bias is None else max(own, fraction_bits(bias))
        offsets: _Exact = first.astype(object) << fraction - own
        if bias is not None:
            offsets = offsets + [int(code) for code in to_fixed(bias, fraction).codes]
        low, high = ends[0] * rising + ends[1] * falling, ends[1] * rising + ends[0] * falling
        return cls(step << fraction - own, offsets, fraction, low, high)

    def linear(self) -> Linear:
        """The result as a number, of the narrowest type that holds every one."""
        low = int((self.scale * self.low.astype(object) + self.offsets).min())
        high = int((self.scale * self.high.astype(object) + self.offsets).max())
        exact = FixedType.for_range(low, high, self.fraction)
        return Linear(self.scale, self.offsets.astype(np.int64), exact)

    def compared(
        self, matrix: Integers, threshold: Threshold, result: PackedTensor | None
    ) -> tuple[Integers, Thresholds]:
        """The matrix with the columns negated whose values fall, and the thresholds of its sums."""
        values = np.atleast_2d(to_fixed(threshold.values).codes)
        unique, levels = np.unique(values, return_inverse=True)
        levels = np.broadcast_to(levels.reshape(values.shape), (matrix.shape[1], values.shape[1]))
        falls = levels[:, 0] > levels[:, -1]
        edges = self._edges(threshold)
        edges = np.where(falls[:, None], 1 - edges[..., ::-1], edges)
        levels = np.where(falls[:, None], levels[:, ::-1], levels)
        always = np.where(falls, -self.high, self.low)[:, None]
        never = np.where(falls, -self.low, self.high)[:, None] + 1
        # a level is reached with the first threshold that leads to it or beyond, or with none, or never
        shape = (*edges.shape[:2], 1)
        ways = [np.broadcast_to(always, shape), edges, np.broadcast_to(never, shape)]
        first = np.stack([(levels < level).sum(-1) for level in range(1, len(unique))], -1)
        codes = np.take_along_axis(np.concatenate(ways, -1), first[None], -1)
        return np.where(falls, -matrix, matrix), Thresholds(
            np.clip(codes, always, never),
            result,
            None if result is not None else np.array([int(code) for code in unique], np.int64),
        )

    def _edges(self, threshold: Threshold) -> Integers:
        """The smallest sums that reach the thresholds, (n_classes, n_out, n_thresholds), in their range."""
        reached = np.atleast_2d(threshold_codes(threshold, self.fraction))
        codes = np.array([int(code) for code in reached.ravel()], object).reshape(reached.shape)
        sums = -((self.offsets[..., None] - codes) // self.scale)
        within = np.clip(sums, int(self.low.min()), int(self.high.max()) + 1)
        return np.asarray(within, np.int64)
