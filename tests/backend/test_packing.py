"""Where tensors are packed: as rarely as possible, and never between two packed layers."""

from __future__ import annotations

import numpy as np
import pytest

from accelgen.backend.kernels.registry import load_kernels
from accelgen.backend.layers import lower
from accelgen.backend.packed import MAX_WORD_BITS, PackedTensor
from accelgen.design import Design, IoType
from accelgen.design.few_bit import Levels
from accelgen.design.reuse import legalize
from accelgen.ir import (
    Concatenate,
    Conv,
    Dense,
    FixedType,
    Input,
    Merge,
    Network,
    Node,
    Overflow,
    Pool,
    PoolKind,
    Quantize,
    Reshape,
    Rounding,
    Threshold,
)
from accelgen.passes.infer_types import infer_types

BOTH = pytest.mark.parametrize("io_type", list(IoType))


def signs(*shape: int) -> np.ndarray:
    return np.where(np.arange(np.prod(shape)).reshape(shape) % 3, 1.0, -1.0)


def dense(name: str, source: str, n_in: int, n_out: int) -> Dense:
    return Dense(name, (source,), signs(n_in, n_out))


def conv(name: str, source: str, n_in: int, n_out: int) -> Conv:
    return Conv(name, (source,), signs(3, 3, n_in, n_out), None, (1, 1), ((1, 1), (1, 1)), (1, 1))


def pool(name: str, source: str) -> Pool:
    return Pool(name, (source,), PoolKind.MAX, (2, 2), (2, 2), ((0, 0), (0, 0)))


def sign(name: str, source: str) -> Threshold:
    return Threshold(name, (source,))


def kernels(
    *nodes: Node, io_type: IoType = IoType.PARALLEL, outputs: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """The layers' kernels, each with its node, or its name where it is a step."""
    load_kernels()
    network = infer_types(Network(nodes, outputs or (nodes[-1].name,)))
    design, _ = legalize(network, Design(io_type=io_type))
    lowered = lower(network, design)
    return [
        (layer.attributes.get("kernel", layer.class_name), layer.node or layer.name)
        for layer in lowered.layers
    ]


@BOTH
def test_a_chain_stays_packed_from_its_first_sign_to_its_last_layer(io_type: IoType) -> None:
    nodes = [
        Input("x", (), (8, 8, 3), FixedType(8, 4)),
        conv("c1", "x", 3, 8),
        sign("s1", "c1"),
        pool("p1", "s1"),
        conv("c2", "p1", 8, 4),
        sign("s2", "c2"),
        Reshape("flat", ("s2",), (64,)),
        dense("d1", "flat", 64, 6),
        sign("s3", "d1"),
        dense("d2", "s3", 6, 2),
    ]
    assert kernels(*nodes, io_type=io_type) == [
        ("InputLayer", "x"),
        ("packed_conv", "s1"),
        ("pool_words", "p1"),
        ("packed_conv", "s2"),
        ("packed_dense", "s3"),
        ("packed_dense", "d2"),
    ]


@BOTH
def test_a_tensor_that_is_read_both_ways_is_converted_once(io_type: IoType) -> None:
    nodes = [
        Input("x", (), (6,), FixedType(8, 4)),
        dense("d1", "x", 6, 6),
        sign("s1", "d1"),
        dense("d2", "s1", 6, 6),
        sign("s2", "d2"),
        Merge("sum", ("s1", "s2")),
        Concatenate("both", ("sum", "s1")),
        dense("d3", "both", 12, 2),
    ]
    found = kernels(*nodes, io_type=io_type)
    assert [kind for kind, _ in found].count("unpack") == 1
    assert found[1:4] == [("packed_dense", "s1"), ("unpack", "step_unpack_s1"), ("packed_dense", "s2")]
    assert found[-1] == ("packed_dense", "d3")


def test_ports_are_numbers() -> None:
    nodes = [
        Input("x", (), (6,), FixedType(2, 2)),
        dense("d1", "x", 6, 6),
        sign("s1", "d1"),
        dense("d2", "s1", 6, 6),
        sign("s2", "d2"),
    ]
    assert kernels(*nodes, outputs=("s1", "s2")) == [
        ("InputLayer", "x"),
        ("pack", "step_pack_in_x"),
        ("packed_dense", "s1"),
        ("unpack", "step_unpack_s1"),
        ("packed_dense", "s2"),
    ]


def test_few_bits_of_other_layers_are_packed_behind_them() -> None:
    few = FixedType(3, 3, True, Rounding.RND, Overflow.WRAP)
    nodes = [
        Input("x", (), (6,), FixedType(8, 4)),
        Quantize("q", ("x",), few),
        dense("d", "q", 6, 4),
        Threshold("bump", ("d",), np.array([0.0, 3.0]), np.array([0.0, 1.0, 0.0])),
        dense("last", "bump", 4, 2),
    ]
    assert kernels(*nodes) == [
        ("InputLayer", "x"),
        ("Activation", "q"),
        ("pack", "step_pack_q"),
        ("packed_dense", "d"),
        ("threshold", "bump"),
        ("pack", "step_pack_bump"),
        ("packed_dense", "last"),
    ]


def test_a_reshape_that_mixes_positions_and_channels_goes_through_numbers() -> None:
    nodes = [
        Input("x", (), (4, 6), FixedType(8, 4)),
        dense("d1", "x", 6, 6),
        sign("s1", "d1"),
        Reshape("mixed", ("s1",), (2, 12)),
        dense("d2", "mixed", 12, 3),
    ]
    assert [kind for kind, _ in kernels(*nodes)] == [
        *("InputLayer", "packed_conv", "Reshape", "pack", "packed_conv")
    ]


def test_a_sum_that_others_read_too_keeps_its_thresholds_apart() -> None:
    nodes = [
        Input("x", (), (6,), FixedType(8, 4)),
        dense("d1", "x", 6, 6),
        sign("s1", "d1"),
        dense("d2", "s1", 6, 6),
        Merge("sum", ("d1", "d2")),
    ]
    assert [kind for kind, _ in kernels(*nodes)][1:4] == ["packed_dense", "pack_thresholds", "packed_dense"]


@pytest.mark.parametrize(
    ("values", "monotone"),
    [([0, 1, 2], True), ([2, 1, 1], True), ([0, 1, 0], False), ([[0, 1], [1, 0]], True)],
)
def test_channels_may_rise_or_fall(values: list[float], monotone: bool) -> None:
    array = np.array(values, float)
    assert Threshold("t", ("x",), np.zeros(array.shape[-1] - 1), array).is_monotone is monotone


@pytest.mark.parametrize("count", [2, 3, 8, 16])
@pytest.mark.parametrize("channels", [1, 340, 341, 342, 1023, 1024, 1025, 5000])
def test_words_hold_all_channels_and_are_not_too_wide(channels: int, count: int) -> None:
    tensor = PackedTensor((2, 3), channels, Levels(0, 1, count))
    assert tensor.word_bits <= MAX_WORD_BITS
    assert tensor.words * tensor.lanes >= channels
    assert (tensor.words - 1) * tensor.lanes < channels
