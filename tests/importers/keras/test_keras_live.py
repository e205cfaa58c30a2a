"""Models that Keras 3 and tf_keras (Keras 2) save here and now, against what they themselves compute."""

import importlib

import numpy as np
import pytest

from accelgen import real
from accelgen.errors import UnsupportedError
from accelgen.importers import load

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")


def network_outputs(path, inputs, weights=None):
    network = load(path, weights)
    feeds = {node.name: x for node, x in zip(network.inputs, inputs, strict=True)}
    results = real.evaluate(network, feeds)
    return [results[name] for name in network.outputs]


def randomize(model):
    """Give every variable, batch norm's statistics included, a value that matters."""
    rng = np.random.default_rng(7)
    for variable in model.weights:
        values = rng.normal(size=variable.shape) * 0.5
        if "variance" in variable.name:
            values = 0.5 + np.abs(values)
        if "seed" not in variable.name:
            variable.assign(values.astype(np.float32))


def check(model, tmp_path, suffix, samples=20):
    """The saved model, with random variables, gives in float64 what its framework predicts."""
    randomize(model)
    check_as_it_is(model, tmp_path, suffix, samples)


def check_as_it_is(model, tmp_path, suffix, samples=20):
    path = tmp_path / f"model{suffix}"
    model.save(path)
    rng = np.random.default_rng(3)
    inputs = [rng.integers(-512, 512, (samples, *x.shape[1:])) / 128 for x in model.inputs]
    expected = model.predict(
        [x.astype(np.float32) for x in inputs] if len(inputs) > 1 else inputs[0], verbose=0
    )
    expected = expected if isinstance(expected, list) else [expected]
    results = network_outputs(path, inputs)
    assert len(results) == len(expected)
    for result, reference in zip(results, expected, strict=True):
        assert result.shape == reference.shape
        np.testing.assert_allclose(result, reference, rtol=2e-5, atol=2e-5)


