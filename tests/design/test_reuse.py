from __future__ import annotations

import numpy as np
import pytest
from hls4ml.backends import get_backend
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.factors import divisors, nearest
from accelgen.design.reuse import legal_reuse_factors, legalize
from accelgen.errors import DesignError
from accelgen.ir import Conv, Dense, FixedType, Input, Network

SIZES = st.integers(1, 40)


@given(SIZES, SIZES)
def test_legal_reuse_factors_are_those_of_hls4ml(n_in: int, n_out: int) -> None:
    assert legal_reuse_factors(n_in, n_out) == get_backend("Vivado").get_valid_reuse_factors(n_in, n_out)


@given(SIZES, SIZES, st.integers(1, 2000))
def test_nearest_is_that_of_hls4ml(n_in: int, n_out: int, requested: int) -> None:
    legal = legal_reuse_factors(n_in, n_out)
    assert nearest(legal, requested) == get_backend("Vivado").get_closest_reuse_factor(legal, requested)


@given(st.integers(1, 5000))
def test_divisors(number: int) -> None:
    assert divisors(number) == [d for d in range(1, number + 1) if number % d == 0]


def test_nearest_takes_the_smaller_of_two_as_near() -> None:
    assert nearest([1, 2, 4, 8], 3) == 2
    assert nearest([1, 2, 4, 8], 6) == 4
    assert nearest([1, 2, 4, 8], 100) == 8


def dense_network(n_in: int = 6, n_out: int = 4) -> Network:
    nodes = (Input("x", (), (n_in,), FixedType(8, 4)), Dense("d", ("x",), np.ones((n_in, n_out))))
    return Network(nodes, ("d",))


def conv_network() -> Network:
    conv = Conv(
        "c", ("x",), np.ones((3, 3, 2, 4)), None, strides=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1)
    )
    return Network((Input("x", (), (6, 6, 2), FixedType(8, 4)), conv), ("c",))


def test_an_illegal_reuse_factor_is_reported_with_what_it_became() -> None:
    design, adjustments = legalize(dense_network(), Design(default=LayerDesign(Strategy.RESOURCE, 5)))
    assert design.layers["d"].reuse_factor == 6
    assert [str(adjustment) for adjustment in adjustments] == [
        "layer 'd': reuse_factor 5 became 6 (the nearest legal one for 6 x 4)"
    ]


def test_the_latency_strategy_takes_any_reuse_factor() -> None:
    design, adjustments = legalize(dense_network(), Design(default=LayerDesign(Strategy.LATENCY, 5)))
    assert design.layers["d"].reuse_factor == 5
    assert not adjustments


def test_a_parallel_convolution_reuses_at_most_a_whole_window() -> None:
    choice = LayerDesign(Strategy.RESOURCE, 70, parallelization_factor=5)
    design, adjustments = legalize(conv_network(), Design(default=choice))
    assert design.layers["c"] == LayerDesign(Strategy.RESOURCE, 18, 4)
    assert {adjustment.choice for adjustment in adjustments} == {"reuse_factor", "parallelization_factor"}
    design, _ = legalize(conv_network(), Design(io_type=IoType.STREAM, default=choice))
    assert design.layers["c"].reuse_factor == 72


def test_unrolled_needs_something_to_unroll() -> None:
    design, adjustments = legalize(dense_network(), Design(default=LayerDesign(Strategy.RESOURCE_UNROLLED)))
    assert design.layers["d"].strategy is Strategy.RESOURCE
    assert [adjustment.choice for adjustment in adjustments] == ["strategy"]


def test_a_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises(DesignError, match="'e'"):
        legalize(dense_network(), Design(layers={"e": LayerDesign()}))


def test_legalizing_twice_changes_nothing() -> None:
    first, _ = legalize(conv_network(), Design(default=LayerDesign(Strategy.RESOURCE, 7, 5)))
    assert legalize(conv_network(), first) == (first, ())
