"""Many designs as columns at once: the same as describing each by itself."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError
from accelgen.ir import Conv, Dense, FixedType, Input, Network, Overflow, Pool, Quantize, Reshape, Rounding
from accelgen.passes.infer_types import infer_types
from accelgen.surrogates.describe import describe
from accelgen.surrogates.features import Layers, from_records
from accelgen.surrogates.variants import layers_of_designs, layers_of_factors, multiplying_layers

CAST = FixedType(6, 2, False, Rounding.RND_CONV, Overflow.SAT)
FEW_BITS = FixedType(2, 2)


def weights(*shape):
    return (np.arange(np.prod(shape)).reshape(shape) % 7 - 3) / 4


def network(kind=CAST):
    nodes = (
        Input("x", (), (6, 2), FixedType(8, 3)),
        Conv("conv", ("x",), weights(3, 2, 4), strides=(1,), padding=((1, 1),), dilation=(1,)),
        Quantize("cast", ("conv",), kind),
        Pool("pool", ("cast",), size=(2,), strides=(2,), padding=((0, 0),)),
        Reshape("flat", ("pool",), (12,)),
        Dense("fc1", ("flat",), weights(12, 8)),
        Quantize("cast1", ("fc1",), kind),
        Dense("fc2", ("cast1",), np.sign(weights(8, 3))),
    )
    return infer_types(Network(nodes, ("fc2",)))


FACTORS = st.sampled_from([1, 2, 3, 4, 7, 12, 24, 96])
CHOICES = st.builds(
    LayerDesign,
    strategy=st.sampled_from(
        [Strategy.AUTO, Strategy.LATENCY, Strategy.RESOURCE, Strategy.RESOURCE_UNROLLED]
    ),
    reuse_factor=FACTORS,
    parallelization_factor=st.sampled_from([1, 2]),
)
DESIGNS = st.builds(
    Design,
    part=st.sampled_from(["xc7z020clg400-1", "xcvu13p-flga2577-2-e"]),
    clock_ns=st.sampled_from([3.0, 5.0]),
    io_type=st.sampled_from(IoType),
    default=CHOICES,
    layers=st.dictionaries(st.sampled_from(["conv", "fc1", "fc2"]), CHOICES),
)


def assert_equal(layers, designs, net):
    alone = from_records([describe(net, legalize(net, design)[0]) for design in designs])
    for column in fields(Layers):
        if column.name == "variant":
            continue  # shared in the one, as many as layers in the other
        np.testing.assert_array_equal(getattr(layers, column.name), getattr(alone, column.name), column.name)


@settings(max_examples=40, deadline=None)
@given(designs=st.lists(DESIGNS, min_size=1, max_size=6), kind=st.sampled_from([CAST, FEW_BITS]))
def test_designs_of_any_kind_are_described_as_one_by_one(designs, kind):
    net = network(kind)
    seen = []
    for rows, layers in layers_of_designs(net, designs):
        assert_equal(layers, [designs[row] for row in rows], net)
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(designs)))


def test_no_designs():
    assert list(layers_of_designs(network(), [])) == []


def test_a_layer_that_is_not_there():
    design = Design(layers={"fc9": LayerDesign()})
    with pytest.raises(DesignError, match="fc9"):
        list(layers_of_designs(network(), [Design(), design]))


def test_reuse_factors_as_arrays():
    net, base = network(), Design(default=LayerDesign(Strategy.RESOURCE, 4))
    factors = {"fc2": np.array([1, 8, 3]), "conv": np.array([6, 6, 1])}
    designs = [
        replace(
            base,
            layers={name: replace(base.default, reuse_factor=int(own[row])) for name, own in factors.items()},
        )
        for row in range(3)
    ]
    assert multiplying_layers(net) == ["conv", "fc1", "fc2"]
    assert_equal(layers_of_factors(net, base, factors), designs, net)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({"pool": [1]}, "'pool'"),
        ({"fc1": [1, 2], "fc2": [1]}, "one length"),
        ({"fc1": [[1, 2]]}, "one length"),
        ({}, "one length"),
    ],
)
def test_reuse_factors_that_make_no_sense(factors, message):
    with pytest.raises(DesignError, match=message):
        layers_of_factors(network(), Design(), factors)


def test_layers_that_are_equal_are_taken_once():
    net, base = network(), Design(default=LayerDesign(Strategy.RESOURCE, 4))
    layers = layers_of_factors(net, base, {"fc1": [1, 12, 12, 1], "fc2": [2, 2, 2, 2]})
    once, among = layers.distinct()
    assert once.n_in.size == 5 + 1  # two kinds of fc1
    for column in ("kind", "n_in", "reuse_factor", "constant", "result_bits"):
        np.testing.assert_array_equal(getattr(once, column)[among], getattr(layers, column))
    alone, everything = from_records([describe(net, legalize(net, base)[0])]).distinct()
    assert (alone.n_in.size, everything) == (5, slice(None))
