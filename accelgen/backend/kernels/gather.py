"""Moving elements: transposition, padding, cropping, up-sampling, reshaping (accelgen_gather.h)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from accelgen.backend.kernels.config import constants, signed_constants
from accelgen.backend.kernels.layer import call
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import Dense, FixedType, Node, Pad, Reshape, Transpose, UpSample
from accelgen.ir.nodes import Shape

HEADER = "accelgen_gather.h"


@dataclass(frozen=True)
class Moves:
    """Where each element of a result comes from, one axis at a time.

    The element at (c0, c1 ...) of ``shape`` comes from the flat index ``offsets[0][c0] + offsets[1][c1] +
    ...`` of an input of shape ``source``, and is 0 where one of these is None.
    """

    source: Shape
    shape: Shape
    offsets: tuple[tuple[int | None, ...], ...]

    @property
    def in_order(self) -> bool:
        """Whether the result is the whole input in its own order."""
        strides = _strides(self.shape)
        return prod(self.source) == prod(self.shape) and all(
            list(offsets) == [stride * i for i in range(size)]
            for offsets, stride, size in zip(self.offsets, strides, self.shape, strict=True)
        )

    @property
    def keeps_pixels(self) -> bool:
        """Whether the last axis stays whole and last."""
        size = self.source[-1]
        return self.shape[-1] == size and list(self.offsets[-1]) == list(range(size))

    def cpp(self) -> str:
        """A function ``source`` from a flat index to the input's, or to -1."""
        lines = ["    static int source(unsigned i) {"]
        names = [f"axis{axis}" for axis in range(len(self.shape))]
        for name, offsets in zip(names, self.offsets, strict=True):
            numbers = ", ".join(str(-1 if offset is None else offset) for offset in offsets)
            lines.append(f"        static const int {name}[{len(offsets)}] = {{{numbers}}};")
        parts = []
        for name, stride, size in zip(names, _strides(self.shape), self.shape, strict=True):
            lines.append(f"        const int from_{name} = {name}[i / {stride} % {size}];")
            parts.append(f"from_{name}")
        outside = " || ".join(f"{part} < 0" for part in parts)
        return "\n".join([*lines, f"        return {outside} ? -1 : {' + '.join(parts)};", "    }\n"])


def _strides(shape: Shape) -> list[int]:
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def transposed(shape: Shape, permutation: Sequence[int]) -> Moves:
    """The axes of an input of ``shape`` in the order of ``permutation``."""
    strides = _strides(shape)
    return Moves(
        shape,
        tuple(shape[axis] for axis in permutation),
        tuple(tuple(strides[axis] * i for i in range(shape[axis])) for axis in permutation),
    )


def _padded(shape: Shape, padding: Sequence[tuple[int, int]]) -> Moves:
    offsets = tuple(
        tuple(stride * i if 0 <= i < size else None for i in range(-before, size + after))
        for stride, size, (before, after) in zip(_strides(shape), shape, padding, strict=True)
    )
    return Moves(shape, tuple(map(len, offsets)), offsets)


def repeated(shape: Shape, factors: Sequence[int]) -> Moves:
    """Every element of an input of ``shape`` repeated ``factors[i]`` times along axis ``i``."""
    offsets = tuple(
        tuple(int(stride * i) for i in np.repeat(np.arange(size), factor))
        for stride, size, factor in zip(_strides(shape), shape, factors, strict=True)
    )
    return Moves(shape, tuple(map(len, offsets)), offsets)


def _attributes(context: Context, moves: Moves, shape: Shape) -> dict[str, Any]:
    if context.stream and moves.in_order:
        members = constants(n_elem=prod(shape), period=1, reuse_factor=1, multiplier_limit=1)
        return call("accelgen_map.h", "map", shape, members, operation="identity")
    members = constants(n_in=prod(moves.source), n_out=prod(shape))
    members += constants(keeps_pixels=moves.keeps_pixels and shape[-1] == moves.shape[-1])
    return call(HEADER, "gather", shape, members + moves.cpp())


def gather(node: Node, context: Context, moves: Moves) -> HlsLayer:
    """The layer that gives the node's result by moving elements of its input."""
    attributes = _attributes(context, moves, context.shape(node.name))
    return context.layer("AccelgenKernel", node, **attributes)


def gather_step(
    node: Node, context: Context, step: str, source: str, moves: Moves, shape: Shape, kind: FixedType
) -> HlsLayer:
    """A step that moves the elements of the layer ``source`` into a tensor of ``shape``."""
    attributes = _attributes(context, moves, shape)
    return HlsLayer("AccelgenKernel", context.step_name(node, step), (source,), {"result": kind}, attributes)


@lowers(Transpose, fuses=True)
def lower_transpose(node: Transpose, context: Context) -> list[HlsLayer]:
    """Axes reordered."""
    return [gather(node, context, transposed(context.shape(node.inputs[0]), node.permutation))]


@lowers(Pad, fuses=True)
def lower_pad(node: Pad, context: Context) -> list[HlsLayer]:
    """Zeros added or a border cut off; without a buffer in io_stream up to two spatial axes."""
    shape = context.shape(node.inputs[0])
    if not context.stream or len(shape) > 3:
        return [gather(node, context, _padded(shape, node.padding))]
    *spatial, (front, back) = node.padding
    (top, bottom), (left, right) = [(0, 0)] * (2 - len(spatial)) + spatial
    height, width = _image(shape)
    members = signed_constants(in_height=height, in_width=width, in_chan=shape[-1])
    members += signed_constants(out_chan=shape[-1] + front + back, pad_front=front)
    members += signed_constants(pad_top=top, pad_bottom=bottom, pad_left=left, pad_right=right)
    return [context.layer("AccelgenKernel", node, **call(HEADER, "pad", context.shape(node.name), members))]


def _image(shape: Shape) -> list[int]:
    """Height and width of a shape of up to two spatial axes, in front of its channels."""
    return [1] * (3 - len(shape)) + list(shape[:-1])


@lowers(UpSample, fuses=True)
def lower_up_sample(node: UpSample, context: Context) -> list[HlsLayer]:
    """Elements repeated; in io_stream, up to two spatial axes, with one row kept."""
    shape = context.shape(node.inputs[0])
    if not context.stream or len(shape) > 3:
        return [gather(node, context, repeated(shape, (*node.factors, 1)))]
    height, width = _image(shape)
    factor_height, factor_width = _image((*node.factors, 1))
    members = constants(in_height=height, in_width=width)
    members += constants(factor_height=factor_height, factor_width=factor_width)
    return [
        context.layer("AccelgenKernel", node, **call(HEADER, "repeat", context.shape(node.name), members))
    ]


def keeps_packs(node: Node, context: Context) -> bool:
    """Whether a node is a stream that is flattened for one dense layer, which reads packs of any size."""
    consumers = context.network.consumers[node.name]
    flattened = isinstance(node, Reshape) and len(node.shape) == 1
    for_dense = len(consumers) == 1 and isinstance(consumers[0], Dense)
    return context.stream and flattened and for_dense and node.name not in context.network.outputs


@lowers(Reshape)
def lower_reshape(node: Reshape, context: Context) -> list[HlsLayer]:
    """The same elements under another shape: a view of an array, other packs in a stream."""
    if not context.stream or keeps_packs(node, context):
        return [context.layer("Reshape", node, target_shape=list(node.shape))]
    shape = context.shape(node.name)
    return [gather(node, context, transposed(shape, range(len(shape))))]
