"""Scales of weights go where thresholds take them; what stays are small integers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen import real, reference
from accelgen.design.few_bit import few_bit_matrix
from accelgen.ir import (
    Affine,
    Conv,
    Dense,
    FixedType,
    Input,
    Network,
    Node,
    Overflow,
    Quantize,
    Relu,
    Rounding,
    Softmax,
    Threshold,
)
from accelgen.ir.few_bits import MAX_LEVEL_BITS, weight_bits
from accelgen.passes.factor_weights import factor_weights
from accelgen.passes.pipeline import exact_network

WIDE = FixedType(8, 4, True, Rounding.RND_CONV, Overflow.SAT)
FEW = FixedType(3, 3, False, Rounding.RND_CONV, Overflow.SAT)


def _network(weight: np.ndarray, *after: Node) -> Network:
    layer = Dense("d", ("x",), weight, np.arange(weight.shape[1]) / 8)
    outputs = (after[-1].name if after else "d",)
    return Network((Input("x", (), (len(weight),), FixedType(4, 4)), layer, *after), outputs)


def _sign(source: str) -> Threshold:
    return Threshold("t", (source,), np.zeros(1), np.array([-1.0, 1.0]))


@given(st.integers(0, 2**32), st.integers(1, 7), st.integers(2, 12), st.booleans())
@settings(max_examples=200, deadline=None)
def test_float32_products_of_integers_and_scales_are_taken_apart(seed, largest, n_in, shared):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-largest, largest + 1, (n_in, 5))
    scale = rng.lognormal(size=1 if shared else 5).astype(np.float32)
    weight = (codes.astype(np.float32) * scale).astype(np.float64)
    factored = factor_weights(_network(weight, _sign("d")))
    found = factored["d"].weight
    if np.array_equal(found, weight):
        assert weight_bits(weight) <= MAX_LEVEL_BITS or np.max(np.count_nonzero(weight, 0)) < 2
        return
    assert np.array_equal(found, np.rint(found))
    assert np.max(np.abs(found)) <= 7
    product = found * factored["d/scale"].scale
    np.testing.assert_array_equal(product.astype(np.float32), weight.astype(np.float32))


@pytest.mark.parametrize(
    "after",
    [
        [],
        [Softmax("s", ("d",))],
        [_sign("d")],
        [Relu("r", ("d",)), Quantize("q", ("r",), FEW)],
        [Affine("bn", ("d",), np.array([0.3, -0.4]), np.array([0.1, 0.2])), _sign("bn")],
    ],
)
def test_a_scale_leaves_where_it_is_taken(after):
    weight = np.array([[0.3, -0.7], [-0.3, -0.7], [0.3, 0.7]])
    factored = factor_weights(_network(weight, *after))
    assert np.array_equal(factored["d"].weight, np.sign(weight))
    assert factored["d"].bias is None
    data = {"x": np.random.default_rng(1).integers(-8, 8, (50, 3)).astype(float)}
    before, got = (real.evaluate(network, data) for network in (_network(weight, *after), factored))
    np.testing.assert_allclose(*(next(iter(results.values())) for results in (got, before)), rtol=1e-12)


@pytest.mark.parametrize(
    ("weight", "after"),
    [
        ([[0.3, -0.7], [-0.3, 0.7]], [Quantize("q", ("d",), WIDE)]),
        ([[0.3, -0.7], [-0.3, 0.7]], [Relu("r", ("d",)), Dense("e", ("r",), np.ones((2, 1)))]),
        ([[0.3, -0.7], [-0.31, 0.7]], [_sign("d")]),
        ([[0.5, -1.0], [-0.5, 0.25]], [_sign("d")]),
        ([[0.3, 0.7]], [_sign("d")]),
    ],
    ids=["wide cast", "no cast", "floats", "few bits already", "one weight a column"],
)
def test_other_weights_stay(weight, after):
    network = _network(np.array(weight), *after)
    assert factor_weights(network) is network


def test_columns_of_powers_of_two_become_binary():
    """As qkeras' binary(alpha="auto_po2") saves them: a joint grid of 13 bits, each column of one."""
    rng = np.random.default_rng(4)
    signs = rng.choice([-1.0, 1.0], (3, 3, 4, 8))
    conv = Conv("c", ("x",), signs * 2.0 ** -rng.permutation(8), None, (1, 1), ((1, 1), (1, 1)), (1, 1))
    nodes = (Input("x", (), (5, 5, 4), FixedType(6, 2)), conv, Quantize("q", ("c",), FEW))
    network = Network(nodes, ("q",))
    exact = exact_network(network)
    assert [type(node).__name__ for node in exact] == ["Input", "Conv", "Threshold"]
    assert np.abs(few_bit_matrix(exact["c"], exact).matrix).max() == 1
    data = {"x": rng.normal(size=(20, 5, 5, 4))}
    np.testing.assert_array_equal(reference.predict(exact, data)["q"], real.evaluate(network, data)["q"])
