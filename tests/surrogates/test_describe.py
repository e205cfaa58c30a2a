"""Records of networks and designs: hand-worked ones, and that they are what the backend builds."""

from pathlib import Path

import numpy as np
import pytest

import accelgen
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from accelgen.errors import PrecisionError
from accelgen.ir import (
    Affine,
    Conv,
    Dense,
    DepthwiseConv,
    FixedType,
    Input,
    Lookup,
    Network,
    Overflow,
    Pool,
    Quantize,
    Recurrent,
    Relu,
    Reshape,
    Rounding,
    Softmax,
    Threshold,
)
from accelgen.ir.grid import to_fixed
from accelgen.ir.recurrent import cell_products
from accelgen.passes.infer_types import infer_types
from accelgen.surrogates.describe import describe
from accelgen.surrogates.record import LayerKind
from tests.cells import GATES, exact, make_cell, recurrent_network

MODELS = Path(__file__).resolve().parents[1] / "models"
TYPE = FixedType(8, 3)
CAST = FixedType(6, 2, False, Rounding.RND_CONV, Overflow.SAT)


def described(nodes, design=None, outputs=None):
    network = infer_types(Network(tuple(nodes), outputs or (nodes[-1].name,)))
    legal, _ = legalize(network, design or Design())
    return describe(network, legal)


def test_a_dense_network():
    weight = np.array([[0.5, 0.0, -0.75, 1.0], [0.25, 0.125, 1.5, 0.0], [1.0, 1.0, 1.0, 1.75]])
    record = described(
        [
            Input("x", (), (3,), TYPE),
            Dense("fc1", ("x",), weight, np.zeros(4)),
            Relu("relu", ("fc1",)),
            Quantize("cast", ("relu",), CAST),
            Dense("fc2", ("cast",), np.full((4, 2), 0.625)),
        ],
        Design(
            default=LayerDesign(Strategy.RESOURCE, 5),
            part="xc7z020clg400-1",
            clock_ns=4.0,
            clock_uncertainty_percent=10.0,
        ),
    )
    assert (record.part, record.clock_ns, record.clock_uncertainty_percent) == ("xc7z020clg400-1", 4.0, 10.0)
    assert (record.io_type, record.backend) == ("io_parallel", "accelgen")
    fc1, relu, fc2 = record.layers
    assert (fc1.kind, fc1.inputs, fc1.n_in, fc1.n_out, fc1.positions) == (LayerKind.DENSE, (), 3, 4, 1)
    assert (fc1.input_bits, fc1.weight_bits, fc1.nonzero) == (8, 5, 10)  # from -0.75 to 1.75 in eighths
    assert fc1.digits == 1 + 2 + 1 + 1 + 1 + 2 + 1 + 1 + 1 + 2
    assert fc1.accum_bits == fc1.result_bits == 13  # at most 13 in magnitude, in 256ths
    assert (fc1.strategy, fc1.reuse_factor, fc1.requested_reuse_factor) == ("resource", 6, 6)
    assert (relu.kind, relu.inputs, relu.n_in) == (LayerKind.RELU, ("fc1",), 4)
    assert (relu.result_bits, relu.strategy, relu.reuse_factor) == (
        6,
        "",
        1,
    )  # the cast is the rectifier's own
    assert (fc2.inputs, fc2.input_bits, fc2.digits) == (("relu",), 6, 16)


def test_convolutions_pools_and_moves():
    nodes = [
        Input("x", (), (6, 6, 2), TYPE),
        Conv("conv", ("x",), np.ones((3, 3, 2, 4)) * 5, None, (1, 1), ((1, 1), (1, 1)), (1, 1)),
        Quantize("cast", ("conv",), FixedType(9, 5)),
        DepthwiseConv("depth", ("cast",), np.ones((3, 3, 4, 1)) * 5, None, (1, 1), ((0, 0), (0, 0)), (1, 1)),
        Pool("pool", ("depth",), size=(2, 2), strides=(2, 2), padding=((0, 0), (0, 0))),
        Reshape("flat", ("pool",), (16,)),
        Dense("fc", ("flat",), np.ones((16, 3)) * 5),
    ]
    conv, depth, pool, flat, fc = described(nodes).layers
    assert (conv.kind, conv.n_in, conv.n_out, conv.positions) == (LayerKind.CONV2D, 18, 4, 36)
    assert (conv.result_bits, conv.accum_bits > 9) == (9, True)
    assert (depth.kind, depth.n_in, depth.n_out, depth.positions) == (LayerKind.DEPTHWISE, 9, 4, 16)
    assert (pool.kind, pool.n_in, pool.n_out, pool.positions) == (LayerKind.POOL, 4, 4, 4)
    assert (flat.kind, flat.n_in, fc.inputs) == (LayerKind.MOVE, 16, ("flat",))
    stream = described(nodes, Design(io_type=IoType.STREAM)).layers
    assert [layer.name for layer in stream] == ["conv", "depth", "pool", "flat", "fc"]
    parallel = Design(layers={"conv": LayerDesign(Strategy.LATENCY, 1, parallelization_factor=6)})
    assert described(nodes, parallel).layers[0].parallel_positions == 6


