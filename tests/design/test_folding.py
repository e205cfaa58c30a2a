from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design import Design, IoType, LayerDesign, RowSharing, Strategy, WeightMemory
from accelgen.design.folding import Folding, legal_foldings, nearest_folding
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError, UsageError
from accelgen.ir import Conv, Dense, DepthwiseConv, FixedType, Input, Network, Threshold
from accelgen.passes.infer_types import infer_types

SIZES = st.integers(1, 300)


@given(SIZES, SIZES)
def test_legal_foldings_are_those_that_divide(n_in: int, n_out: int) -> None:
    expected = [
        Folding(pe, simd)
        for pe in range(1, n_out + 1)
        for simd in range(1, n_in + 1)
        if n_out % pe == 0 and n_in % simd == 0
    ]
    assert legal_foldings(n_in, n_out) == expected


@given(SIZES, SIZES, st.integers(1, 100_000))
def test_the_nearest_folding_is_no_further_than_any(n_in: int, n_out: int, requested: int) -> None:
    used = nearest_folding(n_in, n_out, requested).cycles(n_in, n_out)
    every = {folding.cycles(n_in, n_out) for folding in legal_foldings(n_in, n_out)}
    assert (abs(used - requested), used) == min((abs(cycles - requested), cycles) for cycles in every)


def test_of_several_foldings_the_squarest_is_taken_then_that_of_more_inputs() -> None:
    assert nearest_folding(64, 64, 64) == Folding(8, 8)
    assert nearest_folding(64, 64, 32) == Folding(8, 16)
    assert nearest_folding(784, 64, 1) == Folding(64, 784)


@pytest.mark.parametrize(
    "text", ["8", "8x", "x8", "0x4", "8 x 4", "-1x4", "8x16x2", "9999999999x1", "1\uff18x4"]
)
def test_what_is_no_folding_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="PExSIMD"):
        Folding.parse(text)


def test_a_folding_is_read_as_it_is_written() -> None:
    assert Folding.parse("8x16") == Folding(8, 16)
    assert str(Folding(8, 16)) == "8x16"


def network(bits: int = 1) -> Network:
    """A sign, a layer of few bits (6 x 4) and one of ``bits`` bits or so (4 x 3)."""
    signs = np.where(np.arange(24).reshape(6, 4) % 3, 1.0, -1.0)
    weights = np.full((4, 3), (1 << bits) - 1.0)
    nodes = (
        Input("x", (), (6,), FixedType(8, 4)),
        Threshold("sign", ("x",)),
        Dense("few", ("sign",), signs),
        Dense("last", ("few",), weights),
    )
    return infer_types(Network(nodes, ("last",)))


def layers(design: Design, bits: int = 1) -> tuple[dict[str, LayerDesign], list[str]]:
    legal, adjustments = legalize(network(bits), design)
    assert legalize(network(bits), legal) == (legal, ())
    return dict(legal.layers), [str(adjustment) for adjustment in adjustments]


def test_auto_packs_layers_of_few_bits_only() -> None:
    found, adjustments = layers(Design(), bits=8)
    assert found["few"] == LayerDesign(Strategy.PACKED_UNROLLED)
    assert found["last"] == LayerDesign(Strategy.LATENCY)
    assert adjustments == []


def test_auto_folds_where_a_reuse_factor_or_a_folding_is_asked_for() -> None:
    found, adjustments = layers(Design(default=LayerDesign(reuse_factor=6)))
    assert found["few"] == LayerDesign(Strategy.PACKED_FOLDED, 6, pe=2, simd=2, row_sharing=RowSharing.NONE)
    assert adjustments == []
    found, _ = layers(Design(layers={"few": LayerDesign(pe=4, simd=2)}))
    assert found["few"].strategy is Strategy.PACKED_FOLDED
    assert found["few"].reuse_factor == 3


