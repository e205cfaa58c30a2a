"""Every node that is lowered to C++, compiled, against the golden model: equal in every bit."""

from __future__ import annotations

import numpy as np
import pytest

from accelgen.design import Design, IoType, LayerDesign, Strategy
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


STRATEGIES = [
    (Strategy.LATENCY, 1),
    (Strategy.LATENCY, 3),
    (Strategy.RESOURCE, 1),
    (Strategy.RESOURCE, 4),
    (Strategy.RESOURCE, 24),
    (Strategy.RESOURCE_UNROLLED, 2),
    (Strategy.RESOURCE_UNROLLED, 16),
]


@BOTH
@pytest.mark.parametrize(("strategy", "reuse"), STRATEGIES)
def test_dense_chain(check: Check, io_type: IoType, strategy: Strategy, reuse: int) -> None:
    nodes: list[Node] = [image(8)]
    previous = "x"
    for index, (n_in, n_out) in enumerate([(8, 6), (6, 12), (12, 3)]):
        nodes.append(
            Dense(f"fc{index}", (previous,), weights(n_in, n_out), weights(n_out) if index else None)
        )
        nodes.append(Relu(f"r{index}", (f"fc{index}",)))
        nodes.append(Quantize(f"q{index}", (f"r{index}",), POSITIVE))
        previous = f"q{index}"
    nodes.append(Dense("last", (previous,), weights(3, 4)))
    check(network_of(*nodes), design(io_type, strategy, reuse))


@BOTH
@pytest.mark.parametrize(("strategy", "reuse"), [(Strategy.LATENCY, 1), (Strategy.RESOURCE, 4)])
@pytest.mark.parametrize("shape", [(5, 4), (3, 2, 4)])
def test_dense_over_positions(
    check: Check, io_type: IoType, strategy: Strategy, reuse: int, shape: tuple[int, ...]
) -> None:
    nodes = [image(*shape), Dense("fc", ("x",), weights(4, 3), weights(3)), quantized("fc")]
    check(network_of(*nodes), design(io_type, strategy, reuse))


CONVOLUTIONS = {
    "same": ((3, 3, 2, 4), {"padding": ((1, 1), (1, 1))}),
    "strided": ((3, 2, 2, 3), {"strides": (2, 3)}),
    "uneven": ((2, 3, 2, 3), {"strides": (2, 1), "padding": ((0, 1), (2, 0))}),
    "pointwise": ((1, 1, 2, 5), {}),
    "pointwise strided": ((1, 1, 2, 5), {"strides": (2, 2)}),
    "row strided": ((1, 3, 2, 2), {"strides": (2, 1)}),
    "column": ((3, 1, 2, 2), {"strides": (1, 2)}),
    "dilated": ((2, 2, 2, 3), {"dilation": (2, 3)}),
    "grouped": ((3, 3, 1, 4), {"groups": 2}),
    "1d": ((3, 2, 4), {"padding": ((1, 1),)}),
    "1d strided": ((2, 2, 3), {"strides": (3,)}),
    "1d pointwise": ((1, 2, 3), {"strides": (2,)}),
}


@BOTH
@pytest.mark.parametrize(("strategy", "reuse"), [(Strategy.LATENCY, 1), (Strategy.RESOURCE, 4)])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution(check: Check, io_type: IoType, strategy: Strategy, reuse: int, case: str) -> None:
    shape, options = CONVOLUTIONS[case]
    source = image(7, 6, 2) if len(shape) == 4 else image(9, 2)
    nodes = [source, conv("c", "x", shape, **options), quantized("c")]
    check(network_of(*nodes), design(io_type, strategy, reuse, positions=2))


@BOTH
@pytest.mark.parametrize(("strategy", "reuse"), STRATEGIES)
def test_convolution_strategies(check: Check, io_type: IoType, strategy: Strategy, reuse: int) -> None:
    nodes = [image(5, 5, 2), conv("c", "x", (2, 3, 2, 4)), quantized("c")]
    check(network_of(*nodes), design(io_type, strategy, reuse, positions=7))


