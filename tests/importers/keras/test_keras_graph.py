"""Graphs of layers: order, cycles, shared layers, models in models, the fields of the nodes."""

import numpy as np
import pytest

from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers import load
from accelgen.importers.keras.layer import CONVERTERS
from accelgen.importers.keras.weights import snake_case
from accelgen.ir import Affine, Clip, Conv, Dense, DepthwiseConv, Threshold, Transpose
from tests.importers.keras.saved import (
    dense,
    dense_weights,
    entry,
    functional,
    layer,
    sequential,
    write_archive,
    write_h5,
)

ADD = layer("Add", "add")
X = [("x", 0, 0)]


def read(tmp_path, config, weights=None):
    return load(write_h5(tmp_path / "model.h5", config, weights or {"none": {}}))


def test_layers_out_of_order_are_put_in_order(tmp_path):
    config = functional(
        [dense("b", 2), entry(), dense("a", 3)],
        {"b": [[("a", 0, 0)]], "a": [X]},
        [("b", 0, 0)],
    )
    network = read(tmp_path, config, {"a": dense_weights(3, 3), "b": dense_weights(3, 2)})
    assert [node.name for node in network] == ["x", "a", "b"]


def test_a_cycle(tmp_path):
    config = functional(
        [entry(), layer("Add", "a"), layer("Add", "b")],
        {"a": [[*X, ("b", 0, 0)]], "b": [[*X, ("a", 0, 0)]]},
        [("b", 0, 0)],
    )
    with pytest.raises(ModelError, match="cycle"):
        read(tmp_path, config)


@pytest.mark.parametrize("ref", [("ghost", 0, 0), ("x", 0, 1), ("add", 2, 0), ("add", 0, 1)])
def test_tensors_that_do_not_exist(tmp_path, ref):
    config = functional([entry(), ADD, layer("ReLU", "r")], {"add": [[*X, *X]], "r": [[ref]]}, [("r", 0, 0)])
    with pytest.raises(ModelError):
        read(tmp_path, config)


def test_a_layer_called_twice_is_refused_where_it_has_weights(tmp_path):
    calls = {"d": [X, [("d", 0, 0)]]}
    config = functional([entry(), dense("d", 3)], calls, [("d", 1, 0)])
    with pytest.raises(UnsupportedError, match=r"layer 'd'.*more than once"):
        read(tmp_path, config, {"d": dense_weights(3, 3)})


def test_a_layer_called_twice_is_duplicated_where_it_has_none(tmp_path):
    config = functional([entry(), layer("ReLU", "r")], {"r": [X, [("r", 0, 0)]]}, [("r", 1, 0)])
    network = read(tmp_path, config)
    assert [node.name for node in network] == ["x", "r", "r_2"]


def test_a_model_called_twice_is_refused_where_it_has_weights(tmp_path):
    inner = {**sequential(entry("y"), dense("d", 3)), "name": "inner"}
    inner["config"]["name"] = "inner"
    config = functional([entry(), inner], {"inner": [X, [("inner", 0, 0)]]}, [("inner", 1, 0)])
    with pytest.raises(UnsupportedError, match=r"layer 'inner/d'.*more than once"):
        read(tmp_path, config, {"inner": {"d/kernel": np.eye(3), "d/bias": np.zeros(3)}})


def test_two_layers_of_one_name(tmp_path):
    with pytest.raises(ModelError, match="two layers are named 'r'"):
        read(tmp_path, sequential(entry(), layer("ReLU", "r"), layer("ReLU", "r")))


def test_models_nested_without_end(tmp_path):
    config = sequential(entry(), layer("ReLU", "r"))
    for _ in range(40):
        config = sequential(config)
    with pytest.raises(ModelError, match="nested"):
        read(tmp_path, config)


@pytest.mark.parametrize("shape", [[None], [-1], [0], ["3"], [True], [1.5], [2**40, 2**40]])
def test_input_shapes_that_no_hardware_has(tmp_path, shape):
    with pytest.raises(ModelError):
        read(tmp_path, sequential(entry(shape=shape), layer("ReLU", "r")))


def test_inputs_keep_the_models_order(tmp_path):
    config = functional(
        [entry("a"), entry("b"), ADD], {"add": [[("a", 0, 0), ("b", 0, 0)]]}, [("add", 0, 0)], ("b", "a")
    )
    assert [node.name for node in read(tmp_path, config).inputs] == ["b", "a"]


def test_layers_that_take_no_part_are_left_out(tmp_path):
    config = functional(
        [entry(), layer("ReLU", "r"), layer("Mystery", "m")], {"r": [X], "m": [X]}, [("r", 0, 0)]
    )
    assert [node.name for node in read(tmp_path, config)] == ["x", "r"]


def test_arguments_that_are_no_tensors_are_refused(tmp_path):
    config = functional([entry(), layer("ReLU", "r")], {"r": [X]}, [("r", 0, 0)])
    config["config"]["layers"][1]["inbound_nodes"] = [[["x", 0, 0, {"scale": 2.0}]]]
    with pytest.raises(UnsupportedError, match="no tensors"):
        read(tmp_path, config)


def test_fused_activations_are_nodes_of_their_own_and_never_collide(tmp_path):
    layers = [entry(), layer("ReLU", "d/activation"), {**dense("d", 2), "class_name": "Dense"}]
    layers[2]["config"]["activation"] = "tanh"
    network = load(
        write_archive(tmp_path / "m.keras", sequential(*layers), {"layers/dense": dense_weights().values()})
    )
    assert [node.name for node in network] == ["x", "d/activation", "d", "d/activation_2"]


