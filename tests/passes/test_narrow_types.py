"""Bits taken from what a network quantizes itself."""

import numpy as np
import pytest

from accelgen import reference
from accelgen.design import Design
from accelgen.errors import UsageError
from accelgen.ir import Dense, FixedType, Input, Network, Overflow, Quantize, Rounding
from accelgen.passes.narrow_types import narrow_types, own_types
from accelgen.passes.pipeline import ChooseTypes, simplify

INPUT = FixedType(6, 2, True, Rounding.RND_CONV, Overflow.SAT)
SIX = FixedType(6, 1, True, Rounding.RND_CONV, Overflow.SAT)
THREE = FixedType(3, 1, True, Rounding.RND_CONV, Overflow.SAT)
MODES = (Rounding.RND_CONV, Overflow.SAT)
RESULT = FixedType(6, 3, False, Rounding.RND_CONV, Overflow.SAT)


def network() -> Network:
    rng = np.random.default_rng(0)
    nodes = (
        Input("x", (), (5,)),
        Quantize("cast", ("x",), INPUT),
        Dense("dense", ("cast",), rng.integers(-31, 32, (5, 4)) / 32, rng.integers(-7, 8, 4) / 16),
        Quantize("relu", ("dense",), RESULT),
    )
    return Network(nodes, ("relu",))


def test_weights_and_results_take_the_narrower_types() -> None:
    narrowed = {"dense": {"weight": THREE}, "relu": {"result": FixedType(3, 3, False, *MODES)}}
    changed = narrow_types(network(), narrowed)
    expected = np.clip(np.round(network()["dense"].weight * 4) / 4, -1, 0.75)
    np.testing.assert_array_equal(changed["dense"].weight, expected)
    assert changed["relu"].type.width == 3
    assert changed["dense"].bias is network()["dense"].bias or changed["dense"].bias.shape == (4,)
    assert any("'dense': weight has 3 bits, trained with 6" in note for note in changed.notes)
    assert any("'relu': result has 3 bits" in note for note in changed.notes)


def test_the_exact_network_is_that_of_the_narrowed_real_one() -> None:
    narrowed = {"dense": {"weight": THREE}, "relu": {"result": FixedType(3, 3, False, *MODES)}}
    choose = ChooseTypes(narrowed=narrowed)
    adopted = choose.adopt(simplify(network()))
    exact = choose.apply(adopted, choose.plan(adopted))
    x = np.random.default_rng(1).integers(-32, 32, (50, 5)) / 16
    weight = np.clip(np.round(network()["dense"].weight * 4) / 4, -1, 0.75)
    sums = x @ weight + network()["dense"].bias
    expected = np.clip(np.round(sums), 0, 7)
    (got,) = reference.predict(exact, {"x": x}).values()
    np.testing.assert_array_equal(got, expected)


def test_an_input_takes_its_narrowed_quantizer() -> None:
    choose = ChooseTypes(narrowed={"cast": {"result": FixedType(4, 2, True, *MODES)}})
    assert choose.adopt(simplify(network())).inputs[0].type == FixedType(4, 2, True, *MODES)


def test_only_what_is_quantized_has_bits_to_take() -> None:
    float_weight = Dense("dense", ("x",), np.full((5, 4), 1 / 3))
    assert own_types(float_weight) == {}
    assert own_types(network()["dense"]) == {"weight": SIX}
    assert own_types(network()["relu"]) == {"result": RESULT}
    assert own_types(network()["x"]) == {}


@pytest.mark.parametrize(
    ("narrowed", "message"),
    [
        ({"dens": {"weight": THREE}}, "did you mean 'dense'"),
        ({"dense": {"bias": THREE}}, "'dense' has no 'bias'"),
        ({"dense": {"weight": SIX}}, "has 6 bits, no more than 6"),
    ],
)
def test_what_cannot_be_narrowed_is_refused(narrowed: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        narrow_types(network(), narrowed)


def test_a_design_file_holds_what_is_narrowed() -> None:
    design = Design(narrowed={"dense": {"weight": THREE}})
    assert Design.from_yaml(design.to_yaml()) == design
