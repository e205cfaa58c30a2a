"""QKeras networks of one to four bits: what Keras predicts is what the exact network computes.

Their batch normalizations have scales of either sign, so that comparisons turn around.
"""

import numpy as np
import pytest

from accelgen import reference
from accelgen.design.few_bit import few_bit_refusal
from accelgen.importers import load
from accelgen.ir import Conv, Dense, FixedType
from accelgen.passes.pipeline import exact_network
from tests.importers.keras.qkeras_module import import_qkeras

pytestmark = pytest.mark.tensorflow

SAMPLES = 64
INPUT_TYPE = FixedType(8, 1)

WEIGHTS = [
    "binary(alpha=1)",
    "binary(alpha='auto')",
    "binary(alpha='auto_po2')",
    "ternary(alpha=1)",
    "ternary(alpha='auto')",
    "ternary(alpha='auto_po2')",
    "quantized_bits(2,0,alpha=1)",
    "quantized_bits(2,1,alpha='auto')",
    "quantized_bits(3,0,alpha='auto_po2')",
    "quantized_bits(4,0,alpha=1)",
]
ACTIVATIONS = [
    "binary(alpha=1)",
    "ternary(alpha=1)",
    "quantized_relu(2,1)",
    "quantized_relu(3,1)",
    "quantized_relu(4,2)",
    "quantized_tanh(2)",
    "quantized_tanh(3)",
    "quantized_bits(2,0,alpha=1)",
]


def normalization(name):
    """Batch normalization that takes a batch's statistics as they are."""
    return pytest.importorskip("keras").layers.BatchNormalization(momentum=0, name=name)


def randomized(model, x):
    """Random weights, offsets and scales of either sign, and the statistics that they have on ``x``."""
    rng = np.random.default_rng(5)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape).astype(np.float32))
    model(x, training=True)
    return model


def mlp(weights, activation):
    q = import_qkeras()
    keras = pytest.importorskip("keras")
    layers = [keras.Input((12,), name="x")]
    for number in (1, 2):
        layers += [
            q.QDense(16, kernel_quantizer=weights, use_bias=False, name=f"fc{number}"),
            normalization(f"bn{number}"),
            q.QActivation(activation, name=f"act{number}"),
        ]
    return keras.Sequential([*layers, q.QDense(5, kernel_quantizer=weights, use_bias=False, name="out")])


def cnn(weights, activation, pool_first):
    """Two convolutions, one of them padded; ``pool_first`` pools sums, otherwise activations."""
    q = import_qkeras()
    keras = pytest.importorskip("keras")
    layers = [keras.Input((12, 12, 2), name="x")]
    for number, padding in ((1, "valid"), (2, "same")):
        pool = keras.layers.MaxPooling2D(2, name=f"pool{number}")
        layers += [
            q.QConv2D(6, 3, padding=padding, kernel_quantizer=weights, use_bias=False, name=f"conv{number}"),
            *((pool,) if pool_first else ()),
            normalization(f"bn{number}"),
            q.QActivation(activation, name=f"act{number}"),
            *(() if pool_first else (pool,)),
        ]
    return keras.Sequential(
        [
            *layers,
            keras.layers.Flatten(name="flatten"),
            q.QDense(5, kernel_quantizer=weights, use_bias=False, name="out"),
        ]
    )


def check(model, path):
    """The saved model's exact network gives Keras' outputs, and packed kernels suit each of its products."""
    rng = np.random.default_rng(3)
    x = rng.integers(-128, 128, (SAMPLES, *model.inputs[0].shape[1:])) / np.float32(128)
    randomized(model, x).save(path)
    expected = model.predict(x, verbose=0)
    assert len(np.unique(expected, axis=0)) > SAMPLES // 8
    exact = exact_network(load(path), input_type=INPUT_TYPE)
    products = [node for node in exact if isinstance(node, Dense | Conv)]
    assert {node.name: few_bit_refusal(node, exact) for node in products[1:]} == {
        node.name: None for node in products[1:]
    }
    golden = reference.predict(exact, {exact.inputs[0].name: x})[exact.outputs[0]]
    np.testing.assert_allclose(golden, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    return products


@pytest.mark.parametrize("weights", WEIGHTS)
def test_an_mlp_of_few_bit_weights(tmp_path, weights):
    products = check(mlp(weights, "binary(alpha=1)"), tmp_path / "model.keras")
    assert len(products) == 3


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_mlp_of_few_bit_activations(tmp_path, activation):
    check(mlp("ternary(alpha='auto')", activation), tmp_path / "model.keras")


@pytest.mark.parametrize("pool_first", [False, True], ids=["bn-pool", "pool-bn"])
@pytest.mark.parametrize("activation", ["binary(alpha=1)", "quantized_relu(3,1)", "quantized_tanh(3)"])
@pytest.mark.parametrize("weights", ["binary(alpha='auto')", "ternary(alpha=1)"])
def test_a_cnn(tmp_path, weights, activation, pool_first):
    check(cnn(weights, activation, pool_first), tmp_path / "model.keras")
