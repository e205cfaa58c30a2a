import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen import real, reference
from accelgen.ir import Affine, FixedType, Input, Network, Threshold
from accelgen.passes.exact import make_exact
from accelgen.passes.infer_types import infer_types

SOURCE = FixedType(9, 5)


def _check(scale: np.ndarray, bias: np.ndarray, thresholds: np.ndarray, inclusive: bool) -> Network:
    values = np.arange(thresholds.shape[-1] + 1.0)
    channels = max(scale.size, bias.size)
    network = Network(
        (
            Input("x", (), (channels,), SOURCE),
            Affine("a", ("x",), scale, bias),
            Threshold("t", ("a",), thresholds, values, inclusive),
        ),
        ("t",),
    )
    exact = infer_types(make_exact(network))
    every = np.ldexp(np.arange(SOURCE.min_code, SOURCE.max_code + 1.0), -SOURCE.fraction)
    data = {"x": np.repeat(every[:, None], channels, 1)}
    np.testing.assert_array_equal(reference.predict(exact, data)["t"], real.evaluate(network, data)["t"])
    return exact


@given(st.integers(0, 2**32), st.booleans(), st.booleans(), st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_any_scale_is_absorbed_exactly(seed, inclusive, per_channel, levels):
    rng = np.random.default_rng(seed)
    scale = rng.choice([0.0, 1.0, -1.0, 0.5], 4) * rng.choice([1.0, rng.uniform(0.01, 30)], 4)
    bias = np.where(rng.integers(2, size=4), rng.normal(size=4) * 5, rng.integers(-8, 8, 4) / 16)
    thresholds = np.sort(rng.integers(-64, 64, (4, levels) if per_channel else (levels,)) / 16, -1)
    _check(scale, bias, thresholds, inclusive)


@pytest.mark.parametrize("inclusive", [True, False])
def test_mixed_signs_and_ties(inclusive):
    exact = _check(np.array([2.0, -2.0, 0.0, 0.0]), np.array([-1.0, 1.0, 0.0, -0.5]), np.zeros(1), inclusive)
    assert "a" not in exact
    assert np.array_equal(exact["t"].values, [[0, 1], [1, 0], [0, 1], [0, 1]])


def test_positive_scales_leave_no_multiplication():
    exact = _check(np.array([0.3, 1.7]), np.array([0.1, -0.2]), np.zeros(1), True)
    assert "a" not in exact
