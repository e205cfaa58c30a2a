"""Real trained models, against what onnxruntime or qonnx computed for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accelgen import real
from accelgen.importers.onnx import load_onnx
from accelgen.passes.pipeline import simplify

MODELS = Path(__file__).parents[4] / "shared" / "models"
NAMES = ("onnx_mlp", "onnx_conv1d", "qonnx_jet", "qonnx_tfc_w1a1", "qonnx_tfc_w1a2", "qonnx_kws")


@pytest.mark.parametrize("name", NAMES)
def test_gives_what_the_framework_gives(name):
    folder = MODELS / name
    if not folder.is_dir():
        pytest.skip(f"the shared models are not there: {folder}")
    network = load_onnx(folder / "model.onnx")
    with np.load(folder / "reference.npz") as data:
        x, want = data["x"], data["y"]
    for version in (network, simplify(network)):
        (node,) = version.inputs
        assert node.shape == x.shape[1:]
        got = real.evaluate(version, {node.name: x})[version.outputs[0]]
        assert np.array_equal(got.argmax(-1), want.argmax(-1))
        assert np.abs(got - want).max() <= 1e-6 * np.abs(want).max() + 1e-6
