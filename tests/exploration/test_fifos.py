"""Fronts with less deep FIFOs, against the FIFOs of generated code and their simulation."""

from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest

import accelgen
from accelgen.api import Model
from accelgen.backend.streams import layer_streams
from accelgen.design import Design, IoType
from accelgen.design.streaming import automatic_depths, simulate
from accelgen.design.streaming.cost import total_cost
from accelgen.design.streaming.depths import INFERENCES
from accelgen.errors import UsageError
from accelgen.estimation import estimate_design
from accelgen.exploration.fifos import Built, beyond_limits, trade
from accelgen.exploration.goals import Goals
from accelgen.exploration.search import explore_front, search
from accelgen.ir import Conv, Dense, FixedType, Input, Network, Quantize, Reshape
from accelgen.passes.infer_types import infer_types

STREAM = Design(part="xc7z020clg400-1", io_type=IoType.STREAM)
AXES = ("interval", "bram")


@cache
def network():
    """A convolution whose pixels wait for a dense layer that takes its time."""
    rng = np.random.default_rng(0)
    once = (1, 1)
    weight = rng.integers(-100, 101, (3, 3, 2, 8)) / 64
    nodes = (
        Input("x", (), (10, 10, 2), FixedType(6, 3)),
        Conv("conv", ("x",), weight, None, once, ((0, 0), (0, 0)), once),
        Quantize("cast", ("conv",), FixedType(12, 6)),
        Reshape("flat", ("cast",), (512,)),
        Dense("fc", ("flat",), rng.integers(-100, 101, (512, 4)) / 64),
    )
    return infer_types(Network(nodes, ("fc",)))


def found(goals):
    return search(network(), [STREAM], goals, io_types=[IoType.STREAM])


def traded(**goals):
    asked = Goals.of(axes=AXES, objective="interval", margin=0, fifos="trade", **goals)
    return explore_front(found(asked), "net", "part", streams=partial(layer_streams, network()))


def depths_of(design):
    return {name: own.fifo_depth for name, own in design.layers.items() if own.fifo_depth}


def test_less_deep_fifos_are_designs_of_the_front():
    front = traded()
    shallow = [own for own in front.candidates if depths_of(own.design)]
    assert shallow
    assert any("automatic depths" in note for note in front.notes)
    assert all(own.name in front.notes[-1] for own in shallow)
    figures = [
        (own.estimate.total["interval_cycles"].value, own.estimate.total["bram_18k"].value)
        for own in front.candidates
    ]
    for (faster, more), (slower, less) in pairwise(figures):
        assert faster < slower
        assert more > less
    best = next(own for own in front.candidates if own.name == front.best)
    assert best.estimate.total["interval_cycles"].value == figures[0][0]
    assert best.reason


def test_figures_are_those_of_the_fifos_as_built():
    for own in traded().candidates:
        dataflow, streams = layer_streams(network(), own.design)
        automatic = automatic_depths(dataflow)
        depths = dict(automatic)
        for layer, depth in depths_of(own.design).items():
            depths |= dict.fromkeys(streams[layer], depth)
        cost = total_cost(dataflow, depths)
        lost = simulate(dataflow, depths, INFERENCES).interval - simulate(dataflow, {}, INFERENCES).interval
        plain = estimate_design(network(), own.design)
        layers = plain.record.layers
        expected = {
            "interval_cycles": lost,
            "lut": cost.lut - sum(layer.fifo_lut for layer in layers),
            "bram_18k": cost.bram_18k - sum(layer.fifo_18k for layer in layers),
            "dsp": 0,
        }
        for name, more in expected.items():
            assert own.estimate.total[name].value == pytest.approx(plain.total[name].value + more)
        assert ("in simulation" in own.estimate.notes[-1]) == (lost > 0)
        assert Design.from_yaml(own.design_file) == own.design


def test_limits_hold_for_fifos_as_built():
    free = traded()
    least = min(own.estimate.total["bram_18k"].value for own in free.candidates)
    tight = traded(limits={"bram": least})
    assert all(own.estimate.total["bram_18k"].value <= least + 1e-6 for own in tight.candidates)


def test_designs_just_beyond_a_limit():
    goals = Goals.of(objective="interval", axes=("interval", "lut"), margin=0)
    first = found(goals)
    most = first.estimate.total["lut"].value - 1  # which the fastest design breaks by what FIFOs take
    goals = Goals.of({"lut": most}, "interval", ("interval", "lut"), margin=0, fifos="trade")
    limited = found(goals)
    beyond = beyond_limits(Built(limited.target, limited.design, limited.estimate), goals)
    assert beyond
    assert all(limited.target.broken(own.estimate, goals) for own in beyond)
    kept = trade([], beyond, goals, partial(layer_streams, network()))
    assert not any(limited.target.broken(own.estimate, goals) for own in kept.designs)


def test_limits_that_only_estimates_keep():
    goals = Goals.of(objective="bram", margin=0)
    least = found(goals)
    base = Built(least.target, least.design, least.estimate)
    goals = Goals.of({"bram": 0, "lut": 1}, margin=0)
    kept = trade([base], [], goals, partial(layer_streams, network()))
    assert not kept.designs
    assert any("by its estimate" in note for note in kept.notes)


def test_time_ends_it():
    first = found(Goals.of(objective="interval", margin=0))
    base = Built(first.target, first.design, first.estimate)
    cut = trade([base], [], first.goals, partial(layer_streams, network()), time_limit_s=0)
    assert not cut.shallow
    assert cut.designs
    assert any("--time-limit" in note for note in cut.notes)


def test_what_makes_no_sense(tmp_path):
    model = Model(network(), {})
    goals = Goals.of(fifos="trade")
    with pytest.raises(UsageError, match="auto or trade"):
        Goals.of(fifos="deep")
    with pytest.raises(UsageError, match="traded or given"):
        accelgen.explore(model, goals=goals, part=STREAM.part, io_types=["io_stream"], fifo_depth=8)
    with pytest.raises(UsageError, match="only accelgen explore"):
        model.build(tmp_path / "p", part=STREAM.part, goals=goals)
    with pytest.raises(UsageError, match="only accelgen explore"):
        accelgen.explore_formats(model, "4..8", data="x.npz", part=STREAM.part, goals=goals)


def test_nothing_to_trade_in_parallel():
    front = accelgen.explore("examples/jet_tagger/model.keras", board="u250", goals=Goals.of(fifos="trade"))
    assert any("no FIFO depths to trade" in note for note in front.notes)
