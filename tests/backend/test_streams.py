from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from accelgen import reference
from accelgen.backend.build import write_project
from accelgen.backend.naming import safe_names
from accelgen.backend.project import read_report
from accelgen.backend.streams import design_dataflow
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from accelgen.design.streaming import Dataflow, automatic_depths, simulate
from accelgen.design.streaming.loops import loops
from accelgen.errors import DesignError
from accelgen.ir import (
    Concatenate,
    Conv,
    Dense,
    EinsumDense,
    FixedType,
    Input,
    Merge,
    Network,
    Quantize,
    Relu,
    Reshape,
)
from tests.backend.bounded_project import BoundedProject
from tests.backend.conftest import network_of, random_codes
from tests.hardening.random_networks import random_design, random_network

STREAM = Design(io_type=IoType.STREAM, default=LayerDesign(Strategy.LATENCY))
SAME = ((1, 1), (1, 1))
ACTIVATION = FixedType(6, 4)


def residual_network() -> Network:
    """Two windows beside a way without, then windows of two sizes side by side, then a dense layer."""
    rng = np.random.default_rng(0)

    def conv(name: str, source: str, n_in: int, n_out: int, taps: int = 3) -> Conv:
        weight = rng.integers(-2, 3, (taps, taps, n_in, n_out)) / 4.0
        pads = ((taps // 2, taps // 2),) * 2
        return Conv(name, (source,), weight, None, (1, 1), pads, (1, 1))

    return network_of(
        Input("x", (), (6, 6, 2), FixedType(6, 3)),
        conv("conv1", "x", 2, 2),
        Quantize("quantize1", ("conv1",), ACTIVATION),
        Relu("relu1", ("quantize1",)),
        conv("conv2", "relu1", 2, 2),
        Merge("add", ("conv2", "x")),
        Quantize("quantize2", ("add",), ACTIVATION),
        conv("small", "quantize2", 2, 1, taps=1),
        conv("large", "quantize2", 2, 2, taps=5),
        Concatenate("join", ("small", "large")),
        Reshape("flatten", ("join",), (108,)),
        Dense("dense", ("flatten",), rng.integers(-2, 3, (108, 3)) / 4.0, None),
    )


def write(network: Network, design: Design, directory: Path, samples: int = 3) -> None:
    inputs = random_codes(network, samples)
    golden = reference.evaluate(network, inputs)
    write_project(network, design, directory, sources={}, golden_inputs=inputs, golden_outputs=golden)


def pragmas(directory: Path) -> dict[str, int]:
    (top,) = (directory / "firmware").glob("*_top.cpp")
    found = re.findall(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)", top.read_text())
    return {name: int(depth) for name, depth in found}


def moves_of(dataflow: Dataflow) -> list[list[tuple[str, str]]]:
    """What each process reads and writes, in order, if nothing is in flight."""
    found = []
    for process in dataflow.processes:
        moves = [
            (step, "rw".index(what), position, name)
            for what, ends in (("r", process.reads), ("w", process.writes))
            for position, (name, steps) in enumerate(ends.items())
            for step in steps.tolist()
        ]
        found.append([("rw"[what], name) for _, what, _, name in sorted(moves)])
    return found


def check_order(dataflow: Dataflow, project: BoundedProject, path: Path) -> None:
    outcome = project.run(moves=path)
    assert outcome.passed, outcome.output
    lines = [line.split() for line in path.read_text().splitlines()]
    taken: list[list[tuple[str, str]]] = [[] for _ in dataflow.processes]
    for process, what, stream in lines:
        taken[int(process)].append((what, stream))
    for process, expected, found in zip(dataflow.processes, moves_of(dataflow), taken, strict=True):
        assert found == expected, process.name


@pytest.mark.parametrize("seed", [18])
def test_order_of_a_random_network(tmp_path: Path, seed: int) -> None:
    network = random_network(seed)
    design = replace(random_design(network, seed), io_type=IoType.STREAM)
    write(network, design, tmp_path / "p")
    check_order(design_dataflow(network, design), BoundedProject(tmp_path / "p"), tmp_path / "moves")


def test_compiled_layers_run_and_stop_as_simulated(tmp_path: Path) -> None:
    """They move tokens in the same order, and stop at the same depths of one FIFO at a time."""
    network = residual_network()
    write(network, STREAM, tmp_path / "p")
    dataflow, project = design_dataflow(network, STREAM), BoundedProject(tmp_path / "p")
    check_order(dataflow, project, tmp_path / "moves")
    in_order = dataflow.with_in_flight({process.name: 0 for process in dataflow.processes})
    automatic = pragmas(project.directory)
    tried = 0
    for fifo in dataflow.fifos:
        stops = [
            depth
            for depth in range(1, automatic[fifo.name])
            if simulate(in_order, {**automatic, fifo.name: depth}).deadlock
        ]
        if not stops:
            continue
        tried += 1
        assert project.run({fifo.name: stops[-1] + 1}).passed
        # a clone of the simulation writes both copies at once, that of the code one after the other
        outcome = project.run({fifo.name: stops[-1] - 1})
        assert outcome.stopped
    assert tried


def test_depths_reach_the_pragmas_and_nothing_else(tmp_path: Path) -> None:
    network = residual_network()
    deep = LayerDesign(Strategy.LATENCY, fifo_depth=40)
    write(network, STREAM, tmp_path / "automatic")
    write(network, replace(STREAM, layers={"x": deep, "conv1": deep}), tmp_path / "asked")
    changed = []
    for path in sorted((tmp_path / "automatic").rglob("*")):
        other = tmp_path / "asked" / path.relative_to(tmp_path / "automatic")
        if path.is_file() and path.read_bytes() != other.read_bytes():
            changed.append(path.name)
    assert changed == ["build.json", "design.yaml", "network_top.cpp"]
    before, after = pragmas(tmp_path / "automatic"), pragmas(tmp_path / "asked")
    assert before == automatic_depths(design_dataflow(network, STREAM))
    fifos = {fifo["stream"]: fifo for fifo in read_report(tmp_path / "asked").fifos}
    assert {name: fifo["depth"] for name, fifo in fifos.items()} == after
    asked = {name for name, fifo in fifos.items() if not fifo["automatic"]}
    assert asked == {name for name, fifo in fifos.items() if fifo["layer"] in ("x", "conv1")}
    assert all(after[name] == (40 if name in asked else before[name]) for name in after)


def test_a_layer_is_left_to_accelgen_where_others_are_not(tmp_path: Path) -> None:
    free = LayerDesign(Strategy.LATENCY)
    design = replace(STREAM, default=replace(free, fifo_depth=50), layers={"conv2": free})
    write(residual_network(), design, tmp_path / "p")
    fifos = read_report(tmp_path / "p").fifos
    left = {fifo["layer"] for fifo in fifos if fifo["automatic"]}
    assert left == {"conv2", *(f"step_pad_{name}" for name in ("conv1", "conv2", "large"))}
    assert {fifo["depth"] for fifo in fifos if not fifo["automatic"]} == {50}


def test_a_depth_that_stops_the_design_is_refused(tmp_path: Path) -> None:
    design = replace(STREAM, layers={"x": LayerDesign(Strategy.LATENCY, fifo_depth=3)})
    with pytest.raises(
        DesignError, match=r"stops with FIFOs of these depths: 'x' 3 \(automatic: \d+\).* waits to"
    ):
        write(residual_network(), design, tmp_path / "p")


def test_a_depth_that_slows_the_design_down_is_noted(tmp_path: Path) -> None:
    """Windows take a position a cycle; while the dense layer computes, the next ones wait."""
    network = residual_network()
    automatic = automatic_depths(design_dataflow(network, STREAM))
    assert automatic
    write(
        network, replace(STREAM, layers={"join": LayerDesign(Strategy.LATENCY, fifo_depth=1)}), tmp_path / "p"
    )
    (note,) = read_report(tmp_path / "p").notes
    assert "slow the design down: 'join' 1 (automatic: " in note


def test_a_depth_that_stops_pipelines_alone_is_noted(tmp_path: Path) -> None:
    """Of the image that goes on beside two windows, more waits than these need: what their pipelines hold."""
    choice = LayerDesign(Strategy.LATENCY, fifo_depth=20)
    write(residual_network(), replace(STREAM, layers={"x": choice}), tmp_path / "p")
    (note,) = read_report(tmp_path / "p").notes
    assert note.startswith(
        "simulation says that the design stops with FIFOs of these depths: 'x' 20 (automatic"
    )


def test_io_parallel_has_no_fifos() -> None:
    design = Design(default=LayerDesign(fifo_depth=4))
    legal, changes = legalize(residual_network(), design)
    assert {(change.layer, change.choice, change.used) for change in changes} == {
        (name, "fifo_depth", "0") for name in ("conv1", "conv2", "small", "large", "dense")
    }
    assert not any(layer.fifo_depth for layer in legal.layers.values())


@pytest.mark.parametrize("seed", range(100, 112))
def test_random_networks_never_stop(seed: int) -> None:
    network = random_network(seed)
    dataflow = design_dataflow(network, replace(random_design(network, seed), io_type=IoType.STREAM))
    depths = automatic_depths(dataflow)
    run = partial(simulate, depths=depths, inferences=2)
    assert not run(dataflow).deadlock
    assert not run(dataflow.with_in_flight({process.name: 0 for process in dataflow.processes})).deadlock
    check_steps(network, dataflow)


def check_steps(network: Network, dataflow: Dataflow) -> None:
    """What estimates take loops for is what is generated; some layers are several of these."""
    several = EinsumDense | Merge | Concatenate
    names = {safe: name for name, safe in safe_names([node.name for node in network]).items()}
    for process in dataflow.processes:
        node = network[names[process.name]] if process.name in names else None
        if node is not None and not (isinstance(node, several) and len(node.inputs) != 2):
            assert len(process.cycles) == loops(network)[node.name].steps, process.name