def test_a_reuse_factor_between_foldings_is_reported() -> None:
    found, adjustments = layers(Design(layers={"few": LayerDesign(Strategy.PACKED_FOLDED, 7)}))
    assert found["few"].reuse_factor == 6
    assert adjustments == [
        "layer 'few': reuse_factor 7 became 6 (the cycles of the nearest folding 2x2, pe x simd of 4 x 6)"
    ]


def test_an_unrolled_layer_shares_nothing_in_time() -> None:
    found, adjustments = layers(
        Design(layers={"few": LayerDesign(Strategy.PACKED_UNROLLED, 4, pe=2, simd=2)})
    )
    assert found["few"] == LayerDesign(Strategy.PACKED_UNROLLED)
    assert len(adjustments) == 2


def test_an_illegal_folding_is_refused_with_those_near_it() -> None:
    with pytest.raises(DesignError, match=r"'few' cannot be folded 3x4: pe 3 does not divide 4 outputs "):
        layers(Design(layers={"few": LayerDesign(pe=3, simd=4)}))
    with pytest.raises(DesignError, match=r"simd 4 does not divide 6 inputs \(near it: 2, 3, 6\)"):
        layers(Design(layers={"few": LayerDesign(pe=2, simd=4)}))


@pytest.mark.parametrize(
    ("strategy", "used"),
    [(Strategy.PACKED_UNROLLED, Strategy.LATENCY), (Strategy.PACKED_FOLDED, Strategy.RESOURCE)],
)
def test_a_layer_of_too_many_bits_is_computed_otherwise(strategy: Strategy, used: Strategy) -> None:
    found, adjustments = layers(Design(layers={"last": LayerDesign(strategy)}), bits=8)
    assert found["last"].strategy is used
    (adjustment,) = adjustments
    change = f"layer 'last': strategy {strategy.value} became {used.value} "
    assert adjustment.startswith(f"{change}(9-bit weights and 4-bit inputs: packed kernels take weights of ")


def test_layers_without_packed_kernels_say_so() -> None:
    ones = np.ones((2, 2, 3, 1))
    window = {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    nodes = (
        Input("x", (), (4, 4, 3), FixedType(2, 2)),
        DepthwiseConv("depthwise", ("x",), ones, None, **window),
        Conv("grouped", ("depthwise",), np.ones((1, 1, 1, 3)), None, groups=3, **window),
    )
    design = Design(default=LayerDesign(Strategy.PACKED_UNROLLED))
    _, adjustments = legalize(infer_types(Network(nodes, ("grouped",))), design)
    assert [(change.layer, change.used) for change in adjustments] == [
        ("depthwise", "latency"),
        ("grouped", "latency"),
    ]
    assert "one group" in adjustments[1].reason


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("xc7z020clg400-1", "has no URAM"),
        ("xcvu13p-flga2577-2-e", "only that of a Versal device can"),
        ("xcvc1902-vsva2197-2MP-e-S", None),
    ],
)
def test_weights_in_uram_need_a_device_that_initialises_it(part: str, message: str | None) -> None:
    choice = LayerDesign(Strategy.PACKED_FOLDED, weight_memory=WeightMemory.URAM)
    design = Design(part=part, io_type=IoType.STREAM, default=choice)
    if message is None:
        assert layers(design)[0]["few"].weight_memory is WeightMemory.URAM
        return
    with pytest.raises(DesignError, match=message):
        layers(design)


def test_results_of_many_bits_are_not_packed() -> None:
    nodes = (
        Input("x", (), (2,), FixedType(2, 2)),
        Dense("d", ("x",), np.ones((2, 1)), np.array([1 + 2.0**-50])),
    )
    _, (adjustment,) = legalize(
        infer_types(Network(nodes, ("d",))), Design(default=LayerDesign(Strategy.PACKED_UNROLLED))
    )
    assert (adjustment.used, adjustment.reason) == ("latency", "its exact result has more than 48 bits")
