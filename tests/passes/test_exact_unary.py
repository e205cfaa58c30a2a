"""Functions become tables and thresholds that give the nearest result code for every input code."""

import numpy as np
import pytest

from accelgen import real, reference
from accelgen.errors import UnsupportedError
from accelgen.ir import (
    FixedType,
    Input,
    Lookup,
    Network,
    Overflow,
    Quantize,
    QuantizeArray,
    Rounding,
    Threshold,
    Unary,
)
from accelgen.ir.functions import FUNCTIONS, evaluate
from accelgen.passes.exact import make_exact
from accelgen.passes.infer_types import infer_types

RESULT = FixedType(10, 4, True, Rounding.RND_CONV, Overflow.SAT)


def _every_code(kind: FixedType) -> np.ndarray:
    return np.ldexp(np.arange(kind.min_code, kind.max_code + 1.0), -kind.fraction)[:, None]


def _predict(network: Network, kind: FixedType) -> tuple[np.ndarray, Network]:
    exact = infer_types(make_exact(network))
    return reference.predict(exact, {"x": _every_code(kind)})[exact.outputs[0]], exact


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
@pytest.mark.parametrize("signed", [True, False])
def test_table_holds_the_nearest_code_of_every_input(function, signed):
    kind = FixedType(9, 4, signed)
    parameters = (0.75,) * FUNCTIONS[function].parameters
    node = Unary("u", ("x",), function, parameters, RESULT)
    got, exact = _predict(Network((Input("x", (), (1,), kind), node), ("u",)), kind)
    assert isinstance(exact["u"], Lookup)
    want = np.clip(evaluate(function, parameters, _every_code(kind)), RESULT.min, RESULT.max)
    assert np.max(np.abs(got - want)) <= RESULT.step / 2


@pytest.mark.parametrize("function", sorted(name for name, f in FUNCTIONS.items() if f.rising))
def test_wide_input_and_few_levels_become_exact_thresholds(function):
    kind = FixedType(16, 4)
    cast = FixedType(4, 2, True, Rounding.RND_CONV, Overflow.SAT)
    parameters = (0.75,) * FUNCTIONS[function].parameters
    nodes = (
        Input("x", (), (1,), kind),
        Unary("u", ("x",), function, parameters),
        Quantize("q", ("u",), cast),
    )
    network = Network(nodes, ("q",))
    got, exact = _predict(network, kind)
    assert isinstance(exact["q"], Threshold)
    np.testing.assert_array_equal(got, real.evaluate(network, {"x": _every_code(kind)})["q"])


def test_wide_input_and_many_levels_are_rounded_and_said_so():
    kind = FixedType(18, 6)
    network = Network((Input("x", (), (1,), kind), Unary("u", ("x",), "tanh")), ("u",))
    got, exact = _predict(network, kind)
    assert any("'u'" in note and "rounding" in note for note in exact.notes)
    cost = float(exact.notes[-1].rsplit(" ", 1)[1])
    assert np.max(np.abs(got - np.tanh(_every_code(kind)))) <= cost * 1.01 + exact.types["u"].step / 2


def test_unknown_function_is_refused_by_name():
    network = Network((Input("x", (), (1,), FixedType(4, 2)), Unary("u", ("x",), "frobnicate")), ("u",))
    with pytest.raises(UnsupportedError, match=r"'u'.*frobnicate"):
        make_exact(network)


@pytest.mark.parametrize("rounding", [Rounding.TRN, Rounding.RND])
@pytest.mark.parametrize("overflow", [Overflow.SAT, Overflow.WRAP])
def test_cast_with_a_type_for_every_element_takes_the_real_result(rounding, overflow):
    kind = FixedType(9, 3)
    width, integer = np.array([3, 8, 0, 5]), np.array([1, 2, 0, 3])
    cast = QuantizeArray(
        "q", ("u",), width, integer, np.array([True, True, False, False]), rounding, overflow
    )
    network = Network((Input("x", (), (4,), kind), Unary("u", ("x",), "tanh"), cast), ("q",))
    exact = infer_types(make_exact(network))
    x = np.repeat(_every_code(kind), 4, -1)
    np.testing.assert_array_equal(
        reference.predict(exact, {"x": x})["q"], real.evaluate(network, {"x": x})["q"]
    )
