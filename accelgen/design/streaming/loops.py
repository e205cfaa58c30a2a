"""The loops of io_stream by which the layers of a network read and write, their padding included.

`accelgen.backend.stream_kernels` says the same of generated code, where padding is a layer of its own and a
few layers are several; the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from accelgen.design.streaming import walks
from accelgen.design.streaming.walks import Pairs, Walk
from accelgen.ir import (
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    EinsumDense,
    Input,
    Merge,
    Network,
    Node,
    Pad,
    Pool,
    Quantize,
    Recurrent,
    Reshape,
    Transpose,
    UpSample,
)
from accelgen.ir.einsum import einsum_matrix

MOST_AXES = 2
"""Spatial axes that kernels take pixel by pixel; with more, they collect the whole input."""


@dataclass(frozen=True)
class Loop:
    """What a layer's loop does in one inference.

    Attributes:
        steps: iterations, those of padding and of pixels that no window ends at included.
        behind: results that are written when, or after, the last of the input comes. Pipelines of activations
            and of padding on the way hold a token until the next one, and let the last two go together.
    """

    steps: int
    behind: int


_LOOPS: WeakKeyDictionary[Network, dict[str, Loop]] = WeakKeyDictionary()


def loops(network: Network) -> dict[str, Loop]:
    """The loop of every layer that reads something, worked out once a network."""
    found = _LOOPS.get(network)
    if found is None:
        held = _held(network)
        found = _LOOPS[network] = {node.name: _loop(node, network, held) for node in network if node.inputs}
    return found


def _held(network: Network) -> dict[str, int]:
    """Tokens of each result that pipelines without weights hold since the last layer that has some."""
    held: dict[str, int] = {}
    for node in network:
        before = max((held[name] for name in node.inputs), default=0)
        weighs = isinstance(node, Input | Conv | Dense | DepthwiseConv | EinsumDense | Recurrent)
        passes = isinstance(node, Quantize) or is_view(node, network)  # mostly a cast in another loop
        held[node.name] = 0 if weighs else before if passes else before + 1
    return held


def _loop(node: Node, network: Network, held: Mapping[str, int]) -> Loop:
    if isinstance(node, EinsumDense):  # axes are moved by other loops before the product and after it
        plan = einsum_matrix(node, network.shapes[node.inputs[0]])
        in_order = all(list(axes) == sorted(axes) for axes in (plan.input_axes, plan.result_axes))
        return Loop(plan.positions, 1 if in_order else plan.positions)
    walk = layer_walk(node, network)
    last = max(int(reads[-1]) for reads in walk.reads)
    behind = int(np.count_nonzero(walk.writes >= last))
    if isinstance(node, Conv | DepthwiseConv):
        behind += held[node.inputs[0]] + any(pad for pads in node.padding for pad in pads)
    return Loop(walk.steps, min(behind, len(walk.writes)))


def tokens(name: str, network: Network) -> int:
    """Tokens of a result: one for each position, which holds its channels."""
    node = network[name]
    if is_view(node, network):
        return tokens(node.inputs[0], network)
    return prod(network.shapes[name][:-1])


def is_view(node: Node, network: Network) -> bool:
    """Whether a layer is no kernel: a flattened stream is read as it is by the one dense layer behind it."""
    if not isinstance(node, Reshape) or len(node.shape) != 1 or node.name in network.outputs:
        return False
    readers = network.consumers[node.name]
    return len(readers) == 1 and isinstance(readers[0], Dense)


def layer_walk(node: Node, network: Network) -> Walk:
    """The order in which a layer, its padding included, reads its inputs and writes its result."""
    inputs, result = [tokens(name, network) for name in node.inputs], tokens(node.name, network)
    match node:
        case Conv() | DepthwiseConv():
            return window_walk(node, network, _spare_rows(node))
        case Pool():
            return window_walk(node, network)
        case Dense() if len(network.shapes[node.name]) == 1:
            return walks.collect(inputs, result)
        case Dot():
            return walks.collect(inputs, result)
        case Transpose() if not _keeps_order(node, network):
            return walks.collect(inputs, result)
        case Pad() | UpSample() if len(network.shapes[node.name]) > MOST_AXES + 1:
            return walks.collect(inputs, result)
        case Pad():
            return pad_walk(node, network)
        case UpSample():
            return repeat_walk(node, network)
        case Merge():
            return walks.collect_some(inputs, result)
        case Concatenate() if node.axis % len(network.shapes[node.name]) < len(network.shapes[node.name]) - 1:
            outer = prod(network.shapes[node.name][: node.axis % len(network.shapes[node.name])])
            return walks.interleave(outer, inputs)
        case Recurrent():
            return recurrent_walk(node, inputs[0])
    return walks.regroup(inputs, result)


def _keeps_order(node: Transpose, network: Network) -> bool:
    """Whether axes of one element are all that moves."""
    shape = network.shapes[node.inputs[0]]
    moved = [axis for axis in node.permutation if shape[axis] > 1]
    return moved == sorted(moved)


def window_walk(node: Conv | DepthwiseConv | Pool, network: Network, spare_rows: int = 0) -> Walk:
    """A convolution or a pool: its image and padding pixel by pixel; spare rows of zeros end its window."""
    size = node.size if isinstance(node, Pool) else _spans(node)
    kernel, padding = last_two(size, 1), last_two(node.padding, (0, 0))
    (top, bottom), columns = padding
    return walks.windows(
        image(node.inputs[0], network),
        (kernel[0] + spare_rows, kernel[1]),
        last_two(node.strides, 1),
        ((top, bottom + spare_rows), columns),
    )


def _spare_rows(node: Conv | DepthwiseConv) -> int:
    """Rows of zeros that hls4ml's line buffers need behind a kernel of one row (`backend.standard`)."""
    kernel = _spans(node)
    if len(kernel) < MOST_AXES or kernel[0] > 1:
        return 0
    return int(isinstance(node, DepthwiseConv) or (kernel[1] > 1 and node.strides[0] > 1))


