import numpy as np
import pytest

from accelgen import reference
from accelgen.ir import Conv, Dense, FixedType, Input, Network, Overflow, Quantize
from accelgen.passes.infer_types import infer_bounds, infer_types
from tests.networks import KINDS, grid, one_layer, random_inputs


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(8))
def test_every_result_lies_within_its_bounds_and_type(kind, seed):
    rng = np.random.default_rng(seed)
    network = one_layer(kind, rng)
    typed = infer_types(network)
    inputs = reference.quantize_inputs(network, random_inputs(network, rng, 200))
    result = reference.evaluate(network, inputs)["n"]
    bound = infer_bounds(network)["n"]
    assert bound.fraction == result.fraction
    assert (bound.codes[0] <= result.codes).all()
    assert (result.codes <= bound.codes[1]).all()
    own = typed.types["n"]
    assert own.min <= result.values.min() <= result.values.max() <= own.max


@pytest.mark.parametrize("seed", range(5))
def test_dense_bounds_are_reached(seed):
    """The interval of a single layer is exact: some input gives each end."""
    rng = np.random.default_rng(seed)
    kind = FixedType(3, 2)
    weight = grid(rng, (4, 3))
    network = Network((Input("x", (), (4,), kind), Dense("d", ("x",), weight)), ("d",))
    low, high = infer_bounds(network)["d"].codes
    every = np.stack(np.meshgrid(*[np.arange(-4, 4) / 2] * 4), -1).reshape(-1, 4)
    result = reference.evaluate(network, reference.quantize_inputs(network, {"x": every}))["d"].codes
    np.testing.assert_array_equal(result.min(0), low)
    np.testing.assert_array_equal(result.max(0), high)


def test_padding_counts_as_zero():
    kind = FixedType(3, 3, signed=False)
    weight = np.full((3, 1, 1), 1.0)
    bias = np.array([-1.0])
    network = Network(
        (Input("x", (), (2, 1), kind), Conv("c", ("x",), weight, bias, (1,), ((1, 1),), (1,))), ("c",)
    )
    low, high = infer_bounds(network)["c"].codes
    np.testing.assert_array_equal(low.ravel(), [-1, -1])
    np.testing.assert_array_equal(high.ravel(), [13, 13])


def test_wrapping_cast_may_give_anything_only_where_it_wraps():
    wrap = FixedType(4, 4, True, overflow=Overflow.WRAP)
    for source, expected in (
        (FixedType(4, 4), (-8, 7)),
        (FixedType(3, 3), (-4, 3)),
        (FixedType(6, 6), (-8, 7)),
    ):
        network = Network((Input("x", (), (1,), source), Quantize("q", ("x",), wrap)), ("q",))
        low, high = infer_bounds(network)["q"].codes
        assert (int(low[0]), int(high[0])) == expected
