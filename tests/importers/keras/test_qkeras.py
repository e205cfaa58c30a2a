"""QKeras' layers: real trained models, and tiny ones that qkeras-v3 saves here and now."""

from pathlib import Path

import numpy as np
import pytest

from accelgen import real, reference
from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers import load
from accelgen.ir import Affine, Conv, Dense, FixedType, Quantize
from accelgen.ir.grid import constant_type
from accelgen.passes.pipeline import exact_network
from tests.importers.keras.qkeras_module import import_qkeras
from tests.importers.keras.saved import dense_weights, entry, layer, sequential, write_h5

MODELS = Path(__file__).parents[4] / "shared" / "models"
TRAINED = [
    "qkeras_jet/model.json",
    "qkeras_mnist_dense/model.json",
    "qkeras_mnist_cnn/model.json",
    "qkeras_v3_jet/model.keras",
    "mlperf_ad/model.h5",
    "mlperf_ic/model.h5",
]
SAMPLES = 200


def outputs(network, x):
    return real.evaluate(network, {network.inputs[0].name: x})[network.outputs[0]]


@pytest.mark.parametrize("name", TRAINED)
def test_trained_models(name):
    path = MODELS / name
    if not path.is_file():
        pytest.skip(f"no reference models at {MODELS}")
    with np.load(path.with_name("reference.npz")) as data:
        x, expected = data["x"][:SAMPLES], data["y"][:SAMPLES]
    result = outputs(load(path), x)
    np.testing.assert_allclose(result, expected, rtol=0, atol=5e-7 * np.abs(expected).max())
    assert (result.argmax(-1) == expected.argmax(-1)).all()


def test_trained_kernels_are_few_bit_numbers():
    path = MODELS / "mlperf_ic/model.h5"
    if not path.is_file():
        pytest.skip(f"no reference models at {MODELS}")
    for node in load(path):
        if isinstance(node, Conv | Dense):
            assert constant_type(node.weight).width <= 8
            assert constant_type(node.bias).width <= 8


def saved_dense(tmp_path, **config):
    net = sequential(entry(), layer("QDense", "d", units=2, use_bias=True, **config))
    return write_h5(tmp_path / "model.h5", net, {"d": dense_weights()})


def test_an_auto_scale_follows_the_layer(tmp_path):
    path = saved_dense(
        tmp_path,
        activation="quantized_relu(4,1)",
        kernel_quantizer="quantized_bits(4,0,1,alpha='auto')",
        bias_quantizer="quantized_bits(5,1,alpha=1)",
    )
    dense, scale, cast = load(path).nodes[1:]
    assert isinstance(dense, Dense)
    assert constant_type(dense.weight).width <= 4
    assert dense.bias is None
    assert isinstance(scale, Affine)
    assert scale.scale.shape == (2,)
    assert constant_type(scale.bias).width <= 5
    assert isinstance(cast, Quantize)


def test_a_scale_for_each_input_stays_in_the_kernel(tmp_path):
    path = saved_dense(tmp_path, kernel_quantizer="quantized_bits(4,0,1,alpha='auto',scale_axis=0)")
    (dense,) = load(path).nodes[1:]
    rows = dense.weight / np.abs(dense.weight).max(1, keepdims=True) * 7
    np.testing.assert_allclose(rows, np.rint(rows), atol=1e-5)


def test_what_is_refused(tmp_path):
    with pytest.raises(UnsupportedError, match=r"model\.h5: layer 'd' \(QDense\): quantizer 'magic'"):
        load(saved_dense(tmp_path, kernel_quantizer="magic(3)"))
    with pytest.raises(ModelError, match=r"layer 'd' \(QDense\): bits of quantized_bits is a whole number"):
        load(saved_dense(tmp_path, bias_quantizer="quantized_bits(-3)"))
    adaptive = layer("QAdaptiveActivation", "a", activation="quantized_relu", total_bits=6)
    path = write_h5(tmp_path / "model.h5", sequential(entry(), adaptive), {"a": {}})
    with pytest.raises(UnsupportedError, match="replace it by a QActivation"):
        load(path)


def made(class_name, *arguments, **options):
    """What makes a layer of that class once qkeras is there."""
    return lambda q: getattr(q, class_name)(*arguments, **options)


BITS = "quantized_bits(5,1,alpha=1)"
AUTO = "quantized_bits(4,0,1,alpha='auto')"

