"""LSTM, GRU and RNN against onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelgen import real
from accelgen.errors import UnsupportedError
from accelgen.importers.onnx import load_onnx
from accelgen.ir import Recurrent
from tests.importers.onnx.build import node, save_model

STEPS, N_IN, UNITS = 5, 3, 4
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
RNG = np.random.default_rng(3)


def weights(op_type: str, directions: int = 1) -> dict[str, np.ndarray]:
    rows = GATES[op_type] * UNITS
    shapes = {"w": (directions, rows, N_IN), "r": (directions, rows, UNITS), "b": (directions, 2 * rows)}
    return {name: (RNG.normal(size=shape) * 0.5).astype(np.float32) for name, shape in shapes.items()}


def save(tmp_path: Path, op_type: str, take: str = "whole", inputs: str = "", **attributes: Any) -> Path:
    """A model over (batch, steps, features), as PyTorch exports batch_first; ``take`` is its output."""
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node(op_type, f"t w r b {inputs}", "whole last", hidden_size=UNITS, **attributes),
    ]
    constants = weights(op_type, directions)
    constants["zero"] = np.zeros((directions, 1, UNITS), np.float32)
    constants["one"] = np.ones((directions, 1, UNITS), np.float32)
    constants["shape"] = np.array([1, STEPS, -1])
    if take == "whole":
        nodes += [node("Transpose", "whole", "u", perm=[2, 0, 1, 3]), node("Reshape", "u shape", "y")]
    else:
        nodes += [node("Transpose", "last", "u", perm=[1, 0, 2]), node("Flatten", "u", "y")]
    return save_model(
        tmp_path / "model.onnx", nodes, {"x": (1, STEPS, N_IN)}, constants, opset=attributes.pop("opset", 14)
    )


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("LSTM", {}),
    "lstm_reverse": ("LSTM", {"direction": "reverse"}),
    "lstm_both_ways": ("LSTM", {"direction": "bidirectional"}),
    "lstm_activations": ("LSTM", {"activations": ["HardSigmoid", "Relu", "Tanh"]}),
    "gru": ("GRU", {}),
    "gru_linear_before_reset": ("GRU", {"linear_before_reset": 1, "direction": "bidirectional"}),
    "rnn": ("RNN", {"activations": ["Relu"]}),
    "zero_state": ("GRU", {"inputs": "- zero"}),
}


@pytest.mark.parametrize("take", ["whole", "last"])
@pytest.mark.parametrize("name", CASES)
def test_results(tmp_path: Path, name: str, take: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    op_type, options = CASES[name]
    path = save(tmp_path, op_type, take, **options)
    network = load_onnx(path)
    assert sum(isinstance(step, Recurrent) for step in network) == (
        2 if options.get("direction") == "bidirectional" else 1
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = RNG.normal(size=(6, STEPS, N_IN)).astype(np.float32)
    expected = np.concatenate([session.run(None, {"x": sample[None]})[0] for sample in x])
    (result,) = real.evaluate(network, {"x": x}).values()
    np.testing.assert_allclose(result, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip": 3.0}, "clip"),
        ({"inputs": "- one"}, "initial_h that is not zero"),
        ({"activations": ["Sigmoid", "Affine", "Tanh"]}, "activation 'Affine'"),
        (
            {"activations": ["HardSigmoid", "Tanh", "Tanh"], "activation_alpha": [0.3, 0.0, 0.0]},
            "activation_alpha",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        load_onnx(save(tmp_path, "LSTM", **options))
