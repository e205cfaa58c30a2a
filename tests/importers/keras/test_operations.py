"""Operations on tensors that Keras 3 saves as such: arithmetic with numbers, reductions, activations."""

from __future__ import annotations

import numpy as np
import pytest

from accelgen import real
from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers import load
from tests.importers.keras.saved import entry, functional, write_archive

SHAPE = (3, 4)


def tensor(layer):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [layer, 0, 0]}}


def result(folder, class_name, options, arguments, x):
    """What the one operation gives of the input ``x``; an argument is a tensor's name or a number."""
    args = [tensor(item) if isinstance(item, str) else item for item in arguments]
    operation = {
        "module": "keras.src.ops.numpy",
        "class_name": class_name,
        "name": "r",
        "config": {"name": "r", **options},
        "inbound_nodes": [{"args": args, "kwargs": {}}],
    }
    model = functional([entry(shape=SHAPE)], {}, [("r", 0, 0)])
    model["config"]["layers"].append(operation)
    network = load(write_archive(folder / "m.keras", model, {}))
    return real.evaluate(network, {"x": x})[network.outputs[0]]


X = np.random.default_rng(0).integers(-64, 64, (5, *SHAPE)) / 16 + 1 / 32

OPERATIONS = {
    "x + 1": ("Add", {}, ["x", 1], X + 1),
    "x + 0.5": ("Add", {}, ["x", 0.5], X + 0.5),
    "3 - x": ("Subtract", {}, [3, "x"], 3 - X),
    "x - 3": ("Subtract", {}, ["x", 3], X - 3),
    "x - x": ("Subtract", {}, ["x", "x"], X - X),
    "-2 * x": ("Multiply", {}, [-2.0, "x"], -2 * X),
    "x * x": ("Multiply", {}, ["x", "x"], X * X),
    "x / 8": ("TrueDivide", {}, ["x", 8], X / 8),
    "x / x": ("Divide", {}, ["x", "x"], X / X),
    "3 / x": ("TrueDivide", {}, [3, "x"], 3 / X),
    "-x": ("Negative", {}, ["x"], -X),
    "sum": ("Sum", {"axis": 1, "keepdims": False}, ["x"], X.sum(1)),
    "sum of all": ("Sum", {"axis": [1, 2], "keepdims": True}, ["x"], X.sum((1, 2), keepdims=True)),
    "mean": ("Mean", {"axis": -1, "keepdims": True}, ["x"], X.mean(-1, keepdims=True)),
    "max": ("Max", {"axis": [-2], "keepdims": False, "initial": None}, ["x"], X.max(-2)),
    "relu": ("Relu", {}, ["x"], np.maximum(X, 0)),
    "leaky": ("LeakyRelu", {"negative_slope": 0.25}, ["x"], np.where(X < 0, X / 4, X)),
    "tanh": ("Tanh", {}, ["x"], np.tanh(X)),
    "elu": ("Elu", {"alpha": 0.5}, ["x"], np.where(X < 0, 0.5 * np.expm1(X), X)),
    "concatenate": ("Concatenate", {"axis": -1}, ["x", "x"], np.concatenate([X, X], -1)),
    "maximum": ("Maximum", {}, ["x", "x"], X),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_compute_what_numpy_does(name, tmp_path):
    class_name, options, arguments, expected = OPERATIONS[name]
    np.testing.assert_allclose(result(tmp_path, class_name, options, arguments, X), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("class_name", "options", "arguments", "message"),
    [
        ("Maximum", {}, ["x", 3], "arguments that are no tensors"),
        ("Sum", {"axis": None}, ["x"], "name the axes"),
        ("Max", {"axis": 1, "initial": 0.0}, ["x"], "'initial'"),
        ("Einsum", {}, ["x", "x"], "keras.ops.Einsum is not supported"),
    ],
)
def test_what_is_not_converted_is_refused_by_name(class_name, options, arguments, message, tmp_path):
    with pytest.raises(UnsupportedError, match=message):
        result(tmp_path, class_name, options, arguments, X)


@pytest.mark.parametrize("options", [{"axis": 0}, {"axis": [1, 1]}, {"axis": 7}, {"axis": "1"}])
def test_axes_that_are_none(options, tmp_path):
    with pytest.raises(ModelError, match="axis"):
        result(tmp_path, "Sum", options, ["x"], X)


@pytest.mark.parametrize("number", [0, 1e-60, 1e60, float("inf")])
def test_divisors_that_make_no_sense(number, tmp_path):
    with pytest.raises(ModelError, match=r"divides by 0|not finite"):
        result(tmp_path, "Divide", {}, ["x", number], X)
