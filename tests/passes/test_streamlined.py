"""Few-bit models become integer products followed directly by thresholds, whichever importer read them."""

from pathlib import Path

import numpy as np
import pytest

from accelgen import reference
from accelgen.design.few_bit import few_bit_matrix
from accelgen.importers import load
from accelgen.ir import Affine, Conv, Dense, Network, Node, Quantize, Threshold
from accelgen.passes.pipeline import exact_network

SHARED = Path(__file__).parents[3] / "shared" / "models"
OWN = Path(__file__).parents[1] / "models"
SHARED_MODELS = [
    "qonnx_tfc_w1a1/model.onnx",
    "qonnx_tfc_w1a2/model.onnx",
    "qonnx_kws/model.onnx",
    "keras_binary_mlp/model.json",
    "keras_ternary_mlp/model.json",
]
OWN_MODELS = ["qonnx_binary_mlp/model.onnx", "qkeras_binary_mlp/model.keras", "qkeras_binary_cnn/model.keras"]


def _products(network: Network) -> list[Node]:
    return [node for node in network if isinstance(node, Dense | Conv)]


@pytest.mark.parametrize(
    "path", [*(SHARED / name for name in SHARED_MODELS), *(OWN / name for name in OWN_MODELS)]
)
def test_every_hidden_product_is_of_few_bits_and_thresholds_follow(path):
    if not path.is_file():
        pytest.skip(f"no model {path}")
    exact = exact_network(load(path))
    *hidden, last = _products(exact)
    for node in hidden:
        (user,) = exact.consumers[node.name]
        assert isinstance(user, Threshold)
        on_grid = np.ldexp(user.thresholds, exact.types[node.name].fraction)
        assert np.array_equal(on_grid, np.rint(on_grid))
        assert node.bias is None
    for node in [*hidden, last]:
        assert few_bit_matrix(node, exact) is not None
    first_to_last = exact.nodes[exact.nodes.index(hidden[0]) : exact.nodes.index(last)]
    assert not [node.name for node in first_to_last if isinstance(node, Affine | Quantize)]
    with np.load(path.with_name("reference.npz")) as data:
        x, expected = data["x"][:300], data["y"][:300]
    result = reference.predict(exact, {exact.inputs[0].name: x})[exact.outputs[0]]
    assert (result.argmax(-1) == expected.argmax(-1)).all()


def test_only_the_8_bit_input_of_kws_keeps_a_scale():
    path = SHARED / "qonnx_kws/model.onnx"
    if not path.is_file():
        pytest.skip(f"no model {path}")
    exact = exact_network(load(path))
    scales = [node.name for node in exact if isinstance(node, Affine | Quantize)]
    assert scales == ["Quant_3/unscale", "Quant_3", "MatMul_50/scale", "MatMul_50/scale/result"]
