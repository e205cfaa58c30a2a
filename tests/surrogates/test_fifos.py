"""FIFOs that estimates count, beside those of generated code."""

from dataclasses import replace

import numpy as np
import pytest

from accelgen.backend.graph import build_graph
from accelgen.backend.kernels.registry import load_kernels
from accelgen.backend.layers import lower
from accelgen.backend.streams import plan_fifos
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from accelgen.design.streaming.cost import FifoCost, fifo_cost
from accelgen.estimation import estimate_design
from accelgen.ir import Conv, Dense, FixedType, Input, Merge, Network, Pool, Quantize, Relu, Reshape
from accelgen.passes.infer_types import infer_types
from accelgen.surrogates.describe import describe
from tests.hardening.random_networks import random_design, random_network

STREAM = Design(io_type=IoType.STREAM, default=LayerDesign(Strategy.RESOURCE, 2))
ONCE, SAME, NONE = (1, 1), ((1, 1), (1, 1)), ((0, 0), (0, 0))


def network():
    """Two windows beside a way without, a pool, and a dense layer."""
    rng = np.random.default_rng(0)

    def conv(name, source):
        return Conv(name, (source,), rng.integers(-2, 3, (3, 3, 2, 2)) / 4.0, None, ONCE, SAME, ONCE)

    nodes = (
        Input("x", (), (6, 6, 2), FixedType(6, 3)),
        conv("conv1", "x"),
        Quantize("cast1", ("conv1",), FixedType(6, 4)),
        Relu("relu1", ("cast1",)),
        conv("conv2", "relu1"),
        Merge("add", ("conv2", "x")),
        Quantize("cast2", ("add",), FixedType(6, 4)),
        Pool("pool", ("cast2",), size=(2, 2), strides=(2, 2), padding=NONE),
        Reshape("flat", ("pool",), (18,)),
        Dense("fc", ("flat",), rng.integers(-2, 3, (18, 3)) / 4.0),
    )
    return infer_types(Network(nodes, ("fc",)))


def estimated(design):
    record = describe(network(), legalize(network(), design)[0])
    return {layer.name: FifoCost(layer.fifo_lut, layer.fifo_18k) for layer in record.layers}


def built(design):
    """By layer: those of padded images at the layer that pads, those of copied inputs under their name."""
    load_kernels()
    lowered = lower(network(), legalize(network(), design)[0])
    fifos, _ = plan_fifos(lowered, build_graph(lowered, "top"))
    costs = {}
    for fifo in fifos:
        layer = fifo.layer.removeprefix("step_pad_")
        costs[layer] = costs.get(layer, FifoCost()) + fifo_cost(fifo.depth, fifo.bits)
    return costs


@pytest.mark.parametrize("asked", [{}, {"conv1": 40, "x": 90}])
def test_layers_take_what_their_fifos_do_in_a_build(asked):
    layers = {name: LayerDesign(Strategy.RESOURCE, 2, fifo_depth=depth) for name, depth in asked.items()}
    design = replace(STREAM, layers=layers)
    found, expected = estimated(design), built(design)
    copies = expected.pop("x")
    shared = ("conv1", "add")  # which read the input
    more = sum((found[name] for name in shared), FifoCost())
    own = sum((expected.get(name, FifoCost()) for name in shared), FifoCost())
    assert FifoCost(more.lut - own.lut, more.bram_18k - own.bram_18k) == copies
    assert {name: found[name] for name in found if name not in shared} == {
        name: expected.get(name, FifoCost()) for name in found if name not in shared
    }


def test_reuse_factors_leave_fifos_as_they_are_and_io_parallel_has_none():
    one, other = (estimated(replace(STREAM, default=LayerDesign(Strategy.RESOURCE, n))) for n in (1, 18))
    assert one == other != {}
    assert set(estimated(Design()).values()) == {FifoCost()}


def test_totals_include_fifos():
    wide = replace(STREAM, default=replace(STREAM.default, fifo_depth=30))
    deep = replace(STREAM, default=replace(STREAM.default, fifo_depth=64))
    totals = [estimate_design(network(), design).total["lut"].value for design in (wide, deep)]
    more = [sum(cost.lut for cost in estimated(design).values()) for design in (wide, deep)]
    assert totals[1] - totals[0] == pytest.approx(more[1] - more[0])
    assert more[1] > more[0]


@pytest.mark.parametrize("seed", [308, 334, 344, 381, 395])
def test_networks_whose_ways_part_and_meet_in_any_order(seed):
    branched = random_network(seed)
    design = replace(random_design(branched, seed), io_type=IoType.STREAM)
    assert estimate_design(branched, design).total["lut"].value > 0
