"""HGQ proxy models: trained ones of others, and small ones written here."""

from pathlib import Path

import numpy as np
import pytest

from accelgen import real, reference
from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers import load
from accelgen.importers.keras.hgq_casts import casts
from accelgen.importers.keras.layer import KerasLayer
from accelgen.ir import FixedType, Lookup, Overflow, Quantize, QuantizeArray, Rounding
from accelgen.ir.fixed import from_real
from accelgen.passes.pipeline import exact_network
from tests.importers.keras.saved import entry, layer, sequential, write_h5

MODELS = Path(__file__).parents[4] / "shared" / "models"


@pytest.mark.parametrize("name", ["hgq_jet", "hgq_mnist"])
def test_proxy_models_give_every_bit_of_their_framework(name):
    folder = MODELS / name
    if not folder.is_dir():
        pytest.skip(f"no reference models at {MODELS}")
    network = load(folder / "model.h5")
    with np.load(folder / "reference.npz") as data:
        x, expected = data["x"], data["y"]
    feed = {network.inputs[0].name: x}
    np.testing.assert_array_equal(real.evaluate(network, feed)[network.outputs[0]], expected)
    exact = exact_network(network)
    np.testing.assert_array_equal(reference.predict(exact, feed)[exact.outputs[0]], expected)


def quantizer(name="q", rounding="TRN", overflow="WRAP"):
    return layer("FixedPointQuantizer", name, RND=rounding, SAT=overflow)


def bits(signed, width, integer):
    names = ("keep_negative", "bits", "integers")
    return {
        name: np.array(value, np.int8) for name, value in zip(names, (signed, width, integer), strict=True)
    }


def write(path, *layers, shape=(3,), **weights):
    return write_h5(path / "model.h5", sequential(entry(shape=shape), *layers), weights)


def test_one_type_for_all_elements_is_one_cast(tmp_path):
    path = write(tmp_path, quantizer(rounding="RND", overflow="SAT"), q=bits([1], [6], [3]))
    node = load(path)["q"]
    assert isinstance(node, Quantize)
    assert node.type == FixedType(6, 3, True, Rounding.RND, Overflow.SAT)


def test_a_type_for_every_element(tmp_path):
    path = write(tmp_path, quantizer(), q=bits([[1, 0, 1]], [[6, 0, 4]], [[3, 7, 5]]))
    network = load(path)
    node = network["q"]
    assert isinstance(node, QuantizeArray)
    assert node.width.shape == (3,)
    x = np.array([[3.9375, 5.0, 17.5], [4.0, -5.0, -17.5]])
    result = real.evaluate(network, {"x": x})["q"]
    np.testing.assert_array_equal(result, [[3.875, 0, -16], [-4, 0, 14]])


def test_elements_of_no_width_are_zero(tmp_path):
    path = write(tmp_path, quantizer(), q=bits([1], [0], [3]))
    np.testing.assert_array_equal(real.evaluate(load(path), {"x": np.ones((1, 3))})["q"], np.zeros((1, 3)))


def test_lookup_table_takes_its_index_modulo_its_size(tmp_path):
    table = np.arange(16) / 8
    path = write(tmp_path, layer("UnaryLUT", "u", kif_in=[1, 2, 1], kif_out=[0, 1, 3]), u={"table": table})
    network = load(path)
    assert isinstance(network["u"], Lookup)
    x = np.array([[1.5, -0.5, 4.0], [0.25, 0.75, -9.0]])
    expected = table[np.rint(x * 2).astype(int) % 16]
    np.testing.assert_array_equal(real.evaluate(network, {"x": x})["u"], expected)


@pytest.mark.parametrize(
    ("config", "variables", "error", "cause"),
    [
        (quantizer(rounding="NEAREST"), bits([1], [6], [3]), ModelError, "NEAREST"),
        (quantizer(overflow="WRAP_SM"), bits([1], [6], [3]), UnsupportedError, "WRAP_SM"),
        (quantizer(), bits([1], [-6], [3]), ModelError, "negative"),
        (quantizer(), bits([2], [6], [3]), ModelError, "keep-negative"),
        (quantizer(), bits([1, 1], [6, 5], [3, 3]), ModelError, "does not fit"),
        (quantizer(), bits([1], [6, 5, 4], [3]), ModelError, "different shapes"),
        (quantizer(), {"bits": np.array([6], np.int8)}, ModelError, "keep_negative"),
        (layer("UnaryLUT", "q", kif_in=[1, 60, 0]), {"table": np.zeros(2)}, ModelError, "kif_in"),
        (layer("UnaryLUT", "q", kif_in=[1, 2, 0]), {"table": np.zeros(2)}, ModelError, "shape"),
        (layer("UnaryLUT", "q"), {"table": np.zeros(2)}, ModelError, "kif_in"),
    ],
)
def test_what_is_malformed_or_unsupported_is_named(tmp_path, config, variables, error, cause):
    path = write(tmp_path, config, q=variables)
    with pytest.raises(error, match=cause):
        load(path)


@pytest.mark.parametrize("overflow", list(Overflow))
@pytest.mark.parametrize("rounding", list(Rounding))
def test_constants_are_cast_as_tensors_are(rounding, overflow):
    """On a grid where float32 is exact, so that both ways of rounding agree."""
    owner = KerasLayer("FixedPointQuantizer", "q", {}, (), {}, "m")
    values = np.arange(-300, 300) / 16
    for width, integer, signed in ((5, 3, 1), (4, 4, 0), (1, 2, 1), (6, 1, 1), (3, 6, 0)):
        arrays = (np.array([float(value)]) for value in (width, integer, signed))
        own = casts(owner, *arrays, rounding.name, overflow.name)
        expected = from_real(values, FixedType(width, integer, bool(signed), rounding, overflow)).values
        np.testing.assert_array_equal(own.applied(values), expected)
