"""Moving elements: transposition, padding, cropping, up-sampling, reshaping (accelgen_gather.h)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from accelgen.backend.kernels.config import constants
from accelgen.backend.kernels.layer import call
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.backend.standard import zero_padding
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


def _repeated(shape: Shape, factors: Sequence[int]) -> Moves:
    offsets = tuple(
        tuple(int(stride * i) for i in np.repeat(np.arange(size), factor))
        for stride, size, factor in zip(_strides(shape), shape, factors, strict=True)
    )
    return Moves(shape, tuple(map(len, offsets)), offsets)


def _attributes(context: Context, moves: Moves, shape: Shape) -> dict[str, Any]:
    members = constants(n_in=prod(moves.source), n_out=prod(shape)) + moves.cpp()
    return call(HEADER, "repack" if context.stream and moves.in_order else "gather", shape, members)


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


@lowers(Pad)
def lower_pad(node: Pad, context: Context) -> list[HlsLayer]:
    """Zeros added; without a buffer in io_stream where only spatial axes grow."""
    shape = context.shape(node.inputs[0])
    spatial = node.padding[:-1]
    grows = node.padding[-1] == (0, 0) and all(pad >= 0 for pair in spatial for pad in pair)
    if context.stream and grows and len(spatial) in (1, 2):
        step = zero_padding(node, context, spatial)
        return [context.layer(step.class_name, node, **step.attributes)]
    return [gather(node, context, _padded(shape, node.padding))]


@lowers(UpSample, fuses=True)
def lower_up_sample(node: UpSample, context: Context) -> list[HlsLayer]:
    """Elements repeated."""
    return [gather(node, context, _repeated(context.shape(node.inputs[0]), (*node.factors, 1)))]


@lowers(Reshape)
def lower_reshape(node: Reshape, context: Context) -> list[HlsLayer]:
    """The same elements under another shape: a view of an array, other packs in a stream.

    A stream that is flattened for one dense layer stays as it is: that layer reads packs of any size.
    """
    consumers = context.network.consumers[node.name]
    flattened = len(node.shape) == 1 and len(consumers) == 1 and isinstance(consumers[0], Dense)
    if not context.stream or (flattened and node.name not in context.network.outputs):
        return [context.layer("Reshape", node, target_shape=list(node.shape))]
    shape = context.shape(node.name)
    return [gather(node, context, transposed(shape, range(len(shape))))]
