"""Every operator against onnxruntime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from accelgen import real
from accelgen.importers.onnx import load_onnx
from accelgen.ir import Transpose
from accelgen.passes.pipeline import simplify
from tests.importers.onnx.build import node, save_model

onnxruntime = pytest.importorskip("onnxruntime", reason="the operators are compared with onnxruntime")

RNG = np.random.default_rng(7)


def weights(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def run_framework(path, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, x)


def assert_same(path, shapes, *, positive=False):
    """The imported network, before and after the passes, gives what the framework gives."""
    network = load_onnx(path)
    samples = [{name: weights(1, *shape[1:]) * 2 for name, shape in shapes.items()} for _ in range(3)]
    if positive:
        samples = [{name: np.abs(x) + 0.1 for name, x in sample.items()} for sample in samples]
    data = {name: np.concatenate([sample[name] for sample in samples]) for name in shapes}
    want = [run_framework(path, sample) for sample in samples]
    for version in (network, simplify(network)):
        got = real.evaluate(version, data)
        for index, name in enumerate(version.outputs):
            for sample, expected in enumerate(want):
                value = expected[index]
                value = value[0] if value.ndim > 1 and value.shape[0] == 1 else value
                assert got[name][sample].shape == value.shape
                np.testing.assert_allclose(got[name][sample], value, rtol=2e-5, atol=2e-5)
    return network


IMAGE = (1, 4, 6, 5)
SIGNAL = (1, 4, 9)
FLAT = (1, 6)


def conv(weight, x=IMAGE, bias=None, opset=13, **attributes):
    inputs = "x w" if bias is None else "x w b"
    constants = {"w": weight} if bias is None else {"w": weight, "b": bias}
    return [node("Conv", inputs, **attributes)], x, constants, opset


def one(op_type, x=FLAT, opset=13, constants=None, **attributes):
    constants = constants or {}
    return [node(op_type, " ".join(["x", *constants]), **attributes)], x, constants, opset


def scalar(value):
    return np.array(value, np.float32)


def ints(*values):
    return np.array(values, np.int64)


CASES = {
    "gemm": (
        [node("Gemm", "x w b", transB=1, alpha=0.5, beta=2.0)],
        FLAT,
        {"w": weights(3, 6), "b": weights(3)},
        9,
    ),
    "gemm_of_constants": (
        [node("Gemm", "c w b", "g", transA=1, transB=1, alpha=0.5, beta=2.0), node("Add", "x g")],
        FLAT,
        {"c": weights(2, 1), "w": weights(6, 2), "b": weights(6)},
        13,
    ),
    "split_of_a_constant": (
        [
            node("Split", "c", "p q", axis=1),
            node("Sigmoid", "q", "s"),
            node("Add", "x p", "a"),
            node("Mul", "a s"),
        ],
        FLAT,
        {"c": weights(1, 12)},
        11,
    ),
    "gemm_scalar_bias": ([node("Gemm", "x w b")], FLAT, {"w": weights(6, 3), "b": weights(1, 1)}, 13),
    "matmul_rows": ([node("MatMul", "x w")], (1, 5, 4), {"w": weights(4, 3)}, 13),
    "matmul_left": ([node("MatMul", "w x")], (1, 5, 4), {"w": weights(3, 5)}, 13),
    "matmul_batched": ([node("MatMul", "x w")], (1, 5, 4), {"w": weights(1, 4, 3)}, 13),
    "conv1d": conv(weights(3, 4, 3), SIGNAL, weights(3), pads=[2, 1], strides=[2]),
    "conv2d": conv(weights(3, 4, 3, 2), pads=[1, 0, 2, 1], strides=[2, 1], dilations=[1, 2]),
    "conv_same_upper": conv(weights(3, 4, 3, 2), auto_pad="SAME_UPPER", strides=[2, 2]),
    "conv_same_lower": conv(weights(3, 4, 3, 2), auto_pad="SAME_LOWER", strides=[2, 2]),
    "conv_valid": conv(weights(3, 4, 3, 2), auto_pad="VALID"),
    "conv_groups": conv(weights(6, 2, 3, 3), bias=weights(6), group=2),
    "depthwise": conv(weights(8, 1, 3, 3), bias=weights(8), group=4, pads=[1, 1, 1, 1]),
    "batch_norm": (
        [node("BatchNormalization", "x g b m v", epsilon=1e-2)],
        IMAGE,
        {"g": weights(4), "b": weights(4), "m": weights(4), "v": np.abs(weights(4))},
        13,
    ),
    "relu": one("Relu"),
    "leaky_relu": one("LeakyRelu", alpha=0.3),
    "prelu_by_channel": one("PRelu", IMAGE, constants={"slope": np.abs(weights(4, 1, 1))}),
    "elu": one("Elu", alpha=0.7),
    "celu": one("Celu", alpha=0.7),
    "selu": one("Selu"),
    "selu_own": one("Selu", alpha=1.2, gamma=0.9),
    "sigmoid": one("Sigmoid"),
    "hard_sigmoid": one("HardSigmoid", alpha=0.3, beta=0.4),
    "tanh": one("Tanh"),
    "softplus": one("Softplus"),
    "softsign": one("Softsign"),
    "exp": one("Exp"),
    "erf": one("Erf"),
    "abs": one("Abs"),
    "neg": one("Neg"),
    "gelu": one("Gelu", opset=20),
    "gelu_tanh": one("Gelu", opset=20, approximate="tanh"),
    "mish": one("Mish", opset=18),
    "hard_swish": one("HardSwish", opset=14),
    "thresholded_relu": one("ThresholdedRelu", alpha=0.5),
    "softmax_13": one("Softmax", (1, 3, 4), axis=1),
    "softmax_9": one("Softmax", (1, 3, 4), opset=9),
    "softmax_9_last": one("Softmax", (1, 3, 4), opset=9, axis=2),
    "clip_attributes": one("Clip", opset=9, min=-0.5, max=1.5),
    "clip_inputs": one("Clip", constants={"low": scalar(0), "high": scalar(1)}),
    "clip_low": one("Clip", constants={"low": scalar(-0.5)}),
    "clip_high": ([node("Clip", "x - high")], FLAT, {"high": scalar(0.5)}, 13),
    "add_by_channel": one("Add", IMAGE, constants={"c": weights(4, 1, 1)}),
    "add_by_column": one("Add", IMAGE, constants={"c": weights(5)}),
    "sub": one("Sub", constants={"c": weights(6)}),
    "sub_from": ([node("Sub", "c x")], FLAT, {"c": weights(6)}, 13),
    "mul": one("Mul", IMAGE, constants={"c": weights(1, 4, 1, 1)}),
    "div": one("Div", constants={"c": weights(1)}),
    "max_constant": one("Max", constants={"c": weights(6)}),
    "min_constant": one("Min", constants={"c": weights(6)}),
    "pow_2": one("Pow", constants={"e": scalar(2)}),
    "merge": (
        [node("Relu", "x", "r"), node("Tanh", "x", "t"), node("Mul", "r t", "m"), node("Sub", "m t")],
        IMAGE,
        {},
        13,
    ),
    "mean_max_min": (
        [
            *(node("Relu", "x", "r"), node("Tanh", "x", "t"), node("Mean", "r t x", "m")),
            *(node("Max", "m t", "a"), node("Min", "a r", "b"), node("Sum", "b x t")),
        ],
        FLAT,
        {},
        13,
    ),
    "squeeze_and_excite": (
        [
            *(node("GlobalAveragePool", "x", "p"), node("Conv", "p w", "c"), node("Sigmoid", "c", "s")),
            node("Mul", "x s"),
        ],
        IMAGE,
        {"w": weights(4, 4, 1, 1)},
        13,
    ),
    "max_pool": one("MaxPool", IMAGE, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1]),
    "max_pool_ceil": one("MaxPool", IMAGE, kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    "max_pool_1d": one("MaxPool", SIGNAL, kernel_shape=[2], strides=[2]),
    "average_pool": one("AveragePool", IMAGE, kernel_shape=[3, 2], pads=[1, 0, 1, 1]),
    "average_pool_counted": one(
        "AveragePool", IMAGE, kernel_shape=[2, 2], pads=[1, 0, 1, 1], count_include_pad=1
    ),
    "global_average": one("GlobalAveragePool", IMAGE),
    "global_max": one("GlobalMaxPool", SIGNAL),
    "reduce_mean": one("ReduceMean", IMAGE, axes=[2, 3], keepdims=0),
    "reduce_mean_18": one("ReduceMean", IMAGE, opset=18, constants={"axes": ints(2, 3)}, keepdims=0),
    "reduce_channels": one("ReduceMean", IMAGE, axes=[1]),
    "reduce_max_rows": one("ReduceMax", (1, 3, 4), axes=[1], keepdims=0),
    "reduce_sum_all": one("ReduceSum", (1, 3, 4), constants={"axes": ints(1, 2)}, keepdims=1),
    "flatten": one("Flatten", IMAGE),
    "reshape": one("Reshape", IMAGE, constants={"s": ints(0, -1, 10)}),
    "transpose": one("Transpose", IMAGE, perm=[0, 3, 1, 2]),
    "squeeze": one("Squeeze", (1, 3, 1, 4), constants={"a": ints(2)}),
    "unsqueeze": one("Unsqueeze", (1, 3, 4), opset=9, axes=[2]),
    "concat": ([node("Relu", "x", "r"), node("Concat", "x r", axis=1)], IMAGE, {}, 13),
    "pad": one("Pad", IMAGE, constants={"p": ints(0, 0, 1, 2, 0, 1, 0, 1)}),
    "pad_9": one("Pad", SIGNAL, opset=9, pads=[0, 0, 1, 0, 0, 2]),
    "upsample": one("Upsample", IMAGE, opset=9, constants={"s": np.array([1, 1, 2, 3], np.float32)}),
    "resize_10": one("Resize", IMAGE, opset=10, constants={"s": np.array([1, 1, 2, 2], np.float32)}),
    "resize": (
        [
            node(
                "Resize",
                "x - s",
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            )
        ],
        IMAGE,
        {"s": np.array([1, 1, 2, 3], np.float32)},
        13,
    ),
    "resize_to": ([node("Resize", "x - - s", mode="nearest")], IMAGE, {"s": ints(1, 4, 12, 15)}, 13),
    "slice": one("Slice", IMAGE, constants={"s": ints(1, -3), "e": ints(3, 9), "a": ints(1, 3)}),
    "split": ([node("Split", "x s", "a b", axis=1), node("Mul", "a b")], FLAT, {"s": ints(3, 3)}, 13),
    "gather_one": one("Gather", (1, 3, 4), constants={"i": np.array(1)}, axis=1),
    "gather_range": one("Gather", (1, 3, 4), constants={"i": ints(1, 2)}, axis=1),
    "dropout": ([node("Dropout", "x", "d"), node("Relu", "d")], FLAT, {}, 13),
    "constant_weights": (
        [
            *(node("Transpose", "w", "t", perm=[1, 0]), node("Sqrt", "v", "s"), node("Div", "t s", "n")),
            node("MatMul", "x n"),
        ],
        FLAT,
        {"w": weights(3, 6), "v": np.abs(weights(3)) + 1},
        13,
    ),
    "shape_arithmetic": (
        [
            *(node("Shape", "x", "shape"), node("Gather", "shape zero", "n", axis=0)),
            *(node("Unsqueeze", "n", "n1", axes=[0]), node("Concat", "n1 minus", "target", axis=0)),
            node("Reshape", "x target"),
        ],
        IMAGE,
        {"zero": np.array(0), "minus": ints(-1)},
        11,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_operator(name, tmp_path):
    nodes, shape, constants, opset = CASES[name]
    path = save_model(tmp_path / "m.onnx", nodes, {"x": shape}, constants, opset=opset)
    assert_same(path, {"x": shape})


@pytest.mark.parametrize("op_type", ["Sqrt", "Log", "Reciprocal"])
def test_function_of_positive_numbers(op_type, tmp_path):
    path = save_model(tmp_path / "m.onnx", [node(op_type, "x")], {"x": FLAT})
    assert_same(path, {"x": FLAT}, positive=True)


def test_quotient_of_two_tensors(tmp_path):
    path = save_model(tmp_path / "m.onnx", [node("Div", "x z")], {"x": FLAT, "z": FLAT})
    assert_same(path, {"x": FLAT, "z": FLAT}, positive=True)


def test_two_inputs_and_two_outputs(tmp_path):
    nodes = [node("Add", "x z", "a"), node("Relu", "a", "b")]
    path = save_model(tmp_path / "m.onnx", nodes, {"x": IMAGE, "z": IMAGE}, outputs=("a", "b"))
    assert_same(path, {"x": IMAGE, "z": IMAGE})


def channels_first_network():
    constants = {"w": weights(3, 4, 3, 3), "v": weights(8, 36), "b": weights(8)}
    nodes = [
        node("Conv", "x w", "c", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"),
        node("MaxPool", "r", "p", kernel_shape=[1, 2], strides=[2, 1]),
        node("Flatten", "p", "f"),
        node("Gemm", "f v b", "y", transB=1),
    ]
    return nodes, constants


def test_channels_first_needs_one_transpose_after_the_passes(tmp_path):
    nodes, constants = channels_first_network()
    path = save_model(tmp_path / "m.onnx", nodes, {"x": IMAGE}, constants)
    network = assert_same(path, {"x": IMAGE})
    assert sum(isinstance(n, Transpose) for n in simplify(network)) == 1


def test_channels_last_model_needs_no_transpose(tmp_path):
    constants = {"w": weights(3, 4, 3, 3), "v": weights(36, 8)}
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t w", "c", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"),
        node("Transpose", "r", "b", perm=[0, 2, 3, 1]),
        node("Transpose", "b", "u", perm=[0, 3, 1, 2]),
        node("MaxPool", "u", "p", kernel_shape=[2, 1], strides=[1, 2]),
        node("Transpose", "p", "q", perm=[0, 2, 3, 1]),
        node("Flatten", "q", "f", axis=1),
        node("MatMul", "f w2", "y"),
    ]
    shape = (1, 6, 5, 4)
    constants["w2"] = weights(5 * 3 * 3, 8)
    path = save_model(tmp_path / "m.onnx", nodes, {"x": shape}, constants)
    network = assert_same(path, {"x": shape})
    assert not any(isinstance(n, Transpose) for n in network)


@pytest.mark.parametrize("batch", ["n", None, 1, 16])
def test_batch_axis_of_any_kind(batch, tmp_path):
    nodes = [node("Reshape", "x s", "f"), node("MatMul", "f w")]
    first = batch if isinstance(batch, int) else -1
    constants = {"s": ints(first, 12), "w": weights(12, 2)}
    path = save_model(tmp_path / "m.onnx", nodes, {"x": (batch, 3, 4)}, constants)
    network = load_onnx(path)
    x = weights(5, 3, 4)
    got = real.evaluate(network, {"x": x})[network.outputs[0]]
    np.testing.assert_allclose(got, x.reshape(5, 12) @ constants["w"], rtol=1e-5, atol=1e-5)
    assert ("batch" in " ".join(network.notes)) == (batch == 16)


def test_embedding(tmp_path):
    table = weights(7, 3)
    nodes = [node("Gather", "t x")]
    path = save_model(tmp_path / "m.onnx", nodes, {"x": (1, 4)}, {"t": table}, kind=onnx.TensorProto.INT64)
    network = load_onnx(path)
    x = RNG.integers(0, 7, (5, 4))
    np.testing.assert_array_equal(real.evaluate(network, {"x": x})[network.outputs[0]], table[x])


def test_integer_inputs_bring_their_type(tmp_path):
    nodes = [node("Cast", "x", "f", to=1), node("Relu", "f")]
    path = save_model(tmp_path / "m.onnx", nodes, {"x": (1, 4)}, kind=onnx.TensorProto.UINT8)
    assert str(load_onnx(path).inputs[0].type) == "ufixed<8,8>"