LAYERS = {
    "dense": ((5,), lambda q: q.QDense(3, kernel_quantizer=BITS, bias_quantizer=BITS)),
    "dense_plain": ((4, 5), lambda q: q.QDense(3, use_bias=False, activation="relu")),
    "dense_alpha_from_layer": ((5,), lambda q: q.QDense(3, kernel_quantizer="quantized_bits(4)")),
    "dense_auto": ((5,), lambda q: q.QDense(3, kernel_quantizer=AUTO, bias_quantizer=BITS)),
    "dense_linear": ((5,), lambda q: q.QDense(3, kernel_quantizer="quantized_linear(4,alpha='auto')")),
    "dense_binary": ((5,), lambda q: q.QDense(3, kernel_quantizer="binary", bias_quantizer=BITS)),
    "dense_binary_auto": ((5,), lambda q: q.QDense(3, kernel_quantizer="binary(alpha='auto')")),
    "dense_ternary": ((9,), lambda q: q.QDense(3, kernel_quantizer="ternary(alpha=1)")),
    "dense_ternary_auto": ((9,), lambda q: q.QDense(3, kernel_quantizer="ternary(alpha='auto')")),
    "dense_stochastic": ((9,), lambda q: q.QDense(3, kernel_quantizer="stochastic_ternary")),
    "dense_po2": ((5,), lambda q: q.QDense(3, kernel_quantizer="quantized_po2(4,1)", bias_quantizer=BITS)),
    "dense_relu": ((5,), lambda q: q.QDense(3, kernel_quantizer=BITS, activation="quantized_relu(4,1)")),
    "dense_hard_sigmoid": ((5,), lambda q: q.QDense(3, kernel_quantizer=BITS, activation="hard_sigmoid")),
    "conv1d": (
        (9, 2),
        lambda q: q.QConv1D(3, 4, strides=2, padding="same", kernel_quantizer=AUTO, bias_quantizer=BITS),
    ),
    "conv2d": (
        (7, 8, 2),
        lambda q: q.QConv2D(3, (3, 2), kernel_quantizer=AUTO, activation="quantized_tanh(4)"),
    ),
    "conv2d_mask": (
        (7, 8, 2),
        lambda q: q.QConv2D(
            3, 3, kernel_quantizer=BITS, mask=np.array([[1.0, 0, 1], [0, 1, 0], [1, 1, 1]], np.float32)
        ),
    ),
    "depthwise": (
        (7, 8, 2),
        lambda q: q.QDepthwiseConv2D(
            3, depth_multiplier=2, padding="same", depthwise_quantizer=AUTO, bias_quantizer=BITS
        ),
    ),
    "separable1d": (
        (9, 2),
        lambda q: q.QSeparableConv1D(
            3, 3, depth_multiplier=2, depthwise_quantizer=AUTO, pointwise_quantizer=BITS, bias_quantizer=BITS
        ),
    ),
    "separable2d": (
        (7, 8, 2),
        lambda q: q.QSeparableConv2D(
            3, 3, padding="same", depthwise_quantizer=BITS, pointwise_quantizer=AUTO, bias_quantizer=BITS
        ),
    ),
    "batch_norm": ((5, 3), lambda q: q.QBatchNormalization()),
    "batch_norm_bits": (
        (5, 3),
        lambda q: q.QBatchNormalization(
            gamma_quantizer="quantized_relu(6,1)",
            beta_quantizer=BITS,
            mean_quantizer=BITS,
            variance_quantizer="quantized_bits(8,2,keep_negative=False,alpha=1)",
        ),
    ),
    "batch_norm_inverse": (
        (5, 3),
        lambda q: q.QBatchNormalization(
            gamma_quantizer=None,
            variance_quantizer=None,
            mean_quantizer=None,
            beta_quantizer=BITS,
            inverse_quantizer="quantized_bits(8,2,alpha=1)",
        ),
    ),
    "batch_norm_plain": ((5, 3), lambda q: q.QBatchNormalization(center=False, scale=False)),
    "dense_batchnorm": ((5,), made("QDenseBatchnorm", 3, kernel_quantizer=BITS, bias_quantizer=BITS)),
    "dense_batchnorm_auto": (
        (5,),
        made("QDenseBatchnorm", 3, kernel_quantizer=AUTO, folding_mode="batch_stats_folding"),
    ),
    "conv2d_batchnorm": (
        (7, 8, 2),
        made(
            "QConv2DBatchnorm",
            3,
            3,
            strides=2,
            padding="same",
            kernel_quantizer=BITS,
            bias_quantizer=BITS,
            activation="quantized_relu(4,1)",
        ),
    ),
    "conv2d_batchnorm_batch": (
        (7, 8, 2),
        made(
            "QConv2DBatchnorm",
            3,
            3,
            use_bias=False,
            kernel_quantizer=BITS,
            folding_mode="batch_stats_folding",
        ),
    ),
    "depthwise_batchnorm": (
        (7, 8, 2),
        made(
            "QDepthwiseConv2DBatchnorm",
            3,
            depth_multiplier=2,
            depthwise_quantizer=BITS,
            bias_quantizer=BITS,
        ),
    ),
    "average": (
        (6, 9, 2),
        lambda q: q.QAveragePooling2D((2, 3), average_quantizer="quantized_bits(8,0,alpha=1)"),
    ),
    "average_same": (
        (7, 8, 2),
        lambda q: q.QAveragePooling2D(3, padding="same", average_quantizer="quantized_bits(8,0,alpha=1)"),
    ),
    "average_plain": ((6, 6, 2), lambda q: q.QAveragePooling2D(2, activation="quantized_relu(6,2)")),
    "global_average": (
        (5, 7, 2),
        lambda q: q.QGlobalAveragePooling2D(
            average_quantizer="quantized_bits(8,0,alpha=1)", activation="quantized_bits(6,2,alpha=1)"
        ),
    ),
    "global_average_plain": ((5, 7, 2), lambda q: q.QGlobalAveragePooling2D()),
    "activation": ((9,), lambda q: q.QActivation("quantized_relu(4,1)")),
    "activation_binary": ((9,), lambda q: q.QActivation("binary(alpha=1)")),
    "activation_po2": ((9,), lambda q: q.QActivation(q.quantized_po2(4))),
    "activation_hswish": ((9,), lambda q: q.QActivation("quantized_hswish(6,2)")),
    "activation_bits": ((9,), lambda q: q.QActivation(q.quantized_bits(6, 2, 1, alpha=0.5))),
    "activation_softmax": ((9,), lambda q: q.QActivation("softmax")),
}


