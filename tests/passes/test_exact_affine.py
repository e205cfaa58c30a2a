"""Scales put on a grid: no code of difference for any input that float32 itself could place."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accelgen import real, reference
from accelgen.ir import Affine, Clip, Dense, FixedType, Input, Network, Overflow, Quantize, Relu, Rounding
from accelgen.ir.grid import constant_type
from accelgen.passes.exact import make_exact
from accelgen.passes.exact_affine import FLOAT32_ERROR
from accelgen.passes.infer_types import infer_types

MODES = [Rounding.TRN, Rounding.RND, Rounding.RND_CONV]


@given(
    st.integers(0, 2**32),
    st.integers(2, 8),
    st.integers(-1, 6),
    st.booleans(),
    st.sampled_from(MODES),
    st.sampled_from([[], [Relu("r", ("a",))], [Clip("r", ("a",), -0.9, 1.1)]]),
)
@settings(max_examples=120, deadline=None)
@example(1369, 6, 1, False, Rounding.RND, [])  # a step within float32's own error of a code
def test_every_code_of_the_input_gives_the_same_result(seed, width, integer, signed, rounding, between):
    rng = np.random.default_rng(seed)
    source = FixedType(10, int(rng.integers(2, 9)))
    cast = FixedType(width, integer, signed, rounding, Overflow.SAT)
    scale, bias = rng.normal(size=3) * 2.0 ** rng.integers(-4, 3), rng.normal(size=3)
    scale[rng.integers(3)] *= rng.integers(0, 2)
    last = between[0].name if between else "a"
    nodes = (
        Input("x", (), (3,), source),
        Affine("a", ("x",), scale, bias),
        *between,
        Quantize("q", (last,), cast),
    )
    network = Network(nodes, ("q",))
    exact = infer_types(make_exact(network))
    every = np.ldexp(np.arange(source.min_code, source.max_code + 1.0), -source.fraction)
    data = {"x": np.repeat(every[:, None], 3, 1)}
    got, want = reference.predict(exact, data)["q"], real.evaluate(network, data)["q"]
    clear = _placed_by_float32(data["x"], scale, bias, cast)
    assert clear.mean() > 0.98
    np.testing.assert_array_equal(got[clear], want[clear])


def _placed_by_float32(x: np.ndarray, scale: np.ndarray, bias: np.ndarray, cast: FixedType) -> np.ndarray:
    """Where float32's own rounding cannot carry ``x * scale + bias`` across a step of the cast."""
    steps = np.ldexp(x * scale + bias, cast.fraction) + (0 if cast.rounding is Rounding.TRN else 0.5)
    distance = np.ldexp(np.abs(steps - np.rint(steps)), -cast.fraction)
    return distance > 2 * FLOAT32_ERROR * np.maximum(np.abs(x * scale), np.abs(bias))


def test_the_scale_is_no_wider_than_the_steps_need():
    """A 10-bit input and a 5-bit result do not need float32's 24 bits."""
    rng = np.random.default_rng(1)
    cast = FixedType(5, 3, False, Rounding.RND_CONV, Overflow.SAT)
    nodes = (
        Input("x", (), (8,), FixedType(10, 4)),
        Affine("a", ("x",), rng.uniform(0.1, 2, 8).astype(np.float32).astype(float), rng.normal(size=8)),
        Quantize("q", ("a",), cast),
    )
    exact = make_exact(Network(nodes, ("q",)))
    assert constant_type(exact["a"].scale).width <= 14


def test_an_output_scale_keeps_a_millionth_of_its_range():
    rng = np.random.default_rng(2)
    scale, bias = rng.normal(size=5) * 0.037, rng.normal(size=5)
    network = Network((Input("x", (), (5,), FixedType(12, 12)), Affine("a", ("x",), scale, bias)), ("a",))
    exact = infer_types(make_exact(network))
    data = {"x": rng.integers(-2048, 2048, (500, 5)).astype(float)}
    got, want = reference.predict(exact, data)[exact.outputs[0]], real.evaluate(network, data)["a"]
    assert np.max(np.abs(got - want)) < 1e-6 * np.max(np.abs(want))
    assert exact.types[exact.outputs[0]].width <= 26


@pytest.mark.parametrize("rounding", MODES)
@pytest.mark.parametrize("seed", range(10))
def test_a_float_bias_is_narrowed_without_any_change(rounding, seed):
    rng = np.random.default_rng(seed)
    source = FixedType(5, 3)
    weight = rng.integers(-4, 4, (2, 3)) / 4.0
    bias = rng.normal(size=3).astype(np.float32).astype(float)
    bias[0] = np.rint(bias[0] * 64) / 64
    cast = FixedType(5, 3, True, rounding, Overflow.SAT)
    network = Network(
        (
            Input("x", (), (2,), source),
            Dense("d", ("x",), weight, bias),
            Relu("r", ("d",)),
            Quantize("q", ("r",), cast),
        ),
        ("q",),
    )
    exact = infer_types(make_exact(network))
    values = np.arange(source.min_code, source.max_code + 1) / 4
    data = {"x": np.stack(np.meshgrid(values, values), -1).reshape(-1, 2)}
    np.testing.assert_array_equal(reference.predict(exact, data)["q"], real.evaluate(network, data)["q"])
    assert constant_type(exact["d"].bias).fraction <= 5
