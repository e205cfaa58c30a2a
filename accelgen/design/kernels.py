"""What there are kernels for: what building refuses, said without the backend, which is slow to import."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelgen.design.design import Design, IoType
from accelgen.design.packed_choice import PACKED
from accelgen.errors import DesignError, UnsupportedError
from accelgen.ir import (
    Affine,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    EinsumDense,
    Embedding,
    Input,
    Lookup,
    Merge,
    MergeKind,
    Network,
    Node,
    Pad,
    Pool,
    PoolKind,
    Quantize,
    QuantizeArray,
    Recurrent,
    Relu,
    Reshape,
    Softmax,
    Threshold,
    Transpose,
    UpSample,
)
from accelgen.ir.nodes import Shape

KINDS: frozenset[type[Node]] = frozenset(
    {
        *(Affine, Clip, Concatenate, Conv, Dense, DepthwiseConv, Dot, EinsumDense, Embedding, Input, Lookup),
        *(Merge, Pad, Pool, Quantize, QuantizeArray, Recurrent, Relu, Reshape, Softmax, Threshold, Transpose),
        UpSample,
    }
)
"""The node classes that the backend has a lowering function for."""

WINDOW_AXES = 2
"""Spatial axes that convolutions and pools slide along."""

BROADCAST_AXES = 4
"""Loops of the kernel that combines two tensors."""

STREAM_READERS = 7
"""hls4ml copies a stream for at most as many readers (nnet_stream.h, clone_stream)."""


def check_kernels(network: Network, design: Design) -> None:
    """Refuse what building would refuse: layers of an exact network that no kernel computes.

    Raises:
        UnsupportedError: a layer that no kernel computes.
        DesignError: more readers of one result than io_stream can serve.
    """
    for node in network:
        if type(node) not in KINDS:
            raise UnsupportedError(
                f"layer {node.name!r}: there is no kernel for {type(node).__name__} "
                f"(there is for {', '.join(sorted(kind.__name__ for kind in KINDS))})"
            )
        if isinstance(node, Pool | Conv | DepthwiseConv):
            _check_window(node)
        if isinstance(node, Merge):
            _check_merge(node, network)
    if design.io_type is IoType.STREAM:
        _check_readers(network, design)


def _check_window(node: Pool | Conv | DepthwiseConv) -> None:
    if isinstance(node, Pool) and node.kind is PoolKind.AVERAGE:
        raise UnsupportedError(f"layer {node.name!r}: an average is lowered to a sum and a scale before")
    if (axes := len(node.padding)) > WINDOW_AXES:
        what = "pooling" if isinstance(node, Pool) else "a convolution"
        raise UnsupportedError(f"layer {node.name!r}: {what} over {axes} axes; 1 and 2 are supported")


def _check_merge(node: Merge, network: Network) -> None:
    if node.kind is MergeKind.AVERAGE:
        raise UnsupportedError(f"layer {node.name!r}: an average is lowered to a sum and a scale before")
    first = network.shapes[node.inputs[0]]
    for source in node.inputs[1:]:
        second = network.shapes[source]
        joined = np.broadcast_shapes(first, second)
        if len(broadcast_loops(joined, (first, second))[0]) > BROADCAST_AXES:
            raise UnsupportedError(
                f"layer {node.name!r}: inputs of shapes {first} and {second} broadcast along too many axes"
            )
        first = joined


def broadcast_loops(shape: Shape, operands: Sequence[Shape]) -> tuple[list[int], list[list[int]]]:
    """Sizes of as few loops as walk through ``shape``, and how far each of them moves in each operand.

    The last loop is the last axis; a loop moves 0 in an operand that repeats along it.
    """
    strides = [_strides(shape, operand) for operand in operands]
    sizes = [shape[-1]]
    steps = [[own[-1]] for own in strides]
    for axis in reversed(range(len(shape) - 1)):
        if shape[axis] == 1:
            continue
        joins = len(sizes) > 1 and all(
            own[axis] == walk[0] * sizes[0] for own, walk in zip(strides, steps, strict=True)
        )
        if joins:
            sizes[0] *= shape[axis]
            continue
        sizes.insert(0, shape[axis])
        for own, walk in zip(strides, steps, strict=True):
            walk.insert(0, own[axis])
    return sizes, steps


def _strides(shape: Shape, operand: Shape) -> list[int]:
    """For each axis of ``shape``, how far apart an operand's elements lie; 0 where it repeats."""
    own = (1,) * (len(shape) - len(operand)) + operand
    return [
        0 if size == 1 and whole > 1 else int(np.prod(own[axis + 1 :], dtype=np.int64))
        for axis, (size, whole) in enumerate(zip(own, shape, strict=True))
    ]


def _check_readers(network: Network, design: Design) -> None:
    """Few-bit kernels read packed copies, of which the backend keeps count."""
    readers = dict.fromkeys((node.name for node in network), 0)
    for node in network:
        if design.layer(node.name).strategy not in PACKED:
            for source in node.inputs:
                readers[source] += 1
    for name in network.outputs:
        readers[name] += 1
    for name, count in readers.items():
        if count > STREAM_READERS:
            raise too_many_readers(name, count)


def too_many_readers(layer: str, count: int) -> DesignError:
    """The refusal of a stream that cannot be copied as often."""
    return DesignError(
        f"layer {layer!r}: {count} layers read its result, which io_stream can copy {STREAM_READERS} times; "
        "use io_parallel"
    )
