"""Between ordinary numbers and packed words of levels (accelgen_packing.h), and maximum pooling of words."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from accelgen.backend.kernels.config import comment, constants, table
from accelgen.backend.kernels.layer import call
from accelgen.backend.kernels.pooling import pool_geometry
from accelgen.backend.packed import Integers, PackedTensor
from accelgen.ir import FixedType, Pool
from accelgen.ir.nodes import Shape

HEADER = "accelgen_packing.h"


def pack_attributes(name: str, source: FixedType, result: PackedTensor) -> dict[str, Any]:
    """The attributes of the layer that packs numbers of type ``source``, all of them levels of ``result``.

    Its "result" has the type ``result.word_type``. In io_stream numbers may come in packs of any size that
    divides the channels.
    """
    levels = result.levels
    codes = [level_code(result, level, source.fraction) for level in range(levels.count)]
    step = codes[1] - codes[0] if len(codes) > 1 else 1
    if step & (step - 1):
        ascending = np.arange(levels.count)[None]
        return pack_thresholds_attributes(name, source, np.array([codes[1:]]), ascending, result)
    width = FixedType.for_range(min(-1, codes[0]), max(0, codes[0]), 0).width
    members = f"    static ap_int<{width}> first() {{ return {codes[0]}LL; }}\n"
    members += constants(shift=step.bit_length() - 1)
    text = comment(name, f"{_levels(result)} packed")
    return call(
        HEADER, "pack", result.variable_shape, text + _layout(result) + members, operation="shifted_level"
    )


def pack_thresholds_attributes(
    name: str, source: FixedType, thresholds: Integers, levels: Integers, result: PackedTensor
) -> dict[str, Any]:
    """The attributes of the layer that compares numbers with thresholds and packs the levels.

    Args:
        name: the network's, for the comment.
        source: the numbers' type.
        thresholds: (channels or 1, k), ascending: the smallest code of ``source`` that reaches each one;
            codes outside the type mean always or never.
        levels: (channels or 1, k + 1): the level of the result for each count of thresholds reached,
            ascending or descending along the last axis.
        result: of the same positions and channels as the input.

    Raises:
        ValueError: a channel's levels go both up and down.
    """
    period = max(len(thresholds), len(levels))
    codes = np.clip(thresholds, source.min_code, source.max_code + 1)
    codes = np.broadcast_to(codes, (period, codes.shape[-1]))
    levels = np.broadcast_to(levels, (period, levels.shape[-1]))
    steps = np.diff(levels, axis=-1)
    falling = np.all(steps <= 0, axis=-1) & np.any(steps < 0, axis=-1)
    if not np.all(falling | np.all(steps >= 0, axis=-1)):
        raise ValueError(f"{name}: the levels of a channel go both up and down")
    # level n is there from edge first[., n - 1] on, in a falling channel until then
    rises = np.arange(1, result.levels.count)[:, None] <= levels[:, None]
    first = (rises == falling[:, None, None]).sum(-1)
    ends = np.full((period, 1), source.min_code), np.full((period, 1), source.max_code + 1)
    edges = np.take_along_axis(np.concatenate([ends[0], codes, ends[1]], axis=-1), first, axis=-1)
    members = constants(n_levels=edges.shape[-1], period=period)
    members += table("threshold", edges.ravel().tolist()) + table("falling", falling.astype(int).tolist())
    text = comment(name, f"{_levels(result)} from comparisons")
    return call(
        HEADER, "pack", result.variable_shape, text + _layout(result) + members, operation="compared_level"
    )


def unpack_attributes(name: str, source: PackedTensor, result: FixedType, shape: Shape) -> dict[str, Any]:
    """The attributes of the layer that turns packed levels into numbers of type ``result``.

    ``shape`` is that of the network's result, channels last. In io_stream a pack, which holds the last axis
    of ``shape``, divides a position's channels or holds those of several positions.
    """
    # words never hold a level beyond the last, but the table is read by all bits
    count = 1 << source.levels.bits
    codes = [
        level_code(source, min(level, source.levels.count - 1), result.fraction) for level in range(count)
    ]
    text = comment(name, f"{_levels(source)} as numbers")
    return call(HEADER, "unpack", shape, text + _layout(source) + table("value", codes))


def level_code(tensor: PackedTensor, level: int, fraction: int) -> int:
    """The code of a level's value on the grid ``2**-fraction``, of which it is a multiple."""
    levels = tensor.levels
    code = levels.first + levels.step * level
    shift = fraction - levels.fraction
    return code << shift if shift >= 0 else code >> -shift


def _levels(tensor: PackedTensor) -> str:
    return f"{prod(tensor.positions) * tensor.channels} {tensor.levels.bits}-bit levels"


def _layout(tensor: PackedTensor) -> str:
    return constants(
        n_positions=prod(tensor.positions),
        n_chan=tensor.channels,
        planes=tensor.levels.bits,
        lanes=tensor.lanes,
        words=tensor.words,
    )


def packed_pool_attributes(node: Pool, in_shape: Shape, result: PackedTensor) -> dict[str, Any]:
    """The attributes of the layer that takes the maximum of packed levels over windows of 1 or 2 axes.

    ``in_shape`` is the network's, channels last; words and levels stay as they are.

    Raises:
        UnsupportedError: windows of more axes.
    """
    text = comment(node.name, f"maxima of {result.levels.bits}-bit levels")
    members = constants(reuse_factor=1, n_chan=result.words)
    members += pool_geometry(node, in_shape[:-1], result.positions)
    members += f"    typedef ap_uint<{result.word_bits}> accum_t;\n"
    members += f"    template <class T> using reduction = accelgen::larger_levels<T, {result.levels.bits}>;\n"
    return call("accelgen_packed_pool.h", "pool", result.variable_shape, text + members)
