"""Recurrent layers and embeddings in files: where their weights are found, and what is refused."""

import numpy as np
import pytest

from accelgen import real
from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers import load
from accelgen.ir import Concatenate, FixedType, Recurrent
from accelgen.passes.adopt_input_types import adopt_input_types
from tests.importers.keras.saved import entry, layer, sequential, write_archive, write_h5

STEPS, N_IN, UNITS = 5, 3, 2
RNG = np.random.default_rng(0)


def weights(gates, bias_rows=None):
    size = gates * UNITS
    return [
        RNG.normal(size=(N_IN, size)),
        RNG.normal(size=(UNITS, size)),
        RNG.normal(size=size if bias_rows is None else (bias_rows, size)),
    ]


def named(arrays, scope=""):
    return dict(zip((f"{scope}kernel", f"{scope}recurrent_kernel", f"{scope}bias"), arrays, strict=True))


def read_h5(tmp_path, spec, variables):
    net = sequential(entry(shape=(STEPS, N_IN)), spec)
    return load(write_h5(tmp_path / "model.h5", net, {spec["config"]["name"]: variables}))


def lstm(**config):
    return layer("LSTM", "rnn", units=UNITS, activation="tanh", recurrent_activation="sigmoid", **config)


def test_weights_are_found_under_any_scope(tmp_path):
    arrays = weights(4)
    plain = read_h5(tmp_path, lstm(), named(arrays))
    scoped = read_h5(tmp_path, lstm(), named(arrays, "lstm_cell/"))
    archive = sequential(entry(shape=(STEPS, N_IN)), lstm())
    path = write_archive(tmp_path / "model.keras", archive, {"layers/lstm/cell": arrays})
    x = RNG.normal(size=(4, STEPS, N_IN))
    results = [real.evaluate(network, {"x": x})["rnn"] for network in (plain, scoped, load(path))]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_a_bidirectional_layer_becomes_two_and_their_merge(tmp_path):
    spec = layer("Bidirectional", "both", merge_mode="concat", layer=lstm(return_sequences=True))
    variables = {
        **named(weights(4), "forward_rnn/lstm_cell/"),
        **named(weights(4), "backward_rnn/lstm_cell/"),
    }
    network = read_h5(tmp_path, spec, variables)
    forward, backward, merged = network.nodes[1:]
    assert isinstance(forward, Recurrent)
    assert isinstance(backward, Recurrent)
    assert isinstance(merged, Concatenate)
    assert (forward.name, backward.name, merged.name) == ("both/forward", "both/backward", "both")
    assert (forward.go_backwards, backward.go_backwards, backward.in_input_order) == (False, True, True)
    assert network.shapes["both"] == (STEPS, 2 * UNITS)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"stateful": True}, "stateful is not converted"),
        ({"time_major": True}, "time_major is not converted"),
        ({"activation": "sinc"}, "'sinc' is not supported"),
    ],
)
def test_options_that_are_refused(tmp_path, config, message):
    spec = lstm()
    spec["config"].update(config)
    with pytest.raises(UnsupportedError, match=message):
        read_h5(tmp_path, spec, named(weights(4)))


def test_kernels_of_another_shape(tmp_path):
    with pytest.raises(ModelError, match=r"'kernel' has shape \(3, 6\), expected \(3, 8\)"):
        read_h5(tmp_path, lstm(), named(weights(3)))


def test_wrappers_around_other_layers_and_merges(tmp_path):
    around_dense = layer("Bidirectional", "both", layer=layer("Dense", "d", units=2))
    with pytest.raises(UnsupportedError, match="it wraps a 'Dense'"):
        read_h5(tmp_path, around_dense, {})
    unmerged = layer("Bidirectional", "both", layer=lstm(), merge_mode="both")
    with pytest.raises(UnsupportedError, match="merge_mode 'both' is not converted"):
        read_h5(tmp_path, unmerged, {})


def test_a_gru_that_resets_after_has_two_biases(tmp_path):
    spec = layer("GRU", "rnn", units=UNITS, reset_after=True)
    network = read_h5(tmp_path, spec, named(weights(3, bias_rows=2)))
    assert network.shapes["rnn"] == (UNITS,)
    spec["config"]["reset_after"] = False
    with pytest.raises(ModelError, match="'bias' has shape"):
        read_h5(tmp_path, spec, named(weights(3, bias_rows=2)))


def embedding(**config):
    return layer("Embedding", "rows", input_dim=10, output_dim=4, **config)


def test_an_embedding_takes_row_numbers(tmp_path):
    table = RNG.normal(size=(10, 4))
    net = sequential(entry(shape=(STEPS,)), embedding())
    network = load(write_h5(tmp_path / "model.h5", net, {"rows": {"embeddings": table}}))
    typed = adopt_input_types(network)
    assert typed.inputs[0].type.storage() == FixedType(4, 4, signed=False)
    x = RNG.integers(0, 10, (3, STEPS))
    np.testing.assert_array_equal(real.evaluate(typed, {"x": x})["rows"], table[x])


def test_an_embedding_that_masks_is_refused(tmp_path):
    net = sequential(entry(shape=(STEPS,)), embedding(mask_zero=True))
    with pytest.raises(UnsupportedError, match="mask_zero is not converted"):
        load(write_h5(tmp_path / "model.h5", net, {"rows": {"embeddings": np.zeros((10, 4))}}))
