"""Every own kernel, compiled for random types and shapes, against the golden model: equal in every bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from accelgen.backend.kernels.config import table
from accelgen.design import Design, IoType, LayerDesign
from accelgen.errors import PrecisionError
from accelgen.ir import (
    Affine,
    Clip,
    Concatenate,
    Dot,
    FixedType,
    Input,
    Lookup,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
    Pad,
    Pool,
    PoolKind,
    Quantize,
    QuantizeArray,
    Relu,
    Reshape,
    Rounding,
    Softmax,
    Threshold,
    Transpose,
    UpSample,
)
from tests.backend.conftest import Check, network_of

Random = np.random.Generator
Case = Callable[[Random, str], list[Node]]


def any_type(rng: Random, widest: int = 12) -> FixedType:
    width = int(rng.integers(1, widest + 1))
    return FixedType(width, int(rng.integers(-2, width + 3)), bool(rng.integers(2)))


def modes(rng: Random) -> tuple[Rounding, Overflow]:
    return list(Rounding)[rng.integers(7)], list(Overflow)[rng.integers(4)]


def any_shape(rng: Random) -> tuple[int, ...]:
    return tuple(int(size) for size in rng.integers(1, 5, rng.integers(1, 4)))


def some_input(rng: Random, name: str, shape: tuple[int, ...] | None = None, widest: int = 12) -> Input:
    return Input(f"{name}_x", (), any_shape(rng) if shape is None else shape, any_type(rng, widest))


def on_grid(rng: Random, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-20, 21, shape) / 2.0 ** rng.integers(-1, 6)


def constant_shape(rng: Random, shape: tuple[int, ...]) -> tuple[int, ...]:
    return [(1,), shape[-1:], shape][rng.integers(3)]


def lookup(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name, widest=8)
    assert x.type is not None
    index = FixedType(x.type.width + 2, x.type.integer + 1, x.type.signed)
    return [x, Lookup(name, (x.name,), index, on_grid(rng, (1 << index.width,)))]


def threshold(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name)
    assert x.type is not None
    levels = int(rng.integers(1, 9))
    channels = (x.shape[-1],) if rng.integers(2) else ()
    spread = max(abs(x.type.min), x.type.max)
    edges = np.sort(rng.uniform(-1.3, 1.3, (*channels, levels)) * spread, -1)
    edges[..., 0] = np.round(edges[..., 0] / x.type.step) * x.type.step
    edges = np.sort(edges, -1)
    rows = (x.shape[-1],) if rng.integers(2) else ()
    return [x, Threshold(name, (x.name,), edges, on_grid(rng, (*rows, levels + 1)), bool(rng.integers(2)))]


def quantize_array(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name)
    shapes = [constant_shape(rng, x.shape) for _ in range(3)]
    width = rng.integers(0, 9, shapes[0])
    integer = rng.integers(-3, 9, shapes[1])
    return [x, QuantizeArray(name, (x.name,), width, integer, rng.integers(0, 2, shapes[2]) > 0, *modes(rng))]


def relu(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name)
    slope = [np.zeros(1), on_grid(rng, constant_shape(rng, x.shape))][rng.integers(2)]
    upper = None if rng.integers(2) else float(rng.integers(0, 40) / 8)
    return [x, Relu(name, (x.name,), slope, upper)]


def clip(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name)
    low, high = np.sort(rng.integers(-60, 60, 2) / 16)
    return [x, Clip(name, (x.name,), float(low), float(high))]


def affine(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name)
    scale, bias = (on_grid(rng, constant_shape(rng, x.shape)) for _ in range(2))
    return [x, Affine(name, (x.name,), scale, bias)]


def pool(rng: Random, name: str) -> list[Node]:
    rank = int(rng.integers(1, 3))
    spatial = [int(size) for size in rng.integers(1, 8, rank)]
    x = some_input(rng, name, (*spatial, int(rng.integers(1, 4))))
    kind = [PoolKind.MAX, PoolKind.SUM][rng.integers(2)]
    if rng.integers(4) == 0:
        return [x, Pool(name, (x.name,), kind, tuple(spatial), (1,) * rank, ((0, 0),) * rank)]
    size = tuple(int(rng.integers(1, extent + 1)) for extent in spatial)
    strides = tuple(int(stride) for stride in rng.integers(1, 4, rank))
    padding = tuple((int(rng.integers(0, taps)), int(rng.integers(0, taps))) for taps in size)
    return [x, Pool(name, (x.name,), kind, size, strides, padding)]


def merge(rng: Random, name: str) -> list[Node]:
    shape = any_shape(rng)
    inputs = []
    for position in range(int(rng.integers(2, 4))):
        own = tuple(1 if rng.integers(3) == 0 else size for size in shape)
        own = own[rng.integers(len(shape)) :] if rng.integers(3) == 0 else own
        inputs.append(some_input(rng, f"{name}_{position}", own))
    kinds = [kind for kind in MergeKind if kind is not MergeKind.AVERAGE]
    return [*inputs, Merge(name, tuple(x.name for x in inputs), kinds[rng.integers(5)])]


def concatenate(rng: Random, name: str) -> list[Node]:
    shape = any_shape(rng)
    axis = int(rng.integers(len(shape)))
    inputs = [
        some_input(rng, f"{name}_{i}", (*shape[:axis], int(rng.integers(1, 4)), *shape[axis + 1 :]))
        for i in range(int(rng.integers(2, 4)))
    ]
    return [*inputs, Concatenate(name, tuple(x.name for x in inputs), axis)]


def dot(rng: Random, name: str) -> list[Node]:
    shapes = [list(any_shape(rng)) for _ in range(2)]
    axes = [int(rng.integers(len(shape))) for shape in shapes]
    shapes[1][axes[1]] = shapes[0][axes[0]]
    first, second = (some_input(rng, f"{name}_{i}", tuple(shape)) for i, shape in enumerate(shapes))
    return [first, second, Dot(name, (first.name, second.name), (axes[0], axes[1]))]


def softmax(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name, widest=24)
    result = FixedType(int(rng.integers(4, 19)), int(rng.integers(0, 2)), False, modes(rng)[0], Overflow.SAT)
    return [x, Softmax(name, (x.name,), result)]


def reshape(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name)
    other = tuple(x.shape[i] for i in rng.permutation(len(x.shape)))
    return [x, Reshape(name, (x.name,), [(int(np.prod(x.shape)),), other][rng.integers(2)])]


def transpose(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name)
    return [x, Transpose(name, (x.name,), tuple(int(axis) for axis in rng.permutation(len(x.shape))))]


def pad(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name)
    padding = []
    for size in x.shape:
        before = int(rng.integers(-1, 3))
        padding.append((before, int(rng.integers(1 - size - before, 3)) if size + before > 0 else 2))
    return [x, Pad(name, (x.name,), tuple(padding))]


def upsample(rng: Random, name: str) -> list[Node]:
    x = some_input(rng, name, (*any_shape(rng), 2))
    return [
        x,
        UpSample(name, (x.name,), tuple(int(factor) for factor in rng.integers(1, 4, len(x.shape) - 1))),
    ]


CASES: tuple[Case, ...] = (
    *(lookup, threshold, quantize_array, relu, clip, affine, pool, merge, concatenate, dot, softmax),
    *(reshape, transpose, pad, upsample),
)


def random_network(case: Case, rng: Random, count: int) -> Network:
    """``count`` random layers side by side, every other one followed by a cast that it may take over."""
    nodes: list[Node] = []
    outputs = []
    for index in range(count):
        nodes += case(rng, f"n{index}")
        if rng.integers(2):
            # ap_fixed<1, I> that saturates symmetrically is left out: it takes -1, which such a type excludes
            kind = replace(any_type(rng), width=int(rng.integers(2, 13))).with_modes(*modes(rng))
            nodes.append(Quantize(f"q{index}", (nodes[-1].name,), kind))
        outputs.append(nodes[-1].name)
    return network_of(*nodes, outputs=tuple(outputs))


@pytest.mark.parametrize("io_type", list(IoType), ids=lambda io_type: io_type.value)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_random_layers(check: Check, case: Case, io_type: IoType) -> None:
    rng = np.random.default_rng([CASES.index(case), list(IoType).index(io_type)])
    reuse = int(rng.integers(1, 4))
    check(random_network(case, rng, 10), Design(io_type=io_type, default=LayerDesign(reuse_factor=reuse)))


@pytest.mark.parametrize("io_type", list(IoType), ids=lambda io_type: io_type.value)
def test_softmax_of_wide_inputs_and_many_classes(check: Check, io_type: IoType) -> None:
    result = FixedType(16, 0, False, Rounding.RND, Overflow.SAT)
    inputs = [
        Input("a", (), (2, 10), FixedType(40, 8)),
        Input("b", (), (5,), FixedType(40, 40, False)),
        Input("c", (), (3,), FixedType(30, -4)),
        Input("d", (), (130,), FixedType(8, 3)),
        Input("e", (), (4, 1), FixedType(8, 3)),
    ]
    layers = [Softmax(f"softmax_{x.name}", (x.name,), result) for x in inputs]
    network = network_of(*inputs, *layers, outputs=tuple(layer.name for layer in layers))
    check(network, Design(io_type=io_type))


@pytest.mark.parametrize("io_type", list(IoType), ids=lambda io_type: io_type.value)
def test_constants_of_more_than_a_word(check: Check, io_type: IoType) -> None:
    x = Input("x", (), (3,), FixedType(60, 20))
    edges = np.array([-(2.0**18), 0.0, 2.0**-40, 2.0**19])
    level = Threshold(
        "level", ("x",), edges, np.array([-(2.0**40), 0.0, 1.0, 2.0**-12, 5.0]), inclusive=False
    )
    largest = Merge("largest", ("x", "y"), MergeKind.MAXIMUM)
    y = Input("y", (), (1,), FixedType(70, 60, False))
    check(network_of(x, y, level, largest, outputs=("level", "largest")), Design(io_type=io_type))


def test_a_table_too_wide_is_refused() -> None:
    with pytest.raises(PrecisionError, match="at most 64"):
        table("codes", [1 << 70, 1])
    assert "-9223372036854775807LL - 1" in table("codes", [-(1 << 63), 1])


@pytest.mark.parametrize("io_type", list(IoType), ids=lambda io_type: io_type.value)
def test_one_tensor_in_several_places(check: Check, io_type: IoType) -> None:
    x = Input("x", (), (4, 4, 3), FixedType(6, 3))
    nodes = [
        Merge("square", ("x", "x"), MergeKind.MULTIPLY),
        Concatenate("twice", ("x", "x"), 0),
        Pool("mean", ("x",), PoolKind.SUM, (4, 4), (1, 1), ((0, 0), (0, 0))),
        Merge("gate", ("x", "mean"), MergeKind.MULTIPLY),
        Merge("residual", ("gate", "square", "x"), MergeKind.ADD),
    ]
    check(network_of(x, *nodes, outputs=("twice", "residual")), Design(io_type=io_type))
