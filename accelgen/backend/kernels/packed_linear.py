"""Matrix products of few bits: XNOR of packed inputs, signed adds of numbers (accelgen_packed.h)."""

from __future__ import annotations

from typing import Any

import numpy as np

from accelgen.backend.kernels.config import comment, constants, integer_typedef, table
from accelgen.backend.kernels.layer import call
from accelgen.backend.kernels.packed_finish import finish_members
from accelgen.backend.kernels.packed_product import product_of
from accelgen.backend.packed import (
    Integers,
    PackedLinear,
    PackedTensor,
    Thresholds,
    Window,
)
from accelgen.design import RowSharing
from accelgen.design.few_bit import Levels
from accelgen.ir import FixedType
from accelgen.ir.nodes import Shape


def packed_linear_attributes(layer: PackedLinear, name: str, shape: Shape) -> dict[str, Any]:
    """The attributes of the `AccelgenKernel` that computes ``layer``.

    The layer's "result" has the type `PackedTensor.word_type` where `Thresholds.result` is packed, else the
    type of its numbers: that of `Thresholds.values`, or the one to which a `Linear` result is cast.

    Args:
        layer: with every choice made.
        name: the network's, for the comment.
        shape: of the network's result, channels last.

    Raises:
        ValueError: numbers without a program or a folding, or a folding that does not divide the matrix.
    """
    product = product_of(layer)
    n_in, n_out = layer.matrix.shape
    result = layer.finish.result if isinstance(layer.finish, Thresholds) else None
    members = comment(name, description(layer)) + constants(n_in=n_in, n_out=n_out)
    members += _input(layer) + integer_typedef("sum_t", product.low, product.high)
    members += product.members
    members += finish_members(layer, product)
    members += constants(n_classes=n_classes(layer), n_result=n_out if result is None else result.words)
    if layer.window is not None:
        members += _geometry(layer, layer.window)
    function = "packed_dense" if layer.window is None else "packed_conv"
    if layer.folding is not None:
        function += "_folded"
    header = "accelgen_packed_dense.h" if layer.window is None else "accelgen_packed_conv.h"
    return call(header, function, shape if result is None else result.variable_shape, members)


def n_classes(layer: PackedLinear) -> int:
    """The kinds of positions, which differ in their thresholds or offsets."""
    return len(layer.finish.codes if isinstance(layer.finish, Thresholds) else layer.finish.offsets)


def _count(classes: tuple[int, ...]) -> int:
    return max(classes, default=0) + 1


def _input(layer: PackedLinear) -> str:
    """The layout of the input, and how many of its words or numbers a window holds."""
    n_in = len(layer.matrix)
    source = layer.input
    if not isinstance(source, PackedTensor):
        return constants(n_window=n_in)
    return constants(
        n_window=n_in // source.channels * source.words,
        in_channels=source.channels,
        in_words=source.words,
        in_lanes=source.lanes,
        in_planes=source.levels.bits,
    )


def _geometry(layer: PackedLinear, window: Window) -> str:
    (top, bottom), (left, right) = window.padding
    rows = layer.row_classes or (0,) * window.out_height
    columns = layer.column_classes or (0,) * window.out_width
    in_size = len(layer.matrix) // (window.kernel_height * window.kernel_width)
    if isinstance(layer.input, PackedTensor):
        in_size = layer.input.words
    sides = ("in", "out", "kernel", "stride")
    sizes = {
        f"{side}_{axis}": getattr(window, f"{side}_{axis}") for side in sides for axis in ("height", "width")
    }
    return (
        constants(**sizes)
        + constants(pad_top=top, pad_bottom=bottom, pad_left=left, pad_right=right)
        + constants(in_size=in_size, parallel_positions=layer.parallel_positions)
        + constants(n_column_classes=_count(columns))
        + table("row_class", rows)
        + table("column_class", columns)
    )


def description(layer: PackedLinear) -> str:
    """The layer's shape, bits and folding, as a comment of generated code."""
    n_in, n_out = layer.matrix.shape
    window = layer.window
    parts = [f"{n_in} x {n_out}"]
    if window is not None:
        parts.append(
            f"{window.kernel_height} x {window.kernel_width} taps at "
            f"{window.out_height} x {window.out_width} positions"
        )
    weights, inputs = _weight_kind(layer.matrix), _input_kind(layer.input)
    parts.append(
        f"{weights} weights and inputs" if weights == inputs else f"{weights} weights, {inputs} inputs"
    )
    if layer.folding is None:
        parts.append("unrolled")
        if layer.program is not None and layer.program.sharing is not RowSharing.NONE:
            parts.append(f"rows sharing sums ({layer.program.sharing.value.replace('_', ' ')})")
    else:
        pe, simd = layer.folding.pe, layer.folding.simd
        positions = 1 if window is None else window.out_height * window.out_width
        cycles = n_out // pe * (n_in // simd)
        parts.append(f"folded: {pe} rows x {simd} inputs at once")
        parts.append(f"{cycles} cycles" + (f" at each of {positions} positions" if positions > 1 else ""))
    return ", ".join(parts)


def _weight_kind(matrix: Integers) -> str:
    low, high = int(matrix.min()), int(matrix.max())
    if np.all(np.abs(matrix) == 1):
        return "bipolar"
    if max(-low, high) <= 1:
        return "ternary"
    return f"{FixedType.for_range(low, high, 0).width}-bit"


def _input_kind(source: PackedTensor | FixedType) -> str:
    if isinstance(source, FixedType):
        return str(source)
    levels = source.levels
    if levels.first == -levels.step and levels.count == 3:
        return "ternary"
    return "bipolar" if levels == Levels(-1, 2, 2, levels.fraction) else f"{levels.bits}-bit"
