"""Whole random networks: what is compiled equals the golden model in every bit, whatever the design."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accelgen import reference
from accelgen.backend.build import write_project
from accelgen.backend.csim import compile_project
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.ir import Dense, FixedType, Input, Lookup, Network, Pad, Quantize
from accelgen.passes.infer_types import infer_types
from tests.backend.conftest import random_codes
from tests.hardening.random_networks import random_design, random_network

COMPILED = range(5)
EVALUATED = range(1000, 1100)


def check(network: Network, design: Design, directory: Path, seed: int = 0) -> None:
    inputs = random_codes(network, 24, seed)
    golden = reference.evaluate(network, inputs)
    write_project(network, design, directory, sources={}, golden_inputs=inputs, golden_outputs=golden)
    results = compile_project(directory).predict(inputs)
    for name in network.outputs:
        expected = golden[name].at(results[name].fraction)
        np.testing.assert_array_equal(results[name].codes, expected.codes, err_msg=name)


@pytest.mark.parametrize("seed", COMPILED)
def test_compiled_project_equals_golden_model(tmp_path: Path, seed: int) -> None:
    network = random_network(seed)
    check(network, random_design(network, seed), tmp_path / "p", seed)


@pytest.mark.parametrize("seed", EVALUATED)
def test_no_result_leaves_its_type(seed: int) -> None:
    network = random_network(seed)
    names = [node.name for node in network]
    for name, array in reference.evaluate(network, random_codes(network, 40, seed), keep=names).items():
        kind = network.types[name]
        codes = array.at(kind.fraction).codes
        assert kind.min_code <= codes.min()
        assert codes.max() <= kind.max_code


@pytest.mark.parametrize("values", [(0.0, 1.0, 2.0, 0.25), (0.0, 0.0, 4.0, 8.0)])
def test_table_of_another_grid_where_no_code_reaches(values: tuple[float, ...]) -> None:
    """The golden model keeps a table's own grid, and so must the type of its result."""
    positive = FixedType(2, 2, signed=False)
    nodes = [
        Input("x", (), (1,), FixedType(1, 1, signed=False)),
        Quantize("q", ("x",), positive),
        Lookup("table", ("q",), positive, np.array(values)),
    ]
    network = infer_types(Network(tuple(nodes), ("table",)))
    result = reference.evaluate(network, random_codes(network, 8))["table"]
    assert set(result.values.ravel().tolist()) == {values[0], values[1]}


@pytest.mark.parametrize("io_type", list(IoType))
@pytest.mark.parametrize("strategy", [Strategy.LATENCY, Strategy.RESOURCE])
def test_dense_on_positions_along_three_axes(tmp_path: Path, io_type: IoType, strategy: Strategy) -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.integers(-4, 4, (4, 3)) / 4 for _ in range(2))
    nodes = [
        Input("x", (), (2, 2, 3, 4), FixedType(5, 2)),
        Dense("first", ("x",), first, rng.integers(-4, 4, 3) / 4),
        Quantize("cast", ("first",), FixedType(5, 3)),
        Pad("pad", ("cast",), ((1, 0), (0, 1), (0, 0), (0, 1))),
        Dense("second", ("pad",), second),
    ]
    network = infer_types(Network(tuple(nodes), ("second", "cast")))
    check(network, Design(io_type=io_type, default=LayerDesign(strategy, 4, 3)), tmp_path / "p")
