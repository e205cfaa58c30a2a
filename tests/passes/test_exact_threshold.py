"""Chains of monotone functions become thresholds on integer codes that give the same results everywhere."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accelgen import real, reference
from accelgen.ir import (
    Affine,
    Clip,
    Conv,
    Dense,
    DepthwiseConv,
    EinsumDense,
    FixedType,
    Input,
    Network,
    Node,
    Overflow,
    Quantize,
    Relu,
    Rounding,
    Threshold,
    Unary,
)
from accelgen.passes.exact import make_exact
from accelgen.passes.infer_types import infer_types

SOURCE = FixedType(9, 5)
SATURATING = (Overflow.SAT, Overflow.SAT_SYM)


def _every_code(channels: int, kind: FixedType = SOURCE) -> dict[str, np.ndarray]:
    every = np.ldexp(np.arange(kind.min_code, kind.max_code + 1.0), -kind.fraction)
    return {"x": np.repeat(every[:, None], channels, 1)}


def _check(*nodes: Node, channels: int = 4) -> Network:
    """The exact network of a chain on "x", which gives the chain's results for every code."""
    network = Network((Input("x", (), (channels,), SOURCE), *nodes), (nodes[-1].name,))
    exact = infer_types(make_exact(network))
    data = _every_code(channels)
    got, want = reference.predict(exact, data), real.evaluate(network, data)
    np.testing.assert_array_equal(got[exact.outputs[0]], want[nodes[-1].name])
    return exact


def _scales(rng: np.random.Generator) -> np.ndarray:
    """Scales of any sign, zero, tiny or huge, some of them float32 and some powers of two."""
    scale = rng.choice([0.0, 1.0, -1.0, 0.5], 4) * rng.choice([1.0, 1e-9, 1e9, rng.uniform(0.01, 30)], 4)
    return scale.astype(np.float32).astype(np.float64)


def _biases(rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.integers(2, size=4), rng.normal(size=4) * 5, rng.integers(-8, 8, 4) / 16)


