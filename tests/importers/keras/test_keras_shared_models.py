"""Real trained models of others, against what their own framework computed for them."""

from pathlib import Path

import numpy as np
import pytest

from accelgen import real
from accelgen.importers import load

MODELS = Path(__file__).parents[4] / "shared" / "models"
NAMES = [
    "keras_mlp",
    "keras_mlp_bn",
    "keras_conv1d_small",
    "keras_conv2d_small",
    "keras_binary_mlp",
    "keras_ternary_mlp",
]


@pytest.mark.parametrize("name", NAMES)
def test_float_keras_models(name):
    folder = MODELS / name
    if not folder.is_dir():
        pytest.skip(f"no reference models at {MODELS}")
    network = load(folder / "model.json")
    with np.load(folder / "reference.npz") as data:
        x, expected = data["x"], data["y"]
    result = real.evaluate(network, {network.inputs[0].name: x})[network.outputs[0]]
    np.testing.assert_allclose(result, expected, rtol=0, atol=5e-6)
    assert (result.argmax(-1) == expected.argmax(-1)).all()
