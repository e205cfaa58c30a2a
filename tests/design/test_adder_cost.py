"""The adders of distributed arithmetic: hand-worked graphs, and layers of which they are not known."""

import numpy as np
import pytest

from accelgen.design import adder_cost as module
from accelgen.design.adder_cost import AdderCost, adder_cost, unknown_reason
from accelgen.ir import Conv, Dense, FixedType, Input, Network
from accelgen.passes.infer_types import infer_types


def dense(weight, bias=None, kind=None):
    weight = np.array(weight, np.float64)
    bias = None if bias is None else np.array(bias, np.float64)
    nodes = (Input("x", (), (len(weight),), kind or FixedType(4, 4)), Dense("fc", ("x",), weight, bias))
    return infer_types(Network(nodes, ("fc",)))


def cost(network):
    pytest.importorskip("da4ml", reason="da4ml is not installed")
    return adder_cost(network["fc"], network)


def test_four_inputs_of_four_bits_are_a_tree_of_three_adders():
    # two adders of 4 bits, one of 5; before the first level 4 x 4 bits wait, before the second 2 x 5
    assert cost(dense([[1], [1], [1], [1]])) == AdderCost(bits=13, levels=2, held_bits=26)


def test_a_sum_is_shared_and_powers_of_two_are_free():
    once = cost(dense([[1], [1]]))
    assert once == AdderCost(bits=4, levels=1, held_bits=8)
    assert cost(dense([[1, 1], [1, 1]])) == once
    assert cost(dense([[0.25], [0.25]])) == once
    assert cost(dense([[1], [1]], kind=FixedType(4, 1))) == once
    assert cost(dense([[4, 0], [0, 0]])).bits == 0
    assert cost(dense([[0, 0], [0, 0]])) == AdderCost(0, 0, 0)


def test_a_bias_is_an_adder_of_each_result_that_has_one():
    biased = dense([[1, 1], [1, 1]], [0, 3])
    assert cost(biased) == AdderCost(4 + biased.types["fc"].width, 2, 8)


def test_equal_layers_are_worked_out_once():
    weight = np.random.default_rng(0).integers(-3, 4, (5, 6))
    first = cost(dense(weight))
    before = module._graph_cost.cache_info()
    assert cost(dense(weight)) == first
    assert module._graph_cost.cache_info().hits == before.hits + 1


def test_layers_whose_adders_are_not_known_say_why(monkeypatch):
    large = dense(np.full((64, 64), 127))
    wide = dense(np.full((2, 2), 1 + 2.0**-25))
    grouped = infer_types(
        Network(
            (
                Input("x", (), (3, 3, 2), FixedType(4, 4)),
                Conv("fc", ("x",), np.ones((1, 1, 1, 2)), None, (1, 1), ((0, 0), (0, 0)), (1, 1), 2),
            ),
            ("fc",),
        )
    )
    monkeypatch.setattr(module, "find_spec", lambda _: object())
    for network, words in ((large, "16,384 bits"), (wide, "24 bits"), (grouped, "without groups")):
        assert words in unknown_reason(network["fc"], network)
        assert adder_cost(network["fc"], network) is None
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    small = dense([[1]])
    assert "accelgen[da]" in unknown_reason(small["fc"], small)
    assert adder_cost(small["fc"], small) is None