def test_layers_that_act_on_each_element():
    nodes = [
        Input("x", (), (5, 2), TYPE),
        Affine("scale", ("x",), np.array([0.75, 0.0]), np.array([1.0, 2.0])),
        Quantize("cast", ("scale",), FixedType(5, 2)),
        Lookup("table", ("cast",), FixedType(5, 2), np.arange(32) / 32),
        Softmax("softmax", ("table",), FixedType(10, 1)),
    ]
    scale, table, softmax = described(nodes).layers
    assert (scale.kind, scale.n_in, scale.positions) == (LayerKind.NORMALIZE, 10, 1)
    assert (scale.weight_bits, scale.nonzero, scale.digits, scale.result_bits) == (2, 5, 10, 5)
    assert (table.kind, table.table_size, table.n_in) == (LayerKind.TABLE, 32, 10)
    assert (softmax.kind, softmax.n_in, softmax.positions) == (LayerKind.SOFTMAX, 2, 5)
    assert softmax.table_size > 0
    scale, *_ = described(nodes, Design(io_type=IoType.STREAM)).layers
    assert (scale.n_in, scale.positions, scale.nonzero) == (2, 5, 1)  # one position at a time


def test_layers_of_few_bits():
    signs = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0], [1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    nodes = [
        Input("x", (), (4,), TYPE),
        Threshold("sign", ("x",)),
        Dense("fc", ("sign",), signs),
        Threshold("hidden", ("fc",)),
        Dense("out", ("hidden",), np.ones((3, 2)) * 5),
    ]
    sign, fc, out = described(nodes).layers
    assert (sign.kind, sign.table_size, sign.strategy) == (LayerKind.PACKED, 2, "")
    assert (fc.kind, fc.strategy, fc.input_bits, fc.weight_bits) == (
        LayerKind.PACKED,
        "packed_unrolled",
        1,
        2,
    )
    assert (fc.n_in, fc.n_out, fc.nonzero, fc.accum_bits) == (4, 3, 12, 4)
    assert (out.kind, out.strategy, out.inputs) == (LayerKind.PACKED, "packed_unrolled", ("fc",))
    folded = Design(layers={"fc": LayerDesign(Strategy.PACKED_FOLDED, pe=3, simd=2)})
    assert described(nodes, folded).layers[1].reuse_factor == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lstm", LayerKind.LSTM),
        ("gru", LayerKind.GRU),
        ("gru_reset_after", LayerKind.GRU),
        ("simple", LayerKind.OTHER),
    ],
)
def test_recurrent_layers(name, kind):
    cell = make_cell(name, n_in=5, units=3, rng=np.random.default_rng(0))
    network = exact(recurrent_network(cell, steps=7, n_in=5))
    design, _ = legalize(network, Design(default=LayerDesign(Strategy.RESOURCE, 4)))
    layer = next(own for own in describe(network, design).layers if own.strategy)
    assert (layer.kind, layer.n_in, layer.n_out, layer.positions) == (kind, 5, 3, 7)
    assert 0 < layer.nonzero <= GATES[name] * 3 * (5 + 3)
    assert (layer.strategy, layer.requested_reuse_factor, layer.reuse_factor) == ("resource", 4, 5)
    (node,) = (own for own in network if isinstance(own, Recurrent))
    kernel = cell_products(node)[0]  # of the input, whose type is known
    most = int(np.abs(to_fixed(kernel.weight).codes).sum(axis=0).max()) * 2 ** (layer.input_bits - 1)
    assert layer.accum_bits >= FixedType.for_range(-most, 0, 0).width > layer.input_bits


def test_a_network_without_types_is_refused():
    network = Network((Input("x", (), (2,), TYPE), Dense("fc", ("x",), np.ones((2, 2)))), ("fc",))
    with pytest.raises(PrecisionError, match="no types yet"):
        describe(network, Design())


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("path", ["qkeras_cnn/model.keras", "qonnx_binary_mlp/model.onnx"])
def test_layers_are_those_that_are_built(tmp_path, path, io_type):
    model = accelgen.load(MODELS / path)
    build = model.build(tmp_path / "project", part="xczu7ev-ffvc1156-2-e", io_type=io_type)
    record = describe(model.exact(), build.design)
    built = {layer.layer: layer for layer in build.report.layers if layer.kernel != "InputLayer"}
    for layer in record.layers:
        if layer.strategy:
            own = built[layer.name]
            assert (layer.strategy, layer.reuse_factor) == (own.strategy, own.reuse_factor)
            if layer.kind is not LayerKind.PACKED:  # which multiplies nothing
                assert layer.nonzero * layer.positions == own.nonzero
    assert {layer.name for layer in record.layers if layer.strategy} == {
        name for name, layer in built.items() if layer.strategy
    }