@pytest.mark.parametrize(
    ("class_name", "expected"), [("BinaryDense", [-1, -1, 1, 1, 1]), ("TernaryDense", [-1, -1, 0, 0, 1])]
)
def test_binary_and_ternary_kernels(tmp_path, class_name, expected):
    latent = np.array([[-0.75, -0.5, 0.25, 0.5, 0.75]])
    if class_name == "BinaryDense":
        latent[0, 1] = 0.0
    config = sequential(entry(shape=(1,)), layer(class_name, "d", units=5, use_bias=False))
    network = read(tmp_path, config, {"d": {"kernel": latent}})
    assert isinstance(network["d"], Dense)
    assert network["d"].weight.tolist() == [expected]


@pytest.mark.parametrize(
    ("name", "thresholds", "values"),
    [("binary_tanh", [0.0], [-1, 1]), ("ternary_tanh", [-0.5, 0.5], [-1, 0, 1])],
)
def test_binary_and_ternary_activations_take_the_lower_value_at_the_edge(tmp_path, name, thresholds, values):
    node = read(tmp_path, sequential(entry(), layer("Activation", "a", activation=name)))["a"]
    assert isinstance(node, Threshold)
    assert (node.thresholds.tolist(), node.values.tolist(), node.inclusive) == (thresholds, values, False)


def test_batch_norm_is_computed_in_float64(tmp_path):
    weights = {
        "gamma": np.array([2.0, -1.0], np.float32),
        "beta": np.array([1.0, 3.0], np.float32),
        "moving_mean": np.array([0.1, 0.2], np.float32),
        "moving_variance": np.array([0.3, 0.4], np.float32),
    }
    config = sequential(entry(shape=(2,)), layer("BatchNormalization", "b", axis=[1], epsilon=0.001))
    node = read(tmp_path, config, {"b": weights})["b"]
    gamma, beta, mean, variance = (array.astype(np.float64) for array in weights.values())
    assert isinstance(node, Affine)
    np.testing.assert_array_equal(node.scale, gamma / np.sqrt(variance + 0.001))
    np.testing.assert_array_equal(node.bias, beta - mean * node.scale)


def test_channels_first_convolutions_are_transposed_there_and_back(tmp_path):
    conv = layer("Conv2D", "c", filters=4, kernel_size=3, data_format="channels_first", use_bias=False)
    network = read(
        tmp_path, sequential(entry(shape=(2, 8, 6)), conv), {"c": {"kernel": np.ones((3, 3, 2, 4))}}
    )
    kinds = [type(node) for node in network]
    assert kinds[1:] == [Transpose, Conv, Transpose]
    assert network.shapes[network.outputs[0]] == (4, 6, 4)


def test_same_padding_puts_the_odd_zero_last(tmp_path):
    conv = layer("DepthwiseConv1D", "c", kernel_size=4, padding="same", use_bias=False)
    network = read(
        tmp_path, sequential(entry(shape=(8, 2)), conv), {"c": {"depthwise_kernel": np.ones((4, 2, 1))}}
    )
    assert isinstance(network["c"], DepthwiseConv)
    assert network["c"].padding == ((1, 2),)


@pytest.mark.parametrize(("version", "slope"), [("2.15.0", 0.2), ("3.15.0", 1 / 6)])
def test_hard_sigmoid_is_that_of_the_keras_that_wrote_the_file(tmp_path, version, slope):
    import h5py

    path = write_h5(
        tmp_path / "m.h5",
        sequential(entry(), layer("Activation", "a", activation="hard_sigmoid")),
        {"none": {}},
    )
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = version
    network = load(path)
    assert isinstance(network["a"], Clip)
    assert network["a/line"].scale.tolist() == [float(np.float32(slope))]


def test_dropped_layers_are_noted(tmp_path):
    network = read(tmp_path, sequential(entry(), layer("Dropout", "drop", rate=0.5), layer("ReLU", "r")))
    assert network["r"].inputs == ("x",)
    assert any("'drop'" in note for note in network.notes)


@pytest.mark.parametrize(
    ("class_name", "expected"),
    [
        ("Dense", "dense"),
        ("Conv2D", "conv2d"),
        ("QConv2DBatchnorm", "q_conv2d_batchnorm"),
        ("PReLU", "p_re_lu"),
    ],
)
def test_snake_case_is_keras_own(class_name, expected):
    assert snake_case(class_name) == expected


def test_equal_classes_are_counted_in_layer_order(tmp_path):
    inner = sequential(entry("y", (3,)), dense("deep", 3))
    inner["config"]["name"] = "inner"
    config = sequential(entry(), dense("zz", 3), inner, dense("aa", 2))
    arrays = {
        "layers/dense": [np.full((3, 3), 1.0), np.zeros(3)],
        "layers/dense_1": [np.full((3, 2), 2.0), np.zeros(2)],
        "layers/sequential/layers/dense": [np.full((3, 3), 3.0), np.zeros(3)],
    }
    network = load(write_archive(tmp_path / "m.keras", config, arrays))
    values = {node.name: node.weight[0, 0] for node in network if isinstance(node, Dense)}
    assert values == {"zz": 1.0, "aa": 2.0, "inner/deep": 3.0}


@pytest.mark.parametrize("extra", [{"module": "hgq.layers.core.dense"}, {"registered_name": "hgq>QDense"}])
def test_layers_of_hgq_are_not_taken_for_those_of_qkeras(tmp_path, extra):
    with pytest.raises(ModelError, match=r"layer 'q' \(hgq>QDense\)"):
        read(tmp_path, sequential(entry(), {**layer("QDense", "q", units=2), **extra}))


def test_every_layer_of_the_merging_kind_is_there():
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        assert name in CONVERTERS
