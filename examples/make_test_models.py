"""Makes the small models in ``tests/models/`` with the frameworks themselves, and their reference outputs.

    pip install 'accelgen[train]'
    python examples/make_test_models.py

Weights are random but seeded: the models stand for file formats and kinds of layers, not for accuracy. Each
folder holds the model as its framework saves it and ``reference.npz``: ``x`` on the grid 2**-8 and the
framework's outputs ``y`` (for the ONNX model, those of its definition in NumPy).
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from qkeras import QActivation, QConv2D, QDense, quantized_bits, quantized_relu

FOLDER = Path(__file__).resolve().parents[1] / "tests/models"
SAMPLES = 100
SEED = 2026
Values = npt.NDArray[np.float32]


def inputs(shape: tuple[int, ...], rng: np.random.Generator) -> Values:
    """Normal numbers on the grid 2**-8, (samples, *shape)."""
    return (np.round(rng.normal(size=(SAMPLES, *shape)) * 256) / 256).astype(np.float32)


def reference(name: str, x: Values, y: Values) -> Path:
    """Save the reference outputs and return the model's folder."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "reference.npz", x=x, y=y)
    return folder


def qkeras_cnn(rng: np.random.Generator) -> None:
    """A QKeras convolutional network: a .keras archive."""
    weights = {
        "kernel_quantizer": quantized_bits(4, 0, alpha=1),
        "bias_quantizer": quantized_bits(4, 0, alpha=1),
    }
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            QConv2D(4, 3, padding="same", name="conv1", **weights),
            QActivation(quantized_relu(4, 2), name="relu1"),
            keras.layers.MaxPooling2D(2, name="pool"),
            QConv2D(6, 3, strides=2, padding="same", name="conv2", **weights),
            QActivation(quantized_relu(4, 2), name="relu2"),
            keras.layers.Flatten(name="flatten"),
            QDense(3, name="output", **weights),
        ],
        name="qkeras_cnn",
    )
    x = inputs((8, 8, 1), rng)
    model.save(reference("qkeras_cnn", x, model.predict(x, verbose=0)) / "model.keras")


def keras_mlp(rng: np.random.Generator) -> None:
    """A float network with batch normalization: JSON with weights in H5 beside it."""
    model = keras.Sequential(
        [
            keras.Input((10,), name="features"),
            keras.layers.Dense(16, name="hidden"),
            keras.layers.BatchNormalization(name="normalize"),
            keras.layers.Activation("relu", name="relu"),
            keras.layers.Dropout(0.2, name="dropout"),
            keras.layers.Dense(4, activation="softmax", name="output"),
        ],
        name="keras_mlp",
    )
    gamma, beta, mean, variance = (rng.uniform(0.5, 1.5, 16) for _ in range(4))
    model.get_layer("normalize").set_weights([gamma, beta - 1, mean - 1, variance])
    x = inputs((10,), rng)
    folder = reference("keras_mlp", x, model.predict(x, verbose=0))
    (folder / "model.json").write_text(model.to_json(indent=1), encoding="utf-8")
    model.save_weights(folder / "model.weights.h5")


def qonnx_binary_mlp(rng: np.random.Generator) -> None:
    """A QONNX network of binary weights and signs, with a batch normalization of mixed signs between them."""
    first, second = (rng.normal(size=size).astype(np.float32) for size in ((12, 16), (16, 4)))
    gamma, beta, mean, variance = (rng.normal(size=16).astype(np.float32) for _ in range(4))
    variance = np.abs(variance) + np.float32(0.5)
    constants = {"w1": first, "w2": second, "one": np.float32(1)}
    constants |= {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    sign = {"domain": "qonnx.custom_op.general"}
    nodes = [
        helper.make_node("BipolarQuant", ["x", "one"], ["xs"], name="sign_in", **sign),
        helper.make_node("BipolarQuant", ["w1", "one"], ["w1s"], name="sign_w1", **sign),
        helper.make_node("MatMul", ["xs", "w1s"], ["h"], name="fc1"),
        helper.make_node(
            "BatchNormalization", ["h", "gamma", "beta", "mean", "variance"], ["n"], name="bn", epsilon=1e-5
        ),
        helper.make_node("BipolarQuant", ["n", "one"], ["ns"], name="sign_hidden", **sign),
        helper.make_node("BipolarQuant", ["w2", "one"], ["w2s"], name="sign_w2", **sign),
        helper.make_node("MatMul", ["ns", "w2s"], ["y"], name="fc2"),
    ]
    graph = helper.make_graph(
        nodes,
        "qonnx_binary_mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 12])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]

    def signs(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.where(values >= 0, 1.0, -1.0)

    x = inputs((12,), rng)
    hidden = signs(x.astype(np.float64)) @ signs(first.astype(np.float64))
    normal = (hidden - mean) / np.sqrt(variance.astype(np.float64) + 1e-5) * gamma + beta
    y = signs(normal) @ signs(second.astype(np.float64))
    folder = reference("qonnx_binary_mlp", x, y.astype(np.float32))
    onnx.save(helper.make_model(graph, opset_imports=opsets), folder / "model.onnx")


def main() -> None:
    """Make them all."""
    keras.utils.set_random_seed(SEED)
    for make in (qkeras_cnn, keras_mlp, qonnx_binary_mlp):
        make(np.random.default_rng(SEED))


if __name__ == "__main__":
    main()
