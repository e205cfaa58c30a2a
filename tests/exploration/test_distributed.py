"""Distributed arithmetic among what a search chooses from."""

from dataclasses import replace

import numpy as np
import pytest

from accelgen.choices import Choices
from accelgen.design import Design, IoType, LayerDesign, Strategy, adder_cost
from accelgen.design.alternatives import alternatives
from accelgen.errors import UsageError
from accelgen.estimation import estimate_design, estimate_designs
from accelgen.exploration.fixed import allowed_choices
from accelgen.exploration.space import FIGURES, design_space
from accelgen.ir import Dense, DepthwiseConv, FixedType, Input, Network, Quantize
from accelgen.passes.infer_types import infer_types

DA = Strategy.DISTRIBUTED_ARITHMETIC
CAST = FixedType(6, 2, False)


def mlp():
    rng = np.random.default_rng(0)
    nodes = (
        Input("x", (), (6,), FixedType(8, 3)),
        Dense("fc1", ("x",), rng.integers(-20, 21, (6, 5)) / 16),
        Quantize("cast", ("fc1",), CAST),
        Dense("fc2", ("cast",), rng.integers(-20, 21, (5, 4)) / 16),
    )
    return infer_types(Network(nodes, ("fc2",)))


@pytest.fixture
def network():
    pytest.importorskip("da4ml", reason="da4ml is not installed")
    return mlp()


def test_layers_may_be_distributed_where_that_is_asked_for(network):
    both = Choices(strategies=("latency", DA))
    found = allowed_choices(network, Design(), both)
    for name, options in found.items():
        assert {own.strategy for own in options} == {Strategy.LATENCY, DA}, name
        assert LayerDesign(DA) in options
    assert allowed_choices(network, Design(), Choices()) == {}
    assert all(own.strategy is not DA for own in alternatives(network["fc1"], network, Design()))
    stream = allowed_choices(network, Design(io_type=IoType.STREAM), both)
    assert {own.strategy for options in stream.values() for own in options} == {Strategy.LATENCY}


def test_tables_are_what_estimates_of_whole_designs_are(network):
    allowed = allowed_choices(network, Design(), Choices(strategies=("latency", "resource", DA)))
    space = design_space(network, Design(), allowed=allowed)
    sizes = [len(layer) for layer in space.layers]
    positions = np.random.default_rng(1).integers(0, sizes, (25, len(sizes)))
    table = space.problem({}, {}).evaluate(positions)
    designs = [space.designed(row) for row in positions]
    assert any(own.strategy is DA for design in designs for own in design.layers.values())
    whole = estimate_designs(network, designs)
    for name in FIGURES:
        np.testing.assert_allclose(table[name], whole.total[name].value, rtol=1e-9, atol=1e-9, err_msg=name)


def test_a_layer_that_none_of_the_strategies_can_build_keeps_all_its_choices():
    nodes = (
        Input("x", (), (4, 4, 2), FixedType(8, 3)),
        DepthwiseConv("depth", ("x",), np.ones((1, 1, 2, 1)), None, (1, 1), ((0, 0), (0, 0)), (1, 1)),
    )
    network = infer_types(Network(nodes, ("depth",)))
    found = allowed_choices(network, Design(), Choices(strategies=(DA,)))
    assert found["depth"] == alternatives(network["depth"], network, Design())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Choices(strategies=("resource_unrolled",)), "does not choose 'resource_unrolled'"),
        (Choices(strategies=("faster",)), "it chooses from latency"),
        (Choices(strategy="latency", strategies=("resource",)), "not both"),
    ],
)
def test_strategies_that_a_search_does_not_choose_are_refused(asked, words):
    with pytest.raises(UsageError, match=words):
        allowed_choices(mlp(), Design(), asked)


def test_without_da4ml_estimates_say_that_they_are_of_the_latency_strategy(monkeypatch):
    monkeypatch.setattr(adder_cost, "find_spec", lambda _: None)
    network, design = mlp(), Design(default=LayerDesign(DA))
    found = estimate_design(network, design)
    plain = estimate_design(network, replace(design, default=LayerDesign(Strategy.LATENCY)))
    assert found.total == plain.total
    assert len(found.notes) == 2
    assert "estimated as latency: da4ml is not installed" in found.notes[0]
    assert plain.notes == ()


def test_estimates_tell_distributed_arithmetic_from_latency(network):
    found = estimate_design(network, Design(default=LayerDesign(DA)))
    assert found.notes == ()
    assert found.total["dsp"].value == 0
    assert not found.in_domain
    assert found.total["lut"].value != estimate_design(network, Design()).total["lut"].value
