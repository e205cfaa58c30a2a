"""The small models of ``tests/models``, from file to verified project.

`examples/make_test_models.py` and `examples/train_binary_mnist.py` made them.
"""

from pathlib import Path

import numpy as np
import pytest

import accelgen

MODELS = Path(__file__).parent / "models"
QUANTIZED = ("qkeras_cnn/model.keras", "qonnx_binary_mlp/model.onnx")
BINARY = {
    "qkeras_binary_mlp/model.keras": ["fc1", "fc2", "fc3", "output"],
    "qkeras_binary_cnn/model.keras": ["conv1", "conv2", "output"],
}


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("path", QUANTIZED)
def test_a_quantized_model_agrees_with_its_framework_exactly(tmp_path, path, io_type):
    model = accelgen.load(MODELS / path)
    build = model.build(tmp_path / "project", part="xczu7ev-ffvc1156-2-e", io_type=io_type)
    found = build.verify((MODELS / path).with_name("reference.npz"), layers=True)
    assert (found.samples, found.csim_mismatches, found.first_difference) == (100, 0, None)
    assert found.agreement.max_abs_error == 0


@pytest.mark.parametrize(
    ("io_type", "strategy", "reuse_factor"),
    [("io_parallel", "packed_unrolled", 1), ("io_stream", "packed_folded", 8)],
)
@pytest.mark.parametrize("path", BINARY)
def test_a_trained_binary_model_agrees_with_qkeras(tmp_path, path, io_type, strategy, reuse_factor):
    data = (MODELS / path).with_name("reference.npz")
    build = accelgen.load(MODELS / path).build(
        tmp_path / "project", board="pynq-z2", io_type=io_type, reuse_factor=reuse_factor
    )
    few_bit = {layer.layer: layer.strategy for layer in build.report.layers if layer.costs is not None}
    assert few_bit == dict.fromkeys(BINARY[path], strategy)
    found = build.verify(data, layers=True)
    assert (found.samples, found.csim_mismatches, found.first_difference) == (100, 0, None)
    assert found.agreement.argmax_agreement == 1
    assert found.agreement.max_abs_error < 1e-5  # float32's in the last batch normalization
    with np.load(data) as arrays:
        assert np.mean(arrays["y"].argmax(axis=1) == arrays["label"]) > 0.85


def test_a_float_model_is_calibrated(tmp_path):
    data = MODELS / "keras_mlp/reference.npz"
    model = accelgen.load(MODELS / "keras_mlp/model.json")
    assert set(model.sources) == {"model.json", "model.weights.h5"}
    found = model.build(tmp_path / "project", board="kv260", calibration=data).verify(data)
    assert found.passed
    assert found.agreement.argmax_agreement >= 0.99
    assert found.agreement.max_abs_error < 1e-3


def test_a_float_model_needs_to_be_told_a_precision(tmp_path):
    with pytest.raises(accelgen.AccelgenError, match="--precision W,I"):
        accelgen.load(MODELS / "keras_mlp/model.json").build(tmp_path / "project", board="kv260")


@pytest.mark.tensorflow
def test_the_references_are_what_the_framework_computes():
    keras = pytest.importorskip("keras")
    model = keras.models.model_from_json((MODELS / "keras_mlp/model.json").read_text())
    model.load_weights(MODELS / "keras_mlp/model.weights.h5")
    with np.load(MODELS / "keras_mlp/reference.npz") as data:
        np.testing.assert_allclose(model.predict(data["x"], verbose=0), data["y"], atol=1e-6)
