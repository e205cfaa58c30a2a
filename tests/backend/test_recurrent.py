"""Recurrent layers, compiled, against the golden model: equal in every bit."""

from __future__ import annotations

import numpy as np
import pytest

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.ir import (
    Affine,
    Dense,
    FixedType,
    Input,
    Merge,
    MergeKind,
    Network,
    Quantize,
    Recurrent,
    Threshold,
)
from accelgen.passes.infer_types import infer_types
from tests.backend.conftest import Check
from tests.cells import CELLS, X, exact, make_cell, recurrent_network, saturating

BOTH = pytest.mark.parametrize("io_type", list(IoType))
STEPS, N_IN, UNITS = 4, 3, 4


def design(io_type: IoType, strategy: Strategy = Strategy.LATENCY, reuse: int = 1) -> Design:
    return Design(io_type=io_type, default=LayerDesign(strategy, reuse))


@BOTH
@pytest.mark.parametrize("cell", CELLS)
def test_quantized_cells(check: Check, io_type: IoType, cell: str) -> None:
    made = make_cell(cell, N_IN, UNITS, np.random.default_rng(1), state=saturating(5, 1))
    check(exact(recurrent_network(made, STEPS, N_IN, return_sequences=True)), design(io_type))


@pytest.mark.parametrize("cell", CELLS)
def test_cells_with_real_functions(check: Check, cell: str) -> None:
    made = make_cell(cell, N_IN, UNITS, np.random.default_rng(5), quantized=False)
    network = recurrent_network(made, STEPS, N_IN, return_sequences=True)
    check(exact(network, FixedType(12, 4)), design(IoType.PARALLEL))


@BOTH
@pytest.mark.parametrize("return_sequences", [True, False])
@pytest.mark.parametrize("in_input_order", [True, False])
def test_backwards(check: Check, io_type: IoType, return_sequences: bool, in_input_order: bool) -> None:
    made = make_cell("simple", N_IN, UNITS, np.random.default_rng(2))
    network = recurrent_network(
        made,
        STEPS,
        N_IN,
        return_sequences=return_sequences,
        go_backwards=True,
        in_input_order=in_input_order,
    )
    check(exact(network), design(io_type))


@BOTH
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("reuse", [3, 48])
def test_resource_strategy(check: Check, io_type: IoType, cell: str, reuse: int) -> None:
    made = make_cell(cell, N_IN, UNITS, np.random.default_rng(3), state=saturating(5, 1))
    check(exact(recurrent_network(made, STEPS, N_IN)), design(io_type, Strategy.RESOURCE, reuse))


def test_scaled_columns_and_a_cast_of_the_result(check: Check) -> None:
    made = make_cell("lstm", N_IN, UNITS, np.random.default_rng(4), scaled=True)
    network = exact(recurrent_network(made, STEPS, N_IN))
    cast = Quantize("cast", ("recurrent",), saturating(4, 1))
    check(infer_types(Network((*network.nodes, cast), ("cast",))), design(IoType.PARALLEL))


@BOTH
def test_thresholds_of_single_units(check: Check, io_type: IoType) -> None:
    """A normalization of either sign before a cast to few bits becomes thresholds and values by unit."""
    rng = np.random.default_rng(6)
    cell = (
        Input("now", (), (N_IN,)),
        Input("before", (), (UNITS,), saturating(3, 1)),
        Dense("of_now", ("now",), rng.integers(-7, 8, (N_IN, UNITS)) / 8),
        Dense("of_before", ("before",), rng.integers(-7, 8, (UNITS, UNITS)) / 8),
        Merge("sum", ("of_now", "of_before"), MergeKind.ADD),
        Affine("normal", ("sum",), np.array([0.3, -0.4, 0.7, -0.2]), rng.normal(size=UNITS)),
        Quantize("state", ("normal",), saturating(3, 1)),
    )
    layer = Recurrent("recurrent", ("x",), cell, (("before", "state"),), "state", return_sequences=True)
    network = exact(Network((Input("x", (), (STEPS, N_IN), X), layer), ("recurrent",)))
    recurrent = network["recurrent"]
    assert isinstance(recurrent, Recurrent)
    (steps,) = (node for node in recurrent.cell if isinstance(node, Threshold))
    assert steps.thresholds.ndim == steps.values.ndim == 2
    check(network, design(io_type))
