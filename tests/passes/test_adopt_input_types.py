import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen import real
from accelgen.ir import FixedType, Input, Network, Overflow, Quantize, QuantizeArray, Relu, Rounding
from accelgen.passes.adopt_input_types import (
    DEFAULT_INPUT_TYPE,
    adopt_input_types,
    integer_bits,
    type_for_data,
)

CAST = FixedType(6, 2, False, Rounding.RND_CONV, Overflow.SAT)


def _network(*users) -> Network:
    return Network((Input("x", (), (4,)), *users), (users[-1].name,))


def _adopted(network: Network, **options) -> FixedType:
    return adopt_input_types(network, **options).inputs[0].type


def test_the_models_own_quantizer_types_the_input():
    assert _adopted(_network(Quantize("q", ("x",), CAST))) == CAST


def test_two_different_quantizers_do_not():
    network = _network(Quantize("q", ("x",), CAST), Quantize("p", ("x",), FixedType(4, 2)))
    assert _adopted(network) == DEFAULT_INPUT_TYPE


def test_what_the_user_gives_wins():
    given_type = FixedType(9, 3)
    assert _adopted(_network(Quantize("q", ("x",), CAST)), given=given_type) == given_type


def test_calibration_data_come_before_the_default_and_the_choice_is_noted():
    network = _network(Relu("r", ("x",)))
    adopted = adopt_input_types(network, calibration={"x": np.array([[0.25, 3.0, 1.0, 2.5]])})
    assert adopted.inputs[0].type == FixedType(4, 2, False, Rounding.RND_CONV, Overflow.SAT)
    assert "calibration" in adopted.notes[-1]
    assert "default" in adopt_input_types(network).notes[-1]


@pytest.mark.parametrize("rounding", [Rounding.TRN, Rounding.RND])
@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SAT])
def test_an_input_cast_element_by_element_loses_nothing_by_its_common_type(rounding, overflow):
    rng = np.random.default_rng(0)
    node = QuantizeArray(
        "q",
        ("x",),
        np.array([0, 3, 6, 5]),
        np.array([1, 2, 3, -1]),
        np.array([True, True, False, True]),
        rounding,
        overflow,
    )
    network = _network(node)
    data = {"x": rng.uniform(-9, 9, (4000, 4))}
    data["x"][:2000] = np.rint(data["x"][:2000] * 128) / 128
    want = real.evaluate(network, data)["q"]
    np.testing.assert_array_equal(real.evaluate(adopt_input_types(network), data)["q"], want)


@given(st.floats(-1e4, 1e4, width=32), st.floats(-1e4, 1e4, width=32))
def test_integer_bits_are_enough_and_not_too_many(a, b):
    low, high = min(a, b, 0.0), max(a, b, 0.0)
    bits = integer_bits(low, high)
    kind = FixedType(bits + 40 if bits > -39 else 1, bits, low < 0)
    assert kind.min <= low
    assert high <= kind.max + kind.step
    if max(-low, high) > 1e-3:
        smaller = FixedType(bits + 39, bits - 1, low < 0)
        assert low < smaller.min or high > smaller.max


def test_type_for_data_keeps_a_coarse_grid():
    assert type_for_data(np.array([-128.0, 127.0])).fraction == 0
