"""Spaces of designs: their tables say what estimates of whole designs say, and every design is legal."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.api import load
from accelgen.design import Design, IoType, LayerDesign, Strategy, WeightMemory
from accelgen.design.alternatives import alternatives
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError, PrecisionError
from accelgen.estimation import RESOURCES, estimate_designs
from accelgen.exploration.space import FIGURES, HIGH, INTERVAL, LATENCY, design_space
from accelgen.ir import (
    Conv,
    Dense,
    DepthwiseConv,
    FixedType,
    Input,
    Merge,
    MergeKind,
    Network,
    Quantize,
    Relu,
)
from accelgen.passes.infer_types import infer_types
from tests.cells import exact, make_cell, recurrent_network
from tests.few_bit_networks import few_bit_network

TAGGER = "examples/jet_tagger/model.keras"
PARTS = ("xc7z020clg400-1", "xcvu13p-flga2577-2-e")
CAST = FixedType(6, 2, False)


def weights(*shape):
    return (np.arange(np.prod(shape)).reshape(shape) % 7 - 3) / 4


def residual():
    """Convolutions with a way around one of them, and a Dense layer."""
    options = {"strides": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)}
    nodes = (
        Input("x", (), (4, 4, 2), FixedType(8, 3)),
        Conv("one", ("x",), weights(3, 3, 2, 2), **options),
        Quantize("cast1", ("one",), CAST),
        Conv("two", ("cast1",), weights(3, 3, 2, 2), **options),
        Relu("relu", ("two",)),
        Quantize("cast2", ("relu",), CAST),
        Merge("sum", ("cast1", "cast2"), MergeKind.ADD),
        DepthwiseConv("depth", ("sum",), weights(3, 3, 2, 1), **options),
        Quantize("cast3", ("depth",), CAST),
        Dense("pixels", ("cast3",), weights(2, 5)),
    )
    return infer_types(Network(nodes, ("pixels",)))


def random_designs(space, count, seed):
    rng = np.random.default_rng(seed)
    sizes = [len(layer) for layer in space.layers]
    return rng.integers(0, sizes, (count, len(sizes)))


def assert_tables_are_right(network, space, seed=0, count=25):
    """Tables give what estimates of whole designs do, and upper ends of their intervals but for a count."""
    positions = random_designs(space, count, seed)
    table = space.problem({}, {}).evaluate(positions)
    designs = [space.designed(row) for row in positions]
    whole = estimate_designs(network, designs)
    for name in FIGURES:
        np.testing.assert_allclose(table[name], whole.total[name].value, rtol=1e-9, atol=1e-9, err_msg=name)
    for name in RESOURCES:
        assert (table[f"{name}{HIGH}"] >= whole.total[name].high - 1 - 1e-6).all(), name
    return designs


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(IoType), st.sampled_from(PARTS))
def test_tables_are_what_estimates_of_whole_designs_are(seed, io_type, part):
    network = few_bit_network(seed)
    space = design_space(network, Design(part=part, io_type=io_type))
    assert_tables_are_right(network, space, seed)


@pytest.mark.parametrize("io_type", IoType)
def test_ways_around_layers_count_once(io_type):
    network = residual()
    space = design_space(network, Design(io_type=io_type))
    assert_tables_are_right(network, space)
    assert bool(space.edges) is (io_type is IoType.PARALLEL)


@pytest.mark.parametrize("io_type", IoType)
@pytest.mark.parametrize("kind", ["lstm", "gru", "simple"])
def test_recurrent_layers_have_alternatives(kind, io_type):
    network = exact(recurrent_network(make_cell(kind, 3, 4, np.random.default_rng(0)), 5, 3), FixedType(8, 3))
    space = design_space(network, Design(io_type=io_type))
    assert space.combinations > 10
    assert_tables_are_right(network, space)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(IoType))
def test_every_alternative_is_legal_as_it_is(seed, io_type):
    network = few_bit_network(seed)
    design = Design(io_type=io_type)
    for node in network:
        for choice in alternatives(node, network, design):
            legal, adjustments = legalize(network, replace(design, layers={node.name: choice}))
            assert legal.layer(node.name) == choice
            assert not [own for own in adjustments if own.layer == node.name]


def test_alternatives_are_all_that_a_layer_can_be():
    network = infer_types(
        Network(
            (Input("x", (), (6,), FixedType(2, 2)), Dense("d", ("x",), np.sign(weights(6, 4)))),
            ("d",),
        )
    )
    found = alternatives(network["d"], network, Design(default=LayerDesign(weight_memory=WeightMemory.LUT)))
    factors = {
        strategy: sorted(choice.reuse_factor for choice in found if choice.strategy is strategy)
        for strategy in Strategy
    }
    legal = [1, 2, 3, 6, 12, 24]
    assert factors[Strategy.LATENCY] == factors[Strategy.RESOURCE] == legal
    assert factors[Strategy.PACKED_UNROLLED] == [1]
    assert factors[Strategy.PACKED_FOLDED] == [1, 2, 3, 4, 6, 8, 12, 24]
    folded = [choice for choice in found if choice.strategy is Strategy.PACKED_FOLDED]
    assert {choice.weight_memory for choice in folded} == {WeightMemory.LUT}
    assert alternatives(network["x"], network, Design()) == ()


def test_a_convolution_computes_positions_at_once_in_io_parallel_only():
    network = residual()
    parallel = alternatives(network["one"], network, Design())
    stream = alternatives(network["one"], network, Design(io_type=IoType.STREAM))
    assert {choice.parallelization_factor for choice in parallel} == {1, 2, 4, 8, 16}
    assert {choice.parallelization_factor for choice in stream} == {1}
    assert {choice.strategy for choice in alternatives(network["depth"], network, Design())} == {
        Strategy.LATENCY
    }


def test_the_jet_tagger_in_a_table():
    network, design = load(TAGGER).designed(board="pynq-z2")
    space = design_space(network, design)
    assert [layer.name for layer in space.layers] == ["fc1", "fc2", "fc3", "output", "softmax"]
    assert space.layers[-1].choices == (None,)
    assert set(space.figures) == {name + end for name in FIGURES for end in ("", HIGH)}
    designs = assert_tables_are_right(network, space)
    assert {own.part for own in designs} == {design.part}
    assert designs[0].types == design.types


def test_only_what_is_allowed_is_chosen():
    network, design = load(TAGGER).designed(board="pynq-z2")
    fixed = LayerDesign(Strategy.RESOURCE, 4)
    space = design_space(network, design, allowed={"fc1": [fixed]})
    assert space.layers[0].choices == (fixed,)
    assert space.designed([0] * 5).layer("fc1") == fixed
    with pytest.raises(DesignError, match="'fc2': nothing"):
        design_space(network, design, allowed={"fc2": []})


def test_a_network_without_types_has_no_space():
    network = Network((Input("x", (), (6,)), Dense("d", ("x",), weights(6, 4))), ("d",))
    with pytest.raises(PrecisionError, match="no types"):
        design_space(network, Design())


def test_upper_ends_contain_those_of_whole_designs_in_cycles():
    network, design = load(TAGGER).designed(board="pynq-z2")
    space = design_space(network, design)
    positions = random_designs(space, 20, 1)
    table = space.problem({}, {}).evaluate(positions)
    whole = estimate_designs(network, [space.designed(row) for row in positions])
    for name in (LATENCY, INTERVAL):
        assert (table[f"{name}{HIGH}"] >= table[name]).all()
        assert (table[f"{name}{HIGH}"] >= 0.5 * whole.total[name].high).all()
