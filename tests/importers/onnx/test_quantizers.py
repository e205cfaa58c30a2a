"""QONNX quantizers against the definitions of qonnx 1.0, restated here; QDQ against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen import real
from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers.onnx import load_onnx
from accelgen.ir import Affine, Dense, FixedType, Overflow, Quantize, QuantizeArray, Rounding, Threshold
from accelgen.passes.pipeline import simplify
from tests.importers.onnx.build import CUSTOM, node, save_model

RNG = np.random.default_rng(3)
ROUNDINGS = {
    "ROUND": np.rint,
    "HALF_EVEN": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "DOWN": np.trunc,
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - 0.5),
}


def int_quant(x, scale, zero, bits, signed, narrow, mode):
    low = -(2.0 ** (bits - 1)) + narrow if signed else 0 * bits
    high = 2.0 ** (bits - 1) - 1 if signed else 2.0**bits - 1 - narrow
    codes = ROUNDINGS[mode](np.clip(x / scale + zero, low, high))
    return (codes - zero) * scale


def scalar(value):
    return np.array(value, np.float32)


def quant_model(path, shape, scale, zero, bits, domain=CUSTOM[0], **attributes):
    constants = {"s": np.float32(scale), "z": scalar(zero), "b": np.float32(bits)}
    return save_model(path, [node("Quant", "x s z b", domain=domain, **attributes)], {"x": shape}, constants)


def ticks(shape, step):
    """Numbers on a grid that holds every tie of a cast to multiples of ``step``."""
    return RNG.integers(-80, 80, (50, *shape)) * (step / 4)


@settings(max_examples=150, deadline=None)
@given(
    scale=st.sampled_from([0.25, 1.0, 4.0, 0.3, 1.7]),
    zero=st.sampled_from([0, 0, 3, -5]),
    bits=st.integers(2, 6),
    signed=st.booleans(),
    narrow=st.booleans(),
    mode=st.sampled_from(sorted(ROUNDINGS)),
    domain=st.sampled_from(CUSTOM),
)
def test_quant_of_activations(tmp_path_factory, scale, zero, bits, signed, narrow, mode, domain):
    attributes = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": mode}
    path = tmp_path_factory.mktemp("q") / "m.onnx"
    network = load_onnx(quant_model(path, (1, 6), scale, zero, bits, domain, **attributes))
    x = ticks((6,), float(np.float32(scale))) * (1 if scale in (0.25, 1.0, 4.0) else 1.001)
    want = int_quant(x, float(np.float32(scale)), zero, bits, signed, narrow, mode)
    for version in (network, simplify(network)):
        got = real.evaluate(version, {"x": x})[version.outputs[0]]
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def test_a_power_of_two_scale_is_one_cast(tmp_path):
    network = load_onnx(quant_model(tmp_path / "m.onnx", (1, 6), 2**-4, 0, 6, signed=1, narrow=0))
    (cast,) = (n for n in network if isinstance(n, Quantize))
    assert cast.type == FixedType(6, 2, True, Rounding.RND_CONV, Overflow.SAT)
    assert len(network.nodes) == 2


def test_scales_by_channel(tmp_path):
    scale = np.array([0.3, 0.5, 2.0], np.float32).reshape(1, 3, 1)
    x = ticks((3, 4), 0.3)
    network = load_onnx(quant_model(tmp_path / "m.onnx", (1, 3, 4), scale, 0, 4, signed=1, narrow=1))
    want = int_quant(x, scale.astype(float)[0], 0, 4, True, True, "ROUND")
    np.testing.assert_allclose(real.evaluate(network, {"x": x})[network.outputs[0]], want, rtol=1e-12)


def test_powers_of_two_and_widths_by_channel_are_one_cast(tmp_path):
    scale = np.array([0.25, 0.5, 2.0], np.float32)
    bits = np.array([3, 4, 5], np.float32)
    x = ticks((3,), 0.25)
    network = load_onnx(quant_model(tmp_path / "m.onnx", (1, 3), scale, 0, bits, signed=1, narrow=0))
    assert [type(n) for n in network.nodes[1:]] == [QuantizeArray]
    want = int_quant(x, scale.astype(float), 0, bits.astype(float), True, False, "ROUND")
    np.testing.assert_array_equal(real.evaluate(network, {"x": x})[network.outputs[0]], want)


def test_bipolar_takes_zero_as_plus(tmp_path):
    nodes = [node("BipolarQuant", "x s", domain=CUSTOM[2])]
    network = load_onnx(save_model(tmp_path / "m.onnx", nodes, {"x": (1, 3)}, {"s": scalar(0.5)}))
    got = real.evaluate(network, {"x": np.array([[-0.1, 0.0, 0.1]])})[network.outputs[0]]
    assert got.tolist() == [[-0.5, 0.5, 0.5]]
    assert isinstance(network.nodes[1], Threshold)


def test_one_signed_bit_is_bipolar(tmp_path):
    network = load_onnx(quant_model(tmp_path / "m.onnx", (1, 3), 0.5, 0, 1, signed=1, narrow=1))
    got = real.evaluate(network, {"x": np.array([[-0.1, 0.0, 0.1]])})[network.outputs[0]]
    assert got.tolist() == [[-0.5, 0.5, 0.5]]


@pytest.mark.parametrize("mode", ["FLOOR", "ROUND", "CEIL"])
def test_trunc_of_both_versions(tmp_path, mode):
    x = RNG.integers(-120, 120, (40, 5)) * 0.25
    old = {"s": scalar(0.25), "z": scalar(0), "i": scalar(8), "o": scalar(5)}
    nodes = [node("Trunc", "x s z i o", domain=CUSTOM[0], rounding_mode=mode)]
    network = load_onnx(save_model(tmp_path / "old.onnx", nodes, {"x": (1, 5)}, old))
    want = ROUNDINGS[mode](x / 2.0) * 2.0
    np.testing.assert_array_equal(real.evaluate(network, {"x": x})[network.outputs[0]], want)
    new = {"s": scalar(0.25), "z": scalar(0), "i": scalar(8), "t": scalar(2), "o": scalar(4)}
    nodes = [node("Trunc", "x s z i t o", domain=CUSTOM[0], rounding_mode=mode, signed=1, narrow=0)]
    network = load_onnx(save_model(tmp_path / "new.onnx", nodes, {"x": (1, 5)}, new))
    want = np.clip(ROUNDINGS[mode](x / 2.0), -8, 7) * 2.0
    np.testing.assert_array_equal(real.evaluate(network, {"x": x})[network.outputs[0]], want)


def test_multi_threshold(tmp_path):
    thresholds = np.sort(RNG.normal(size=(3, 7)).astype(np.float32), -1)
    nodes = [node("MultiThreshold", "x t", domain=CUSTOM[0], out_scale=0.5, out_bias=-1.0, out_dtype="INT4")]
    network = load_onnx(save_model(tmp_path / "m.onnx", nodes, {"x": (1, 3, 2)}, {"t": thresholds}))
    x = RNG.normal(size=(20, 3, 2))
    want = (x[..., None] >= thresholds[None, :, None]).sum(-1) * 0.5 - 1.0
    np.testing.assert_array_equal(real.evaluate(network, {"x": x})[network.outputs[0]], want)


@pytest.mark.parametrize("scale", [0.1, [[0.1], [0.2], [0.25]]], ids=["tensor", "channel"])
def test_weights_behind_quant_are_integers_and_a_scale(tmp_path, scale):
    weight = RNG.normal(size=(3, 6)).astype(np.float32)
    constants = {"w": weight, "s": np.float32(scale), "z": scalar(0), "b": scalar(4)}
    nodes = [
        node("Quant", "w s z b", "q", domain=CUSTOM[2], signed=1, narrow=1),
        node("Transpose", "q", "t", perm=[1, 0]),
        node("MatMul", "x t"),
    ]
    network = load_onnx(save_model(tmp_path / "m.onnx", nodes, {"x": (1, 6)}, constants))
    dense, affine = network.nodes[1:]
    assert isinstance(dense, Dense)
    assert isinstance(affine, Affine)
    assert np.array_equal(dense.weight, np.round(dense.weight))
    assert np.abs(dense.weight).max() <= 7
    x = RNG.normal(size=(9, 6))
    quantized = int_quant(weight, np.float32(scale).astype(float), 0, 4, True, True, "ROUND")
    got = real.evaluate(network, {"x": x})[network.outputs[0]]
    np.testing.assert_allclose(got, x @ quantized.T, rtol=1e-6, atol=1e-6)


def test_quantized_network_has_integers_before_every_linear_layer(tmp_path):
    """Scales of activations and weights end up in one affine before each cast."""
    constants = {"z": scalar(0), "b": scalar(4), "s": scalar(0.3), "v": scalar(0.11)}
    nodes = [node("Quant", "x s z b", "h0", domain=CUSTOM[2], signed=1, narrow=1)]
    for layer in range(2):
        constants[f"w{layer}"] = RNG.normal(size=(6, 6)).astype(np.float32)
        nodes += [
            node("Quant", f"w{layer} v z b", f"q{layer}", domain=CUSTOM[2], signed=1, narrow=1),
            node("MatMul", f"h{layer} q{layer}", f"m{layer}"),
            node("Relu", f"m{layer}", f"r{layer}"),
            node("Quant", f"r{layer} s z b", f"h{layer + 1}", domain=CUSTOM[2], signed=0, narrow=0),
        ]
    network = load_onnx(save_model(tmp_path / "m.onnx", nodes, {"x": (1, 6)}, constants, ("h2",)))
    simple = simplify(network)
    kinds = [type(n).__name__ for n in simple.nodes]
    assert kinds == ["Input", "Affine", "Quantize", *["Dense", "Affine", "Quantize"] * 2, "Affine"]
    x = RNG.normal(size=(50, 6))
    want, got = (real.evaluate(net, {"x": x})[net.outputs[0]] for net in (network, simple))
    np.testing.assert_allclose(got, want, rtol=1e-9)


@pytest.mark.parametrize("zero", [0, 11])
def test_qdq_convolution(tmp_path, zero):
    onnxruntime = pytest.importorskip("onnxruntime")
    constants = {
        "w": RNG.integers(-127, 128, (3, 2, 3, 3)).astype(np.int8),
        "ws": np.array([0.0137, 0.0211, 0.0299], np.float32),
        "wz": np.zeros(3, np.int8),
        "s": scalar(0.05),
        "z": np.array(zero, np.int8),
    }
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("DequantizeLinear", "w ws wz", "dw", axis=0),
        node("Conv", "d dw", "c"),
        node("QuantizeLinear", "c s z", "cq"),
        node("DequantizeLinear", "cq s z", "y"),
    ]
    path = save_model(tmp_path / "m.onnx", nodes, {"x": (1, 2, 5, 5)}, constants)
    x = RNG.normal(size=(4, 2, 5, 5)).astype(np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    want = np.concatenate([session.run(None, {"x": one[None]})[0] for one in x])
    network = load_onnx(path)
    for version in (network, simplify(network)):
        got = real.evaluate(version, {"x": x})[version.outputs[0]]
        np.testing.assert_allclose(got, want, atol=1e-5)


@pytest.mark.parametrize(
    ("constants", "attributes", "message"),
    [
        ({"b": 2.5}, {}, "bit width"),
        ({"b": 64.0}, {}, "bit width"),
        ({}, {"rounding_mode": "UP"}, "rounding mode 'UP'"),
    ],
)
def test_refuses_by_name(tmp_path, constants, attributes, message):
    values = {"s": scalar(1), "z": scalar(0), "b": scalar(4)}
    values.update({name: scalar(value) for name, value in constants.items()})
    nodes = [node("Quant", "x s z b", domain=CUSTOM[0], **attributes)]
    path = save_model(tmp_path / "m.onnx", nodes, {"x": (1, 3)}, values)
    with pytest.raises(UnsupportedError, match=message):
        load_onnx(path)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_refuses_scales_that_make_no_sense(tmp_path, scale):
    with pytest.raises(ModelError):
        load_onnx(quant_model(tmp_path / "m.onnx", (1, 3), scale, 0, 4))