@BOTH
@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("kernel", [(3,), (3, 3), (1, 2), (1, 1)])
def test_depthwise_convolution(
    check: Check, io_type: IoType, multiplier: int, kernel: tuple[int, ...]
) -> None:
    rank = len(kernel)
    depthwise = DepthwiseConv(
        "d",
        ("x",),
        weights(*kernel, 3, multiplier),
        weights(3 * multiplier) if multiplier == 1 else None,
        strides=(2,) * rank,
        padding=((1, 0),) * rank,
        dilation=(1,) * rank,
    )
    check(network_of(image(*(6, 5)[:rank], 3), depthwise, quantized("d")), design(io_type))


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
@pytest.mark.parametrize("shape", [(4,), (2, 3, 4)])
def test_affine(check: Check, io_type: IoType, shape: tuple[int, ...]) -> None:
    nodes: list[Node] = [image(*shape), quantized("x")]
    for index, size in enumerate([(1,), shape[-1:], shape]):
        nodes += [
            Affine(f"a{index}", (nodes[-1].name,), weights(*size), weights(*size)),
            quantized(f"a{index}"),
        ]
    check(network_of(*nodes), design(io_type))


@BOTH
def test_quantize(check: Check, io_type: IoType) -> None:
    kinds = [FixedType(4, 2, True, rounding, overflow) for rounding in Rounding for overflow in Overflow]
    copies = [Input(f"x{index}", (), (64,), IN) for index in range(len(kinds))]
    casts = [Quantize(f"q{index}", (f"x{index}",), kind) for index, kind in enumerate(kinds)]
    outputs = tuple(cast.name for cast in casts)
    check(network_of(*copies, *casts, outputs=outputs), design(io_type))


@BOTH
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concatenate(check: Check, io_type: IoType, axis: int) -> None:
    nodes = [
        Input("x", (), (3, 3), IN),
        Input("y", (), (3, 3), FixedType(7, 2)),
        Input("z", (), (3, 3), FixedType(3, 3, signed=False)),
        Concatenate("joined", ("x", "y", "z"), axis),
    ]
    check(network_of(*nodes), design(io_type))


MOVES: dict[str, Node] = {
    "transpose": Transpose("m", ("x",), (2, 0, 1)),
    "pad": Pad("m", ("x",), ((1, 0), (0, 2), (0, 0))),
    "pad channels": Pad("m", ("x",), ((0, 0), (0, 0), (1, 2))),
    "crop": Pad("m", ("x",), ((-1, 0), (1, -2), (0, 0))),
    "up sample": UpSample("m", ("x",), (2, 3)),
    "reshape": Reshape("m", ("x",), (6, 4)),
    "reshape to packs that do not divide": Reshape("m", ("x",), (4, 6)),
    "flatten": Reshape("m", ("x",), (24,)),
}


@BOTH
@pytest.mark.parametrize("case", MOVES)
def test_moves(check: Check, io_type: IoType, case: str) -> None:
    check(network_of(image(3, 4, 2), MOVES[case], quantized("m")), design(io_type))


@BOTH
@pytest.mark.parametrize("shape", [(6, 4), (24,)])
def test_reshaped_output(check: Check, io_type: IoType, shape: tuple[int, ...]) -> None:
    nodes = [image(3, 4, 2), quantized("x"), Reshape("m", ("x_q",), shape)]
    check(network_of(*nodes), design(io_type))


EINSUMS = {
    "dense": ("abc,cd->abd", (4, 3), (3,), True),
    "heads": ("abc,cde->adbe", (4, 2, 3), (2, 1, 3), True),
    "blocks": ("abc,abd->adbc", (2, 3, 5), None, False),
    "summed": ("abc,cd->ad", (4, 2), (2,), True),
    "positional bias": ("abc,cd->abd", (4, 3), (2, 3, 3), True),
}


@BOTH
@pytest.mark.parametrize("case", EINSUMS)
@pytest.mark.parametrize("strategy", [Strategy.LATENCY, Strategy.RESOURCE])
def test_einsum_dense(check: Check, io_type: IoType, case: str, strategy: Strategy) -> None:
    equation, shape, bias, cast = EINSUMS[case]
    node = EinsumDense("e", ("x",), equation, weights(*shape), None if bias is None else weights(*bias))
    nodes = [image(2, 3, 4), node, *([quantized("e")] if cast else [])]
    check(network_of(*nodes), design(io_type, strategy, 2))


@BOTH
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_embedding(check: Check, io_type: IoType, shape: tuple[int, ...]) -> None:
    table = weights(5, 4)
    for kind in (FixedType(4, 4, signed=False), FixedType(5, 4)):
        check(network_of(Input("x", (), shape, kind), Embedding("e", ("x",), table)), design(io_type))


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


@BOTH
def test_wide_numbers(check: Check, io_type: IoType) -> None:
    wide = FixedType(70, 40)
    nodes = [Input("x", (), (3,), wide), Dense("d", ("x",), weights(3, 2))]
    check(network_of(*nodes), design(io_type))