@given(st.integers(0, 2**32), st.booleans(), st.booleans(), st.booleans(), st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_any_scale_is_absorbed_exactly(seed, inclusive, per_channel, own_values, levels):
    rng = np.random.default_rng(seed)
    thresholds = np.sort(rng.integers(-64, 64, (4, levels) if per_channel else (levels,)) / 16, -1)
    values = rng.integers(-8, 8, (4, levels + 1) if own_values else (levels + 1,)) / 4
    step = Threshold("t", ("a",), thresholds, values, inclusive)
    exact = _check(Affine("a", ("x",), _scales(rng), _biases(rng)), step)
    assert [type(node) for node in exact] == [Input, Threshold]


BETWEEN = {
    "nothing": [],
    "relu": [Relu("r", ("a",))],
    "leaky": [Relu("r", ("a",), np.array([0.125, 0.3, 0.0, 1.0]))],
    "relu6": [Relu("r", ("a",), np.zeros(1), 2.7)],
    "clip": [Clip("r", ("a",), -0.9, 1.1)],
    "cast": [Quantize("r", ("a",), FixedType(12, 5, True, Rounding.RND_CONV, Overflow.SAT))],
    "tanh": [Unary("r", ("a",), "tanh")],
    "typed": [Unary("r", ("a",), "sigmoid", (), FixedType(6, 0, False, Rounding.RND, Overflow.SAT))],
    "scales": [Relu("b", ("a",)), Affine("r", ("b",), np.array([-0.7]), np.array([1.0]))],
    "ternary": [Threshold("r", ("a",), np.array([-0.5, 0.5]), np.array([-1.0, 0.0, 1.0]))],
}


@pytest.mark.parametrize("between", BETWEEN)
@given(
    st.integers(0, 2**32),
    st.integers(1, 4),
    st.integers(-1, 4),
    st.booleans(),
    st.sampled_from(list(Rounding)),
    st.sampled_from(list(Overflow)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_few_bit_casts_become_thresholds(between, seed, width, integer, signed, rounding, overflow):
    rng = np.random.default_rng(seed)
    middle = BETWEEN[between]
    source = middle[-1].name if middle else "a"
    cast = Quantize("q", (source,), FixedType(width, integer, signed, rounding, overflow))
    scale, bias = _scales(rng), _biases(rng)
    if np.ptp(np.abs(scale)) == 0:
        scale[0] += 0.1
    if overflow not in SATURATING:
        scale, bias = scale * 0.01, bias * 0.01
    network = Network((Input("x", (), (4,), SOURCE), Affine("a", ("x",), scale, bias), *middle, cast), ("q",))
    data = _every_code(4)
    if overflow not in SATURATING:
        values = real.evaluate(network, data, keep=[source])[source]
        assume(values.min() >= cast.type.min and values.max() <= cast.type.max)
    exact = infer_types(make_exact(network))
    got, want = reference.predict(exact, data)["q"], real.evaluate(network, data)["q"]
    np.testing.assert_array_equal(got, want)
    assert [type(node) for node in exact] == [Input, Threshold]


@pytest.mark.parametrize("rounding", list(Rounding))
def test_ties_of_a_cast(rounding):
    """Every odd code lies half-way between two results."""
    cast = FixedType(3, 3, True, rounding, Overflow.SAT)
    exact = _check(
        Affine("a", ("x",), np.array([1.5, -1.5, 3.0, -3.0]), np.zeros(1)), Quantize("q", ("a",), cast)
    )
    assert isinstance(exact["q"], Threshold)


@pytest.mark.parametrize("inclusive", [True, False])
def test_mixed_signs_and_ties(inclusive):
    affine = Affine("a", ("x",), np.array([2.0, -2.0, 0.0, 0.0]), np.array([-1.0, 1.0, 0.0, -0.5]))
    exact = _check(affine, Threshold("t", ("a",), np.zeros(1), np.array([0.0, 1.0]), inclusive))
    assert "a" not in exact
    assert np.array_equal(exact["t"].values, [[0, 1], [1, 0], [0, 1], [0, 1]])


def test_channels_that_are_alike_share_a_row():
    exact = _check(
        Affine("a", ("x",), np.array([0.3]), np.array([0.1])),
        Threshold("t", ("a",), np.zeros(1), np.array([0.0, 1.0])),
    )
    assert exact["t"].thresholds.shape == (1,)


def test_a_cast_that_wraps_is_left():
    wrapping = FixedType(3, 3, True, Rounding.TRN, Overflow.WRAP)
    nodes = (
        Input("x", (), (1,), SOURCE),
        Affine("a", ("x",), np.array([0.75]), np.zeros(1)),
        Quantize("q", ("a",), wrapping),
    )
    network = Network(nodes, ("q",))
    exact = infer_types(make_exact(network))
    assert isinstance(exact["q"], Quantize)
    data = _every_code(1)
    np.testing.assert_array_equal(reference.predict(exact, data)["q"], real.evaluate(network, data)["q"])


def test_scales_of_single_elements_are_left():
    affine = Affine("a", ("x",), np.arange(1.0, 7.0).reshape(2, 3) / 7, np.zeros(1))
    cast = Quantize("q", ("a",), FixedType(2, 2, True, Rounding.RND_CONV, Overflow.SAT))
    exact = make_exact(Network((Input("x", (), (2, 3), SOURCE), affine, cast), ("q",)))
    assert [type(node) for node in exact] == [Input, Affine, Quantize]


SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
LINEAR = {
    "dense": (Dense("d", ("x",), np.ones((4, 4)) - 2 * np.eye(4)), (4,)),
    "conv": (Conv("d", ("x",), np.ones((2, 1, 4)), None, (1,), ((1, 0),), (1,)), (4, 1)),
    "depthwise": (DepthwiseConv("d", ("x",), np.ones((2, 2, 2)), None, (1,), ((1, 0),), (1,)), (4, 2)),
    "einsum": (EinsumDense("d", ("x",), "ab,bc->ac", np.ones((3, 4)) - 2 * np.eye(3, 4)), (2, 3)),
}


@pytest.mark.parametrize("kind", LINEAR)
@pytest.mark.parametrize("bias", [None, np.array([0.3, -0.3, 7.123456789, 0.0])])
@pytest.mark.parametrize("step", [0, 1])
def test_the_layer_before_takes_the_signs_and_gives_its_bias(kind, bias, step):
    rng = np.random.default_rng(6)
    linear, shape = LINEAR[kind]
    layer = type(linear)(**{**vars(linear), "bias": bias})
    scale = SIGNS * rng.uniform(0.1, 2, 4)
    steps = [
        Threshold("t", ("a",), np.array([-0.5, 0.5]), np.array([-1.0, 0.0, 1.0])),
        Quantize("t", ("a",), FixedType(3, 2, False, Rounding.RND_CONV, Overflow.SAT)),
    ]
    nodes = (
        Input("x", (), shape, FixedType(4, 4)),
        layer,
        Affine("a", ("d",), scale, rng.normal(size=4)),
        steps[step],
    )
    network = Network(nodes, ("t",))
    exact = infer_types(make_exact(network))
    assert [type(node) for node in exact] == [Input, type(linear), Threshold]
    assert exact["d"].bias is None
    assert exact["t"].values.ndim == 1
    assert np.array_equal(exact["t"].thresholds, np.rint(exact["t"].thresholds))
    data = {"x": rng.integers(-8, 8, (200, *shape)).astype(float)}
    np.testing.assert_array_equal(reference.predict(exact, data)["t"], real.evaluate(network, data)["t"])


def test_weights_that_would_need_a_bit_more_keep_their_sign():
    nodes = (
        Input("x", (), (2,), FixedType(4, 4)),
        Dense("d", ("x",), np.array([[-8.0, 1.0], [7.0, 2.0]])),
        Affine("a", ("d",), np.array([-0.3, -0.3]), np.zeros(1)),
        Threshold("t", ("a",), np.zeros(1), np.array([-1.0, 1.0])),
    )
    network = Network(nodes, ("t",))
    exact = infer_types(make_exact(network))
    assert np.array_equal(exact["d"].weight, network["d"].weight)
    assert np.array_equal(exact["t"].values, [1, -1])
    x = np.stack(np.meshgrid(np.arange(-8.0, 8), np.arange(-8.0, 8)), -1).reshape(-1, 2)
    got, want = reference.predict(exact, {"x": x})["t"], real.evaluate(network, {"x": x})["t"]
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("weight", "becomes"), [([[1.0, -1.0], [1.0, 1.0]], Threshold), ([[0.9375, -1.0], [1.0, 1.0]], Quantize)]
)
def test_a_cast_alone_becomes_thresholds_only_behind_few_bits(weight, becomes):
    cast = FixedType(3, 2, False, Rounding.RND_CONV, Overflow.SAT)
    nodes = (
        Input("x", (), (2,), FixedType(6, 2)),
        Dense("d", ("x",), np.array(weight), np.array([0.1, -0.7])),
        Quantize("q", ("d",), cast),
    )
    network = Network(nodes, ("q",))
    exact = infer_types(make_exact(network))
    assert isinstance(exact["q"], becomes)
    data = {"x": np.random.default_rng(0).integers(-32, 32, (500, 2)) / 16}
    np.testing.assert_array_equal(reference.predict(exact, data)["q"], real.evaluate(network, data)["q"])


def test_a_result_that_others_take_too_keeps_its_scale_apart():
    """The chain begins behind the fork; the layer before it keeps its signs."""
    nodes = (
        Input("x", (), (2,), FixedType(4, 4)),
        Dense("d", ("x",), np.array([[1.0, -1.0], [1.0, 1.0]])),
        Affine("a", ("d",), np.array([-0.3, 0.3]), np.zeros(1)),
        Threshold("t", ("a",), np.zeros(1), np.array([-1.0, 1.0])),
    )
    network = Network(nodes, ("t", "d"))
    exact = infer_types(make_exact(network))
    assert [type(node) for node in exact] == [Input, Dense, Threshold]
    x = np.random.default_rng(0).integers(-8, 8, (100, 2)).astype(float)
    got, want = reference.predict(exact, {"x": x}), real.evaluate(network, {"x": x})
    np.testing.assert_array_equal(got["t"], want["t"])
    np.testing.assert_array_equal(got["d"], want["d"])
