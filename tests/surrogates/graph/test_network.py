from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.surrogates.features import from_records
from accelgen.surrogates.graph import network as graph_network
from accelgen.surrogates.graph.inputs import FEATURES, TARGETS, graph_inputs
from accelgen.surrogates.graph.network import apply_residual, log_residual, segment_sum
from accelgen.surrogates.record import Stage
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain, estimate
from tests.surrogates.graph.networks import BRANCHES, CHAIN, DESIGNS, SINGLE, random_network

NETWORK = random_network()


def figures(designs, network=NETWORK, domain=DEFAULT_DOMAIN):
    layers = from_records(designs)
    found = network.correct(layers, estimate(layers, domain), domain)
    return np.stack([found[target] for target in TARGETS], axis=1)


def ruled(designs, domain=DEFAULT_DOMAIN):
    said = estimate(from_records(designs), domain).designs
    return np.stack([said[target] for target in TARGETS], axis=1)


def test_features_are_named():
    layers = from_records(DESIGNS)
    inputs = graph_inputs(layers, estimate(layers), DEFAULT_DOMAIN, NETWORK.settings)
    assert inputs.nodes.shape == (9, len(FEATURES) + len(NETWORK.settings))
    np.testing.assert_array_equal(inputs.nodes[:, FEATURES.index("first")], [1, 0, 0, 1, 0, 0, 0, 0, 1])
    np.testing.assert_allclose(np.add.reduceat(inputs.shares, [0, 3, 8]), 1, rtol=1e-6)


def test_it_corrects_the_rules():
    found, said = figures(DESIGNS), ruled(DESIGNS)
    assert (found[said > 0] != said[said > 0]).all()
    assert (found >= 0).all()


def test_batches_equal_single_designs():
    together = figures(DESIGNS)
    np.testing.assert_allclose(together, np.concatenate([figures([one]) for one in DESIGNS]), rtol=1e-6)


@pytest.mark.parametrize(("block", "chunk"), [(4096, 4), (4, 256), (7, 3)])
def test_blocks_equal_the_whole(block, chunk, monkeypatch):
    many = DESIGNS * 5
    whole = figures(many)
    monkeypatch.setattr(graph_network, "BLOCK", block)
    monkeypatch.setattr(graph_network, "CHUNK", chunk)
    np.testing.assert_allclose(figures(many), whole, rtol=1e-6)


def test_order_of_designs_does_not_matter():
    np.testing.assert_allclose(figures([SINGLE, CHAIN, BRANCHES]), figures(DESIGNS)[[2, 0, 1]], rtol=1e-6)


@pytest.mark.parametrize("order", [(0, 2, 1, 3, 4), (4, 3, 2, 1, 0)])
def test_order_of_layers_does_not_matter(order):
    moved = replace(BRANCHES, layers=tuple(BRANCHES.layers[place] for place in order))
    np.testing.assert_allclose(figures([moved]), figures([BRANCHES]), rtol=1e-6)


def test_names_of_layers_do_not_matter():
    layers = [
        replace(layer, name=f"{layer.name}!", inputs=tuple(f"{name}!" for name in layer.inputs))
        for layer in BRANCHES.layers
    ]
    np.testing.assert_array_equal(figures([replace(BRANCHES, layers=tuple(layers))]), figures([BRANCHES]))


def test_what_a_layer_reads_matters():
    first, second, third = CHAIN.layers
    layers = from_records([CHAIN, replace(CHAIN, layers=(first, second, replace(third, inputs=("a",))))])
    inputs = graph_inputs(layers, estimate(layers), DEFAULT_DOMAIN, NETWORK.settings)
    inputs.nodes[3:] = inputs.nodes[:3]  # equal but for the edges
    one, other = NETWORK.residuals(inputs)
    assert not np.allclose(one, other)


@pytest.mark.parametrize(("seen", "changed"), [(0, 2), (2, 0)])
def test_messages_go_both_ways(seen, changed):
    """The first layer's residual depends on the third, two rounds away, and the other way round."""
    layers = from_records([CHAIN])
    inputs = graph_inputs(layers, estimate(layers), DEFAULT_DOMAIN, NETWORK.settings)
    inputs.shares[:] = np.eye(3, dtype=np.float32)[seen][:, None]
    before = NETWORK.residuals(inputs)
    inputs.nodes[changed] += 1
    assert not np.allclose(before, NETWORK.residuals(inputs))


def test_no_residual_gives_the_rules():
    silent = {**NETWORK.weights, "scale": np.zeros_like(NETWORK.weights["scale"])}
    np.testing.assert_array_equal(figures(DESIGNS, replace(NETWORK, weights=silent)), ruled(DESIGNS))


@pytest.mark.parametrize(
    ("network", "domain"),
    [
        (NETWORK, Domain("Vitis HLS", "2099.1", Stage.C_SYNTHESIS)),
        (random_network([]), DEFAULT_DOMAIN),
        (random_network(["Vivado HLS 2019.1 c_synthesis: folded dense"]), DEFAULT_DOMAIN),
    ],
)
def test_an_unknown_setting_keeps_the_rules(network, domain):
    np.testing.assert_array_equal(figures(DESIGNS, network, domain), ruled(DESIGNS, domain))


@pytest.mark.parametrize("designs", [[], [replace(CHAIN, layers=())], [replace(CHAIN, layers=()), CHAIN]])
def test_designs_without_layers(designs):
    found = figures(designs)
    assert found.shape == (len(designs), len(TARGETS))
    assert np.isfinite(found).all()


@given(
    st.sampled_from(TARGETS),
    st.floats(1e-3, 1e8),
    st.floats(1e-3, 1e8),
)
def test_residuals_come_back(target, measured, rule):
    said, expected = np.array([rule]), np.array([measured])
    np.testing.assert_allclose(
        apply_residual(target, said, log_residual(target, expected, said)), expected, rtol=1e-6, atol=1e-6
    )


@given(st.lists(st.integers(0, 5), max_size=20).map(sorted))
def test_segment_sums(segments):
    values = np.arange(2 * len(segments) * 3, dtype=np.float32).reshape(2, len(segments), 3)
    expected = np.zeros((2, 6, 3))
    for row, segment in enumerate(segments):
        expected[:, segment] += values[:, row]
    np.testing.assert_array_equal(segment_sum(values, np.array(segments, np.int64), 6), expected)