def layers_of(kit):
    """(input shape, layer) by name, for Keras 3 (``kit`` is keras) and Keras 2 (tf_keras)."""
    layers = kit.layers
    cases = {
        "dense": ((5,), lambda: layers.Dense(3)),
        "dense_sequence": ((4, 5), lambda: layers.Dense(3, use_bias=False)),
        "conv1d_same": ((9, 2), lambda: layers.Conv1D(3, 4, strides=2, padding="same")),
        "conv1d_causal": ((9, 2), lambda: layers.Conv1D(3, 3, dilation_rate=2, padding="causal")),
        "conv1d_groups": ((9, 4), lambda: layers.Conv1D(6, 3, groups=2)),
        "conv2d_same": ((7, 8, 2), lambda: layers.Conv2D(3, (3, 2), strides=(2, 3), padding="same")),
        "conv2d_dilated": ((9, 8, 2), lambda: layers.Conv2D(3, 3, dilation_rate=2, padding="same")),
        "depthwise1d": ((9, 2), lambda: layers.DepthwiseConv1D(3, depth_multiplier=2, padding="same")),
        "depthwise2d": ((7, 8, 2), lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2)),
        "separable1d": ((9, 2), lambda: layers.SeparableConv1D(3, 3, depth_multiplier=2)),
        "separable2d": ((7, 8, 2), lambda: layers.SeparableConv2D(3, 3, padding="same")),
        "batch_norm": ((5, 3), lambda: layers.BatchNormalization()),
        "batch_norm_first_axis": ((5, 3), lambda: layers.BatchNormalization(axis=1)),
        "batch_norm_plain": ((5, 3), lambda: layers.BatchNormalization(center=False, scale=False)),
        "rescaling": ((5,), lambda: layers.Rescaling(0.5, -1.0)),
        "rescaling_channels": ((5, 2), lambda: layers.Rescaling([0.5, 2.0], [1.0, -1.0])),
        "normalization": ((5, 3), lambda: layers.Normalization(mean=[1.0, 2, 3], variance=[4.0, 1, 2])),
        "relu": ((9,), lambda: layers.ReLU()),
        "relu_max": ((9,), lambda: layers.ReLU(max_value=1.5, negative_slope=0.25)),
        "relu_threshold": ((9,), lambda: layers.ReLU(max_value=2.5, threshold=0.5)),
        "relu_everything": ((9,), lambda: layers.ReLU(max_value=2.5, negative_slope=0.3, threshold=0.5)),
        "leaky_relu": ((9,), lambda: layers.LeakyReLU()),
        "prelu": ((4, 3), lambda: layers.PReLU()),
        "prelu_shared": ((4, 3), lambda: layers.PReLU(shared_axes=[1])),
        "elu": ((9,), lambda: layers.ELU(0.7)),
        "softmax": ((9,), lambda: layers.Softmax()),
        "softmax_axis": ((4, 3), lambda: layers.Softmax(axis=1)),
        "max_pool1d": ((9, 2), lambda: layers.MaxPooling1D(3, strides=2, padding="same")),
        "max_pool2d": ((7, 8, 2), lambda: layers.MaxPooling2D((3, 2))),
        "average_pool1d": ((9, 2), lambda: layers.AveragePooling1D(2)),
        "average_pool2d_same": ((7, 8, 2), lambda: layers.AveragePooling2D(3, strides=2, padding="same")),
        "global_max1d": ((9, 2), lambda: layers.GlobalMaxPooling1D()),
        "global_average2d": ((7, 8, 2), lambda: layers.GlobalAveragePooling2D()),
        "global_average2d_kept": ((7, 8, 2), lambda: layers.GlobalAveragePooling2D(keepdims=True)),
        "flatten": ((3, 4, 2), lambda: layers.Flatten()),
        "flatten_channels_first": ((3, 4, 2), lambda: layers.Flatten(data_format="channels_first")),
        "reshape": ((3, 4, 2), lambda: layers.Reshape((2, -1, 3))),
        "permute": ((3, 4, 2), lambda: layers.Permute((3, 1, 2))),
        "zero_padding1d": ((4, 2), lambda: layers.ZeroPadding1D((1, 2))),
        "zero_padding2d": ((4, 3, 2), lambda: layers.ZeroPadding2D(((1, 2), (0, 3)))),
        "zero_padding2d_first": ((4, 3, 2), lambda: layers.ZeroPadding2D(1, data_format="channels_first")),
        "cropping1d": ((6, 2), lambda: layers.Cropping1D((1, 2))),
        "cropping2d": ((6, 5, 2), lambda: layers.Cropping2D((1, 2))),
        "up_sampling1d": ((4, 2), lambda: layers.UpSampling1D(3)),
        "up_sampling2d": ((4, 3, 2), lambda: layers.UpSampling2D((2, 3))),
        "dropout": ((4,), lambda: layers.Dropout(0.5)),
        "gaussian_noise": ((4,), lambda: layers.GaussianNoise(0.5)),
        "spatial_dropout": ((4, 3), lambda: layers.SpatialDropout1D(0.5)),
        "time_distributed": ((4, 3), lambda: layers.TimeDistributed(layers.Dense(2, activation="tanh"))),
    }
    if kit.__name__ == "tf_keras":
        cases["thresholded_relu"] = ((9,), lambda: layers.ThresholdedReLU(0.75))
    else:
        cases["layer_as_activation"] = ((9,), lambda: layers.Dense(4, activation=layers.LeakyReLU(0.1)))
    return cases


LAYERS = sorted(layers_of(keras))
KERAS_2_LAYERS = (
    sorted(layers_of(importlib.import_module("tf_keras"))) if importlib.util.find_spec("tf_keras") else []
)
ACTIVATIONS = [
    "linear",
    "relu",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "softplus",
    "softsign",
    "softmax",
    "elu",
    "selu",
    "exponential",
    "swish",
    "silu",
    "gelu",
    "relu6",
    "leaky_relu",
    "mish",
]


def around(kit, shape, layer):
    """A model of the layer and, so that a wrong order shows, a Dense layer behind it."""
    return kit.Sequential([kit.Input(shape), layer, kit.layers.Dense(2)])


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_keras_3(tmp_path, name):
    shape, layer = layers_of(keras)[name]
    check(around(keras, shape, layer()), tmp_path, ".keras")


