"""Moving elements: transposition, padding, cropping, up-sampling, reshaping of streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.layers import Layer

from accelgen.backend.kernels.registry import Kernel, kernel
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.backend.standard import zero_padding
from accelgen.ir import Dense, FixedType, Node, Pad, Reshape, Transpose, UpSample
from accelgen.ir.nodes import Shape

HEADER = "accelgen_gather.h"


@dataclass(frozen=True)
class Moves:
    """Where each element of a result comes from, one axis at a time.

    The element at (c0, c1 ...) of ``shape`` comes from the flat input index ``offsets[0][c0] +
    offsets[1][c1] + ...``, and is 0 where one of these is None.
    """

    shape: Shape
    offsets: tuple[tuple[int | None, ...], ...]

    @property
    def in_order(self) -> bool:
        """Whether the result is the whole input in its own order."""
        strides = _strides(self.shape)
        return all(
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
        return "\n".join([*lines, f"        return {outside} ? -1 : {' + '.join(parts)};", "    }"])


def _strides(shape: Shape) -> list[int]:
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def transposed(shape: Shape, permutation: Sequence[int]) -> Moves:
    """The axes of an input of ``shape`` in the order of ``permutation``."""
    strides = _strides(shape)
    return Moves(
        tuple(shape[axis] for axis in permutation),
        tuple(tuple(strides[axis] * i for i in range(shape[axis])) for axis in permutation),
    )


def _padded(shape: Shape, padding: Sequence[tuple[int, int]]) -> Moves:
    offsets = tuple(
        tuple(stride * i if 0 <= i < size else None for i in range(-before, size + after))
        for stride, size, (before, after) in zip(_strides(shape), shape, padding, strict=True)
    )
    return Moves(tuple(map(len, offsets)), offsets)


def _repeated(shape: Shape, factors: Sequence[int]) -> Moves:
    offsets = tuple(
        tuple(int(stride * i) for i in np.repeat(np.arange(size), factor))
        for stride, size, factor in zip(_strides(shape), shape, factors, strict=True)
    )
    return Moves(tuple(map(len, offsets)), offsets)


class AccelgenGather(Layer):  # type: ignore[misc]  # hls4ml ships no types
    """hls4ml's layer for `Moves`, its attribute "moves"; "shape" is the result's."""

    def initialize(self) -> None:
        """Declare the result."""
        self.add_output_variable(list(self.get_attr("shape")))


class AccelgenGatherConfig(LayerConfigTemplate):  # type: ignore[misc]
    """The sizes and the index function."""

    def __init__(self) -> None:
        super().__init__(AccelgenGather)

    def format(self, node: Any) -> str:
        """C++ of the layer's configuration."""
        return (
            f"struct config{node.index} {{\n"
            f"    static const unsigned n_in = {node.get_input_variable().size()};\n"
            f"    static const unsigned n_out = {node.get_output_variable().size()};\n"
            f"{node.get_attr('moves').cpp()}\n"
            "};\n"
        )


class AccelgenGatherCall(FunctionCallTemplate):  # type: ignore[misc]
    """The call."""

    def __init__(self) -> None:
        super().__init__(AccelgenGather, include_header=[f"nnet_utils/{HEADER}"])

    def format(self, node: Any) -> str:
        """C++ of the call."""
        stream = node.model.config.get_config_value("IOType") == "io_stream"
        function = "repack" if stream and node.get_attr("moves").in_order else "gather"
        source, result = node.get_input_variable(), node.get_output_variable()
        types = f"{source.type.name}, {result.type.name}, config{node.index}"
        return f"accelgen::{function}<{types}>({source.name}, {result.name});"


kernel(Kernel(AccelgenGather, AccelgenGatherConfig, AccelgenGatherCall, (HEADER,)))


def gather(node: Node, context: Context, moves: Moves, shape: Shape | None = None) -> HlsLayer:
    """The layer that gives the node's result by moving elements of its input, seen under ``shape``."""
    return context.layer(
        "AccelgenGather", node, moves=moves, shape=context.shape(node.name) if shape is None else shape
    )


def gather_step(name: str, source: str, moves: Moves, shape: Shape, kind: FixedType) -> HlsLayer:
    """A step of its own name that moves the elements of the layer ``source``."""
    return HlsLayer("AccelgenGather", name, (source,), {"result": kind}, {"moves": moves, "shape": shape})


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
