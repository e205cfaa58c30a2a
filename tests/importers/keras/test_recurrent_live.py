"""Recurrent layers that Keras 2, Keras 3 and qkeras-v3 save here and now, against what they compute."""

import importlib

import numpy as np
import pytest

from accelgen import real, reference
from accelgen.importers import load
from accelgen.ir import FixedType
from accelgen.passes.pipeline import exact_network
from tests.importers.keras.qkeras_module import import_qkeras

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

STEPS, N_IN, SAMPLES = 6, 3, 50
INPUT = FixedType(8, 3)


def layers_of(kit):
    """A model's recurrent layer by name, for Keras 3 (``kit`` is keras) and Keras 2 (tf_keras)."""
    make = kit.layers
    return {
        "lstm": make.LSTM(4),
        "lstm_backwards": make.LSTM(4, return_sequences=True, go_backwards=True, dropout=0.1),
        "lstm_without_bias": make.LSTM(4, use_bias=False, recurrent_activation="hard_sigmoid"),
        "gru": make.GRU(4),
        "gru_reset_before": make.GRU(4, reset_after=False, activation="relu"),
        "simple": make.SimpleRNN(4, activation=None),
        "both_ways": make.Bidirectional(make.LSTM(4, return_sequences=True)),
        "both_ways_added": make.Bidirectional(make.GRU(4), merge_mode="sum"),
        "both_ways_of_its_own": make.Bidirectional(
            make.GRU(4), backward_layer=make.GRU(5, go_backwards=True)
        ),
    }


def kits():
    for name in ("keras", "tf_keras"):
        try:
            yield name, importlib.import_module(name)
        except ImportError:
            continue


CASES = [
    pytest.param(kit, name, suffix, id=f"{kit_name}-{name}-{suffix[1:]}")
    for kit_name, kit in kits()
    for name in layers_of(kit)
    for suffix in (".keras", ".h5")
]


def saved(kit, layer, path):
    """A model of one layer with random variables, saved at ``path``; the model and grid inputs."""
    rng = np.random.default_rng(7)
    model = kit.Sequential([kit.Input((STEPS, N_IN)), layer])
    for variable in model.weights:
        if "seed" not in variable.name:
            variable.assign((rng.normal(size=variable.shape) * 0.5).astype(np.float32))
    model.save(path)
    return model, rng.integers(INPUT.min_code, INPUT.max_code, (SAMPLES, STEPS, N_IN)) * INPUT.step


def predictions(model, x):
    return np.asarray(model.predict(x.astype(np.float32), verbose=0))


@pytest.mark.parametrize(("kit", "name", "suffix"), CASES)
def test_real_evaluation(kit, name, suffix, tmp_path):
    path = tmp_path / f"model{suffix}"
    model, x = saved(kit, layers_of(kit)[name], path)
    network = load(path)
    result = real.evaluate(network, {network.inputs[0].name: x})[network.outputs[0]]
    np.testing.assert_allclose(result, predictions(model, x), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", ["lstm", "gru", "both_ways"])
def test_a_fixed_point_network_stays_close(name, tmp_path):
    path = tmp_path / "model.keras"
    model, x = saved(keras, layers_of(keras)[name], path)
    exact = exact_network(load(path), precision=FixedType(20, 6), input_type=INPUT)
    result = reference.predict(exact, {exact.inputs[0].name: x})[exact.outputs[0]]
    assert np.abs(result - predictions(model, x)).max() < 0.01


BITS = "quantized_bits(4,0,1,alpha=1.0)"
QUANTIZED = {
    "kernel_quantizer": BITS,
    "recurrent_quantizer": BITS,
    "bias_quantizer": "quantized_bits(6,2,1,alpha=1.0)",
    "state_quantizer": "quantized_bits(6,1,1,alpha=1.0)",
}
GATED = {**QUANTIZED, "recurrent_activation": "quantized_sigmoid(4)"}
HARD = {**QUANTIZED, "recurrent_activation": "hard_sigmoid", "activation": "quantized_relu(5,2)"}
QKERAS = {
    "lstm": ("QLSTM", GATED),
    "lstm_fused": ("QLSTM", {**GATED, "implementation": 2, "return_sequences": True}),
    "lstm_hard": ("QLSTM", HARD),
    "lstm_free_states": ("QLSTM", {**GATED, "state_quantizer": None}),
    "gru": ("QGRU", GATED),
    "gru_hard": ("QGRU", HARD),
    "gru_reset_after": ("QGRU", {**GATED, "reset_after": True, "go_backwards": True}),
    "both_ways": ("QGRU", {**GATED, "return_sequences": True}),
    "simple": ("QSimpleRNN", QUANTIZED),
    "simple_free_state": ("QSimpleRNN", {**QUANTIZED, "state_quantizer": None}),
    "simple_auto_scale": (
        "QSimpleRNN",
        {**QUANTIZED, "kernel_quantizer": "quantized_bits(4,0,1,alpha='auto')"},
    ),
}


@pytest.mark.parametrize("name", QKERAS)
def test_quantized_cells_are_equal_in_every_bit(name, tmp_path):
    class_name, options = QKERAS[name]
    qkeras = import_qkeras()
    layer = getattr(qkeras, class_name)(4, **{"activation": "quantized_tanh(4)", **options})
    if name == "both_ways":
        layer = qkeras.QBidirectional(layer)
    path = tmp_path / "model.keras"
    model, x = saved(keras, layer, path)
    exact = exact_network(load(path), input_type=INPUT)
    result = reference.predict(exact, {exact.inputs[0].name: x})[exact.outputs[0]]
    np.testing.assert_array_equal(result, predictions(model, x))