def randomized(shape, *layers):
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input(shape), *layers])
    rng = np.random.default_rng(7)
    for variable in model.weights:
        values = rng.normal(size=variable.shape) * 0.7
        if "variance" in variable.name:
            values = 0.5 + np.abs(values)
        if "iteration" not in variable.name:
            variable.assign(values.astype(np.float32))
    return model


def check(model, path, quantized=True):
    """The file at ``path``, of the model, gives what qkeras predicts on a grid of inputs.

    In float64, and where the network is ``quantized``, in the hardware's integers too.
    """
    x = np.random.default_rng(3).integers(-1024, 1024, (20, *model.inputs[0].shape[1:])) / 256
    expected = model.predict(x.astype(np.float32), verbose=0)
    result = outputs(load(path), x)
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
    if quantized:
        exact = exact_network(load(path), input_type=FixedType(11, 3))
        golden = reference.predict(exact, {exact.inputs[0].name: x})[exact.outputs[0]]
        np.testing.assert_allclose(golden, expected, rtol=0, atol=1e-5 * max(1, np.abs(expected).max()))


@pytest.mark.tensorflow
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_against_qkeras(name, suffix, tmp_path):
    shape, make = LAYERS[name]
    model = randomized(shape, make(import_qkeras()))
    model.save(tmp_path / f"model{suffix}")
    check(model, tmp_path / f"model{suffix}", quantized=name != "dense_plain")


@pytest.mark.tensorflow
def test_json_beside_weights(tmp_path):
    q = import_qkeras()
    first = q.QDense(4, kernel_quantizer=BITS, bias_quantizer=BITS, activation="quantized_relu(4,1)")
    model = randomized(
        (5,), first, q.QDenseBatchnorm(3, kernel_quantizer=BITS), q.QActivation("binary(alpha=1)")
    )
    (tmp_path / "model.json").write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")
    check(model, tmp_path / "model.json")


@pytest.mark.tensorflow
def test_a_network_of_many_layers(tmp_path):
    q = import_qkeras()
    relu = "quantized_relu(4,1)"
    model = randomized(
        (8, 8, 2),
        q.QConv2DBatchnorm(4, 3, kernel_quantizer=BITS, bias_quantizer=BITS, activation=relu),
        q.QConv2DBatchnorm(3, 3, kernel_quantizer=AUTO, bias_quantizer=BITS),
        q.QActivation(relu),
        q.QDepthwiseConv2D(3, depthwise_quantizer=BITS, bias_quantizer=BITS),
        q.QBatchNormalization(),
        q.QActivation("quantized_bits(6,3,1,alpha=1)"),
        q.QGlobalAveragePooling2D(average_quantizer="quantized_bits(8,0,alpha=1)"),
        q.QDense(3, kernel_quantizer="ternary(alpha='auto_po2')", bias_quantizer=BITS),
    )
    model.save(tmp_path / "model.keras")
    check(model, tmp_path / "model.keras")


@pytest.mark.tensorflow
def test_options_that_qkeras_does_not_save_have_their_defaults(tmp_path):
    q = import_qkeras()
    keras = pytest.importorskip("keras")
    relu = q.quantized_relu(6, 3, relu_upper_bound=2.5, is_quantized_clip=False)
    randomized((9,), q.QActivation(relu)).save(tmp_path / "model.keras")
    check(keras.models.load_model(tmp_path / "model.keras"), tmp_path / "model.keras")
