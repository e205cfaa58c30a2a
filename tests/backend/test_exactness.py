"""Every node that is lowered to C++, compiled, against the golden model: equal in every bit.

Compiling takes longest, so cases that need nothing from each other share a network.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.errors import DesignError
from accelgen.ir import (
    Affine,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    EinsumDense,
    Embedding,
    FixedType,
    Input,
    Network,
    Node,
    Overflow,
    Pad,
    Pool,
    PoolKind,
    Quantize,
    Relu,
    Reshape,
    Rounding,
    Transpose,
    UpSample,
)
from tests.backend.conftest import Check, network_of

RNG = np.random.default_rng(7)
IN = FixedType(6, 3)
ACT = FixedType(5, 2, True, Rounding.RND_CONV, Overflow.SAT)
POSITIVE = FixedType(4, 1, False, Rounding.RND_CONV, Overflow.SAT)
BOTH = pytest.mark.parametrize("io_type", list(IoType))


def weights(*shape: int) -> np.ndarray:
    return RNG.integers(-7, 8, shape) / 8


def image(*shape: int) -> Input:
    return Input("x", (), shape, IN)


def quantized(name: str, kind: FixedType = ACT) -> Quantize:
    return Quantize(f"{name}_q", (name,), kind)


def conv(name: str, source: str, shape: tuple[int, ...], **options: object) -> Conv:
    rank = len(shape) - 2
    defaults: dict[str, object] = {
        "strides": (1,) * rank,
        "padding": ((0, 0),) * rank,
        "dilation": (1,) * rank,
    }
    return Conv(name, (source,), weights(*shape), weights(shape[-1]), **{**defaults, **options})  # type: ignore[arg-type]


def design(
    io_type: IoType, strategy: Strategy = Strategy.LATENCY, reuse: int = 1, positions: int = 1
) -> Design:
    return Design(io_type=io_type, default=LayerDesign(strategy, reuse, positions))


def side_by_side(chains: Iterable[list[Node]]) -> Network:
    """One network of independent chains, each with its own input and output."""
    nodes: list[Node] = []
    outputs = []
    for number, chain in enumerate(chains):
        for node in chain:
            inputs = tuple(f"{name}_{number}" for name in node.inputs)
            nodes.append(replace(node, name=f"{node.name}_{number}", inputs=inputs))
        outputs.append(nodes[-1].name)
    return network_of(*nodes, outputs=tuple(outputs))


STRATEGIES = [
    (Strategy.LATENCY, 1),
    (Strategy.LATENCY, 3),
    (Strategy.RESOURCE, 1),
    (Strategy.RESOURCE, 4),
    (Strategy.RESOURCE, 24),
    (Strategy.RESOURCE_UNROLLED, 2),
    (Strategy.RESOURCE_UNROLLED, 16),
]
TWO_STRATEGIES = pytest.mark.parametrize(
    ("strategy", "reuse"), [(Strategy.LATENCY, 1), (Strategy.RESOURCE, 4)]
)


@BOTH
@pytest.mark.parametrize(("strategy", "reuse"), STRATEGIES)
def test_strategies(check: Check, io_type: IoType, strategy: Strategy, reuse: int) -> None:
    dense: list[Node] = [image(8)]
    previous = "x"
    for index, (n_in, n_out) in enumerate([(8, 6), (6, 12), (12, 3)]):
        bias = weights(n_out) if index else None
        dense.append(Dense(f"fc{index}", (previous,), weights(n_in, n_out), bias))
        dense.append(Relu(f"r{index}", (f"fc{index}",)))
        dense.append(Quantize(f"q{index}", (f"r{index}",), POSITIVE))
        previous = f"q{index}"
    dense.append(Dense("last", (previous,), weights(3, 4)))
    convolution = [image(5, 5, 2), conv("c", "x", (2, 3, 2, 4)), quantized("c")]
    check(side_by_side([dense, convolution]), design(io_type, strategy, reuse, positions=7))


@BOTH
@TWO_STRATEGIES
def test_dense_over_positions(check: Check, io_type: IoType, strategy: Strategy, reuse: int) -> None:
    chains = [
        [image(*shape), Dense("fc", ("x",), weights(4, 3), weights(3)), quantized("fc")]
        for shape in [(5, 4), (3, 2, 4)]
    ]
    check(side_by_side(chains), design(io_type, strategy, reuse))


CONVOLUTIONS: list[tuple[tuple[int, ...], dict[str, object]]] = [
    ((3, 3, 2, 4), {"padding": ((1, 1), (1, 1))}),
    ((3, 2, 2, 3), {"strides": (2, 3)}),
    ((2, 3, 2, 3), {"strides": (2, 1), "padding": ((0, 1), (2, 0))}),
    ((1, 1, 2, 5), {}),
    ((1, 1, 2, 5), {"strides": (2, 2)}),
    ((1, 3, 2, 2), {"strides": (2, 1)}),
    ((3, 1, 2, 2), {"strides": (1, 2)}),
    ((2, 2, 2, 3), {"dilation": (2, 3)}),
    ((3, 3, 1, 4), {"groups": 2}),
    ((3, 2, 4), {"padding": ((1, 1),)}),
    ((2, 2, 3), {"strides": (3,)}),
    ((1, 2, 3), {"strides": (2,)}),
]


@BOTH
@TWO_STRATEGIES
def test_convolutions(check: Check, io_type: IoType, strategy: Strategy, reuse: int) -> None:
    chains: list[list[Node]] = []
    for shape, options in CONVOLUTIONS:
        source = image(7, 6, 2) if len(shape) == 4 else image(9, 2)
        chains.append([source, conv("c", "x", shape, **options), quantized("c")])
    check(side_by_side(chains), design(io_type, strategy, reuse, positions=2))


@BOTH
def test_large_parallel_windows_are_gathered_by_loops(check: Check, io_type: IoType) -> None:
    chains: list[list[Node]] = [
        [image(24, 22, 2), conv("c", "x", (3, 3, 2, 1), padding=((1, 0), (0, 2)), strides=(1, 2))],
        [image(700, 2), conv("c", "x", (5, 2, 1), padding=((2, 1),))],
    ]
    check(side_by_side(chains), design(io_type))


@BOTH
def test_depthwise_convolutions(check: Check, io_type: IoType) -> None:
    chains: list[list[Node]] = []
    for multiplier in (1, 2):
        for kernel in [(3,), (3, 3), (1, 2), (1, 1), (2, 1)]:
            rank = len(kernel)
            depthwise = DepthwiseConv(
                "d",
                ("x",),
                weights(*kernel, 3, multiplier),
                weights(3) if multiplier == 1 else None,
                strides=(2,) * rank,
                padding=((1, 0),) * rank,
                dilation=(1,) * rank,
            )
            chains.append([image(*(6, 5)[:rank], 3), depthwise, quantized("d")])
    check(side_by_side(chains), design(io_type))


@BOTH
def test_convolutional_network(check: Check, io_type: IoType) -> None:
    nodes = [
        image(8, 8, 1),
        conv("c1", "x", (3, 3, 1, 3)),
        Relu("r1", ("c1",)),
        Quantize("q1", ("r1",), POSITIVE),
        Pool("p1", ("q1",), PoolKind.MAX, (2, 2), (2, 2), ((0, 0), (0, 0))),
        conv("c2", "p1", (2, 2, 3, 2)),
        quantized("c2"),
        Reshape("flat", ("c2_q",), (8,)),
        Dense("fc", ("flat",), weights(8, 3), weights(3)),
    ]
    check(network_of(*nodes), design(io_type))


@BOTH
def test_affine(check: Check, io_type: IoType) -> None:
    chains = []
    for shape in [(4,), (2, 3, 4)]:
        nodes: list[Node] = [image(*shape), quantized("x")]
        for index, size in enumerate([(1,), shape[-1:], shape]):
            affine = Affine(f"a{index}", (nodes[-1].name,), weights(*size), weights(*size))
            nodes += [affine, quantized(affine.name)]
        chains.append(nodes)
    check(side_by_side(chains), design(io_type))


@BOTH
def test_quantize(check: Check, io_type: IoType) -> None:
    kinds = [FixedType(4, 2, True, rounding, overflow) for rounding in Rounding for overflow in Overflow]
    check(side_by_side([[image(64), quantized("x", kind)] for kind in kinds]), design(io_type))


@BOTH
def test_concatenate(check: Check, io_type: IoType) -> None:
    inputs = [
        Input("x", (), (3, 3), IN),
        Input("y", (), (3, 3), FixedType(7, 2)),
        Input("z", (), (3, 3), FixedType(3, 3, signed=False)),
    ]
    chains = [[*inputs, Concatenate("joined", ("x", "y", "z"), axis)] for axis in (0, 1, -1)]
    check(side_by_side(chains), design(io_type))


MOVES: list[Node] = [
    Transpose("m", ("x",), (2, 0, 1)),
    Pad("m", ("x",), ((1, 0), (0, 2), (0, 0))),
    Pad("m", ("x",), ((0, 0), (0, 0), (1, 2))),
    Pad("m", ("x",), ((-1, 0), (1, -2), (0, 0))),
    UpSample("m", ("x",), (2, 3)),
    Reshape("m", ("x",), (6, 4)),
    Reshape("m", ("x",), (4, 6)),
    Reshape("m", ("x",), (24,)),
]


@BOTH
@pytest.mark.parametrize("cast", [True, False])
def test_moves(check: Check, io_type: IoType, cast: bool) -> None:
    chains = [[image(3, 4, 2), move, *([quantized("m")] if cast else [])] for move in MOVES]
    check(side_by_side(chains), design(io_type))


EINSUMS = [
    ("abc,cd->abd", (4, 3), (3,)),
    ("abc,cde->adbe", (4, 2, 3), (2, 1, 3)),
    ("abc,abd->adbc", (2, 3, 5), None),
    ("abc,cd->ad", (4, 2), (2,)),
    ("abc,cd->abd", (4, 3), (2, 3, 3)),
    ("abc,acd->bad", (2, 4, 2), (2, 2)),
]


@BOTH
@TWO_STRATEGIES
def test_einsum_dense(check: Check, io_type: IoType, strategy: Strategy, reuse: int) -> None:
    chains: list[list[Node]] = []
    for equation, shape, bias in EINSUMS:
        node = EinsumDense("e", ("x",), equation, weights(*shape), None if bias is None else weights(*bias))
        chains += [[image(2, 3, 4), node, quantized("e")], [image(2, 3, 4), node]]
    check(side_by_side(chains), design(io_type, strategy, reuse))


@BOTH
def test_embedding(check: Check, io_type: IoType) -> None:
    chains: list[list[Node]] = [
        [Input("x", (), shape, kind), Embedding("e", ("x",), weights(5, 4))]
        for shape in [(3,), (2, 3)]
        for kind in [FixedType(4, 4, signed=False), FixedType(5, 4)]
    ]
    check(side_by_side(chains), design(io_type))


@BOTH
def test_result_used_many_times(check: Check, io_type: IoType) -> None:
    nodes = [
        image(4),
        Dense("a", ("x",), weights(4, 4)),
        quantized("a"),
        Dense("b", ("a_q",), weights(4, 3)),
        Dense("c", ("a_q",), weights(4, 2)),
        Concatenate("joined", ("b", "c", "a_q")),
    ]
    check(network_of(*nodes, outputs=("joined", "a_q", "x", "a")), design(io_type))


def test_streams_with_too_many_readers_are_refused(check: Check) -> None:
    nodes = [image(4), *(Dense(f"d{i}", ("x",), weights(4, 1)) for i in range(8))]
    network = network_of(*nodes, outputs=tuple(node.name for node in nodes[1:]))
    with pytest.raises(DesignError, match="'x': 8 layers"):
        check(network, design(IoType.STREAM))


@BOTH
def test_wide_numbers(check: Check, io_type: IoType) -> None:
    chains: list[list[Node]] = [
        [Input("x", (), (3,), FixedType(width, 20, signed)), Dense("d", ("x",), weights(3, 2))]
        for width in (51, 59, 63, 64, 70, 130)
        for signed in (True, False)
    ]
    check(side_by_side(chains), design(io_type))
