"""The recurrence itself: golden model and real evaluation against plain loops, and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accelgen import real, reference
from accelgen.errors import ModelError
from accelgen.ir import Network, Recurrent
from accelgen.ir.recurrent import cell_products
from accelgen.ir.serialize import load, save
from tests.cells import CELLS, exact, make_cell, recurrent_network, saturating

STEPS, N_IN, UNITS = 5, 3, 4
STATE = saturating(5, 1)


def rounded(values: np.ndarray, width: int, integer: int, signed: bool = True) -> np.ndarray:
    scale = 2.0 ** (width - integer)
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
    return np.clip(np.rint(values * scale), low, high) / scale


def act(values: np.ndarray) -> np.ndarray:
    return rounded(values, 5, 1)


def gate(values: np.ndarray) -> np.ndarray:
    return rounded(np.clip(values / 2 + 0.5, 0, 1), 4, 0, signed=False)


def matrices(node: Recurrent) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    own, fed_back = (product for product in cell_products(node) if product.source in ("x", "hidden/entering"))
    return own.weight, own.bias, fed_back.weight, fed_back.bias


def lstm_loop(node: Recurrent, x: np.ndarray) -> np.ndarray:
    kernel, bias, recurrent, _ = matrices(node)
    hidden = carry = np.zeros((len(x), UNITS))
    for step in range(x.shape[1]):
        entering, kept = act(hidden), act(carry)
        i, f, c, o = np.split(x[:, step] @ kernel + bias + entering @ recurrent, 4, -1)
        carry = gate(f) * kept + gate(i) * act(c)
        hidden = gate(o) * act(carry)
    return hidden


def gru_reset_after_loop(node: Recurrent, x: np.ndarray) -> np.ndarray:
    kernel, bias, recurrent, recurrent_bias = matrices(node)
    hidden = np.zeros((len(x), UNITS))
    for step in range(x.shape[1]):
        entering = act(hidden)
        xz, xr, xh = np.split(x[:, step] @ kernel + bias, 3, -1)
        hz, hr, hh = np.split(entering @ recurrent + recurrent_bias, 3, -1)
        z, r = gate(xz + hz), gate(xr + hr)
        hidden = z * entering + (1 - z) * act(xh + r * hh)
    return hidden


def simple_loop(node: Recurrent, x: np.ndarray) -> np.ndarray:
    kernel, bias, recurrent, _ = matrices(node)
    hidden = np.zeros((len(x), UNITS))
    for step in range(x.shape[1]):
        hidden = act(x[:, step] @ kernel + bias + act(hidden) @ recurrent)
    return hidden


LOOPS = {"lstm": lstm_loop, "gru_reset_after": gru_reset_after_loop, "simple": simple_loop}


def network_of(cell: str, **options: bool) -> Network:
    made = make_cell(cell, N_IN, UNITS, np.random.default_rng(1), state=STATE)
    return exact(recurrent_network(made, STEPS, N_IN, **options))


def inputs(samples: int = 200) -> np.ndarray:
    return np.random.default_rng(2).integers(-32, 32, (samples, STEPS, N_IN)) / 8


@pytest.mark.parametrize("cell", LOOPS)
def test_golden_model_equals_a_plain_loop(cell: str) -> None:
    network = network_of(cell)
    node = network["recurrent"]
    assert isinstance(node, Recurrent)
    x = inputs()
    golden = reference.predict(network, {"x": x})["recurrent"]
    np.testing.assert_array_equal(golden, LOOPS[cell](node, x))
    assert len(np.unique(golden)) > 10


@pytest.mark.parametrize("cell", CELLS)
def test_real_and_exact_evaluation_agree_where_the_cell_quantizes(cell: str) -> None:
    network = network_of(cell, return_sequences=True)
    x = inputs()
    golden = reference.predict(network, {"x": x})["recurrent"]
    np.testing.assert_array_equal(real.evaluate(network, {"x": x})["recurrent"], golden)


def test_backwards_is_forwards_on_the_reversed_sequence() -> None:
    x = inputs()
    forwards = reference.predict(network_of("lstm", return_sequences=True), {"x": x[:, ::-1]})["recurrent"]
    backwards = network_of("lstm", return_sequences=True, go_backwards=True)
    np.testing.assert_array_equal(reference.predict(backwards, {"x": x})["recurrent"], forwards)
    ordered = network_of("lstm", return_sequences=True, go_backwards=True, in_input_order=True)
    np.testing.assert_array_equal(reference.predict(ordered, {"x": x})["recurrent"], forwards[:, ::-1])
    last = network_of("lstm", go_backwards=True)
    np.testing.assert_array_equal(reference.predict(last, {"x": x})["recurrent"], forwards[:, -1])


def test_a_saved_network_keeps_its_cell(tmp_path: Path) -> None:
    network = network_of("gru")
    save(network, tmp_path / "network.npz")
    loaded = load(tmp_path / "network.npz")
    x = inputs()
    np.testing.assert_array_equal(
        reference.predict(loaded, {"x": x})["recurrent"], reference.predict(network, {"x": x})["recurrent"]
    )


def test_an_input_that_does_not_fit_is_refused() -> None:
    made = make_cell("simple", N_IN, UNITS, np.random.default_rng(0))
    with pytest.raises(ModelError, match="does not take the steps"):
        recurrent_network(made, STEPS, N_IN + 1)