def padding_walks(node: Conv | DepthwiseConv, network: Network) -> tuple[Walk, Walk]:
    """The padding before a convolution as a layer of its own, and the convolution of what is padded."""
    rows, columns = image(node.inputs[0], network)
    (top, bottom), sides = last_two(node.padding, (0, 0))
    bottom += _spare_rows(node)
    height, width = last_two(_spans(node), 1)
    padded = walks.pad((rows, columns), ((top, bottom), sides))
    size, kernel = (rows + top + bottom, columns + sum(sides)), (height + _spare_rows(node), width)
    return padded, walks.windows(size, kernel, last_two(node.strides, 1))


def _spans(node: Conv | DepthwiseConv) -> tuple[int, ...]:
    """Taps of a kernel along each axis, those that dilation leaves out included."""
    axes = zip(node.weight.shape, node.dilation, strict=False)
    return tuple((taps - 1) * step + 1 for taps, step in axes)


def pad_walk(node: Pad, network: Network) -> Walk:
    """Zeros around an image, or a border cut off."""
    padding: Pairs = last_two(node.padding[:-1], (0, 0))
    return walks.pad(image(node.inputs[0], network), padding)


def repeat_walk(node: UpSample, network: Network) -> Walk:
    """Pixels repeated along rows and columns."""
    return walks.repeat(image(node.inputs[0], network), last_two(node.factors, 1))


def recurrent_walk(node: Recurrent, steps: int) -> Walk:
    """Steps of a sequence."""
    return walks.recur(
        steps, results=node.return_sequences, backwards=node.go_backwards, reordered=node.in_input_order
    )


def image(name: str, network: Network) -> tuple[int, int]:
    """Rows and columns of a result; a sequence has one row."""
    return last_two(network.shapes[name][:-1], 1)


_AxisT = TypeVar("_AxisT")


def last_two(axes: Sequence[_AxisT], filling: _AxisT) -> tuple[_AxisT, _AxisT]:
    """Something of rows and columns, from something of one or two axes, or none."""
    first, second = (filling, filling, *axes)[-2:]
    return first, second
