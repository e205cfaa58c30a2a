"""The golden model against real arithmetic, which is exact for numbers as small as these."""

import numpy as np
import pytest

from accelgen import real, reference
from accelgen.errors import PrecisionError, UsageError
from accelgen.ir import Affine, Dense, FixedType, Input, Network, Unary
from accelgen.ir.fixed import FixedArray
from accelgen.passes.infer_types import infer_types
from tests.networks import KINDS, one_layer, random_inputs


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_codes_equal_real_arithmetic(kind, seed):
    rng = np.random.default_rng(seed)
    network = one_layer(kind, rng)
    data = random_inputs(network, rng, 17)
    golden = reference.predict(network, data)["n"]
    np.testing.assert_array_equal(golden, real.evaluate(network, data)["n"])


@pytest.mark.parametrize("kind", KINDS)
def test_python_integers_give_the_same_codes(kind):
    rng = np.random.default_rng(11)
    network = one_layer(kind, rng)
    inputs = reference.quantize_inputs(network, random_inputs(network, rng, 5))
    fast = reference.evaluate(network, inputs)["n"]
    wide = {
        name: FixedArray(array.codes.astype(np.int64).astype(object), array.fraction, 1 << 60)
        for name, array in inputs.items()
    }
    slow = reference.evaluate(network, wide)["n"]
    assert slow.fraction == fast.fraction
    assert (slow.codes == fast.codes).all()


def test_sums_beyond_float64_are_exact():
    kind = FixedType(60, 60)
    weight = np.array([[1.0], [2.0**40], [-(2.0**40) + 1]])
    network = infer_types(Network((Input("x", (), (3,), kind), Dense("d", ("x",), weight)), ("d",)))
    codes = np.array([[2**59 - 1, 2**58 + 1, 2**58 - 1], [-(2**59), 3, -7]], object)
    result = reference.evaluate(network, {"x": FixedArray(codes, 0, 1 << 59)})["d"]
    expected = [int(row[0]) + int(row[1]) * 2**40 + int(row[2]) * (1 - 2**40) for row in codes]
    assert result.codes[:, 0].tolist() == expected


def test_batches_do_not_change_results():
    rng = np.random.default_rng(3)
    network = one_layer("conv", rng)
    inputs = reference.quantize_inputs(network, random_inputs(network, rng, 23))
    whole = reference.evaluate(network, inputs, batch=1000)["n"]
    parts = reference.evaluate(network, inputs, batch=5)["n"]
    np.testing.assert_array_equal(whole.codes, parts.codes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "no data for the input 'x'"),
        ({"x": np.zeros((2, 6)), "z": np.zeros((2, 6))}, "no input named 'z'"),
        ({"x": np.zeros((2, 5))}, r"takes \(6,\)"),
        ({"x": np.full((2, 6), np.nan)}, "finite"),
    ],
)
def test_bad_data_is_refused(data, message):
    network = one_layer("dense", np.random.default_rng(0))
    with pytest.raises(UsageError, match=message):
        reference.predict(network, data)


def test_real_functions_need_lowering_first():
    network = Network((Input("x", (), (2,), FixedType(4, 2)), Unary("u", ("x",), "tanh")), ("u",))
    with pytest.raises(PrecisionError, match="'u'"):
        reference.predict(network, {"x": np.zeros((1, 2))})


def test_untyped_input_is_refused():
    network = Network((Input("x", (), (2,)), Affine("a", ("x",))), ("a",))
    with pytest.raises(PrecisionError, match="'x'"):
        reference.predict(network, {"x": np.zeros((1, 2))})
