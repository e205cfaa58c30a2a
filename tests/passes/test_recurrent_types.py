from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from accelgen import real, reference
from accelgen.errors import PrecisionError
from accelgen.importers.builder import Builder
from accelgen.importers.cells import CellParts, Matrix, simple_cell
from accelgen.ir import Dense, FixedType, Input, Network, Node, Recurrent, Relu, Unary
from accelgen.passes.precision import ChoosePrecision
from tests.cells import CELLS, exact, make_cell, recurrent_network, saturating

STEPS, N_IN, UNITS = 8, 3, 4


def made(cell: str, **options: bool) -> Network:
    return recurrent_network(make_cell(cell, N_IN, UNITS, np.random.default_rng(3), **options), STEPS, N_IN)


def state_types(network: Network) -> list[FixedType | None]:
    node = network["recurrent"]
    assert isinstance(node, Recurrent)
    return [step.type for step in node.cell[1:] if isinstance(step, Input)]


def casts_noted(network: Network) -> bool:
    return any("states that the model keeps in floating point" in note for note in network.notes)


def inputs(samples: int = 300) -> np.ndarray:
    return np.random.default_rng(4).integers(-32, 32, (samples, STEPS, N_IN)) / 8


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_that_quantizes_its_states_is_changed_nowhere(cell: str) -> None:
    network = recurrent_network(
        make_cell(cell, N_IN, UNITS, np.random.default_rng(3), state=saturating(6, 2)), STEPS, N_IN
    )
    typed = exact(network)
    assert not casts_noted(typed)
    x = inputs()
    np.testing.assert_array_equal(
        reference.predict(typed, {"x": x})["recurrent"], real.evaluate(network, {"x": x})["recurrent"]
    )


def test_a_state_left_in_floating_point_gets_float32s_bits() -> None:
    typed = exact(made("lstm"))
    hidden, carry = state_types(typed)
    assert casts_noted(typed)
    assert hidden is not None
    assert carry is not None
    assert (hidden.width, carry.width) == (9, 27)
    assert carry.max >= STEPS * 15 / 16 * 15 / 16 > carry.max / 2


def test_the_range_of_a_gru_does_not_grow_with_its_steps() -> None:
    (hidden,) = state_types(exact(made("gru", quantized=False)))
    assert hidden == FixedType(17, 2)


def test_long_sequences_are_not_followed_to_their_end() -> None:
    cell = make_cell("lstm", N_IN, 1, np.random.default_rng(3), quantized=False)
    carry = state_types(exact(recurrent_network(cell, 20_000, N_IN)))[1]
    assert carry is not None
    assert 2**14 <= carry.max <= 2**16


@pytest.mark.parametrize("cell", CELLS)
def test_real_functions_are_close_to_the_real_cell(cell: str) -> None:
    network = made(cell, quantized=False)
    typed = exact(network)
    x = inputs()
    error = np.abs(
        reference.predict(typed, {"x": x})["recurrent"] - real.evaluate(network, {"x": x})["recurrent"]
    )
    assert error.max() < 0.02
    node = typed["recurrent"]
    assert isinstance(node, Recurrent)
    assert not any(isinstance(step, Unary) for step in node.cell)


def test_a_precision_types_states_and_functions() -> None:
    typed = exact(made("lstm", quantized=False), FixedType(14, 4))
    assert state_types(typed) == [FixedType(14, 4), FixedType(14, 4)]


def unbounded() -> Network:
    def relu(builder: Builder, name: str, source: str) -> str:
        node: Node = Relu(name, (source,))
        return builder.add(node)

    weight = np.eye(N_IN) * 4
    cell = simple_cell("test", CellParts(Matrix(weight), Matrix(weight), relu))
    return recurrent_network(cell, 64, N_IN)


def test_a_state_without_bound_needs_a_precision() -> None:
    with pytest.raises(PrecisionError, match="can grow with every step; give --precision"):
        exact(unbounded())
    assert state_types(exact(unbounded(), FixedType(12, 8))) == [FixedType(12, 8)]


def test_calibration_data_bound_the_states() -> None:
    network = made("lstm", quantized=False)
    rough = replace_weights(network)
    x = inputs()
    typed = exact(ChoosePrecision(calibration={"x": x})(rough))
    hidden, carry = state_types(typed)
    assert hidden == FixedType(16, 1)
    assert carry is not None
    assert carry.width == 16
    proven = state_types(exact(network))[1]
    assert proven is not None
    assert carry.integer < proven.integer
    error = np.abs(
        reference.predict(typed, {"x": x})["recurrent"] - real.evaluate(rough, {"x": x})["recurrent"]
    )
    assert error.max() < 0.01


def replace_weights(network: Network) -> Network:
    """The network with float weights in the place of those on a grid."""
    node = network["recurrent"]
    assert isinstance(node, Recurrent)
    cell = tuple(
        replace(step, weight=step.weight * np.pi / 8) if isinstance(step, Dense) else step
        for step in node.cell
    )
    return network.with_nodes([network.nodes[0], replace(node, cell=cell)])