@pytest.mark.parametrize("name", KERAS_2_LAYERS)
def test_layers_of_keras_2(tmp_path, name):
    kit = importlib.import_module("tf_keras")
    shape, layer = layers_of(kit)[name]
    check(around(kit, shape, layer()), tmp_path, ".h5")


@pytest.mark.parametrize("name", [*ACTIVATIONS, "hard_tanh", "hard_silu"])
def test_activations_of_keras_3(tmp_path, name):
    layers = keras.layers
    model = keras.Sequential([keras.Input((6,)), layers.Activation(name), layers.Dense(5, activation=name)])
    check(model, tmp_path, ".h5")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_keras_2(tmp_path, name):
    kit = pytest.importorskip("tf_keras")
    model = kit.Sequential(
        [kit.Input((6,)), kit.layers.Activation(name), kit.layers.Dense(5, activation=name)]
    )
    check(model, tmp_path, ".h5")


@pytest.mark.parametrize(("kit_name", "suffix"), [("keras", ".keras"), ("tf_keras", ".h5")])
@pytest.mark.parametrize("options", [{"axis": -1}, {"axis": None}, {"axis": (1, 2)}, {"invert": True}])
def test_adapted_normalization(tmp_path, kit_name, suffix, options):
    kit = pytest.importorskip(kit_name)
    layer = kit.layers.Normalization(**options)
    layer.adapt(np.random.default_rng(1).normal(2, 3, (50, 5, 3)))
    check_as_it_is(kit.Sequential([kit.Input((5, 3)), layer]), tmp_path, suffix)


def branches(kit):
    """Two inputs, two outputs, every merging layer, a model in a model in a model, used layers shared."""
    layers = kit.layers
    first, second = kit.Input((4,), name="first"), kit.Input((4,), name="second one")
    innermost = kit.Sequential([kit.Input((4,)), layers.Dense(4, name="d"), layers.BatchNormalization()])
    entry = kit.Input((4,))
    hidden = layers.Dense(4, activation="tanh", name="e")(innermost(entry))
    inner = kit.Model(entry, [hidden, layers.ReLU()(hidden)], name="inner")
    plain, rectified = inner(layers.Add()([first, second]))
    shared = layers.ReLU()
    parts = [
        layers.Subtract()([plain, shared(first)]),
        layers.Multiply()([rectified, shared(second), first]),
        layers.Average()([first, second, plain]),
        layers.Maximum()([first, plain]),
        layers.Minimum()([first, plain]),
    ]
    joined = layers.Concatenate()(parts)
    return kit.Model([second, first], [layers.Dense(3, name="d")(joined), rectified])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_functional_graphs_of_keras_3(tmp_path, suffix):
    check(branches(keras), tmp_path, suffix)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_functional_graphs_of_keras_2(tmp_path, suffix):
    check(branches(pytest.importorskip("tf_keras")), tmp_path, suffix)


@pytest.mark.parametrize("kit_name", ["keras", "tf_keras"])
@pytest.mark.parametrize("weights_name", ["net_weights.h5", "net.weights.h5"])
def test_json_with_weights_beside_it(tmp_path, kit_name, weights_name):
    kit = pytest.importorskip(kit_name)
    if kit is keras and weights_name == "net_weights.h5":
        pytest.skip("Keras 3 insists on .weights.h5")
    model = branches(kit)
    randomize(model)
    (tmp_path / "net.json").write_text(model.to_json())
    model.save_weights(tmp_path / weights_name)
    inputs = [np.random.default_rng(5).normal(size=(8, 4)).astype(np.float32) for _ in model.inputs]
    for result, expected in zip(
        network_outputs(tmp_path / "net.json", inputs), model.predict(inputs, verbose=0), strict=True
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


def test_operators_between_tensors(tmp_path):
    first, second = keras.Input((4,)), keras.Input((4,))
    model = keras.Model([first, second], keras.layers.Dense(2)((first + second) * first - second))
    check(model, tmp_path, ".keras")


def test_a_model_without_an_input_layer(tmp_path):
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
    model.build((None, 4))
    check(model, tmp_path, ".keras")


def test_what_keras_quantized_itself_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.quantize("int8")
    model.save(tmp_path / "m.keras")
    with pytest.raises(UnsupportedError, match=r"model\.quantize"):
        load(tmp_path / "m.keras")
