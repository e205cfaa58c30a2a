"""Types chosen from data: what they cost is reported, and design.yaml repeats them without the data."""

import json
from pathlib import Path

import numpy as np
import pytest

import accelgen
from accelgen.calibration import tensor_errors
from accelgen.design import Design
from accelgen.errors import UsageError
from accelgen.ir import FixedType
from accelgen.ir.serialize import load as load_network
from accelgen.passes.pipeline import ChooseTypes, simplify

MODEL = Path(__file__).parent / "models" / "keras_mlp"


@pytest.fixture(scope="module")
def model():
    return accelgen.load(MODEL / "model.json")


@pytest.fixture
def calibrated(model, tmp_path):
    return model.build(tmp_path / "a", board="pynq-z2", calibration=MODEL / "reference.npz")


def _constants(directory):
    return {
        (node.name, what): value
        for node in load_network(directory / "network.npz")
        for what, value in vars(node).items()
        if isinstance(value, np.ndarray)
    }


def test_design_file_repeats_the_numbers_without_the_data(model, calibrated, tmp_path):
    again = model.build(tmp_path / "b", config=tmp_path / "a" / "design.yaml")
    first, second = _constants(tmp_path / "a"), _constants(tmp_path / "b")
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])
    assert again.report.layers == calibrated.report.layers
    assert again.report.calibration == ()


def test_an_edited_type_is_used(model, calibrated, tmp_path):
    path = calibrated.directory / "design.yaml"
    edited = tmp_path / "edited.yaml"
    edited.write_text(path.read_text().replace("ufixed<16,3,RND_CONV,SAT>", "ufixed<9,3,RND,SAT>"))
    build = model.build(tmp_path / "b", config=edited)
    assert [layer for layer in build.report.layers if layer.types["result"] == "ufixed<9,3,RND,SAT>"]


def test_a_type_for_nothing_is_refused_with_the_nearest_name(model, calibrated, tmp_path):
    path = tmp_path / "edited.yaml"
    text = (calibrated.directory / "design.yaml").read_text()
    path.write_text(text.replace("  relu:\n", "  relo:\n"))
    with pytest.raises(UsageError, match=r"'relo'.*did you mean 'relu'"):
        model.build(tmp_path / "b", config=path)


def test_given_precision_wins_over_the_files_types(model, calibrated, tmp_path):
    config = calibrated.directory / "design.yaml"
    build = model.build(tmp_path / "b", config=config, precision="10,4")
    assert "fixed<10,4,RND_CONV,SAT>" in {layer.types["result"] for layer in build.report.layers}


def test_reported_errors_are_those_of_the_tensors(model):
    with np.load(MODEL / "reference.npz") as data:
        samples = {model.network.inputs[0].name: data["x"]}
    choose = ChooseTypes(FixedType.parse("8,4"), samples)
    adopted = choose.adopt(simplify(model.network))
    types = choose.plan(adopted)
    errors = {e.layer: e for e in tensor_errors(adopted, choose.apply(adopted, types), types, samples)}
    assert set(errors) == {"relu", "output", "output/activation"}
    step = FixedType.parse(errors["relu"].type).step
    assert step / 4 < errors["relu"].max_abs_error < 8 * step
    assert errors["relu"].mean_abs_error <= errors["relu"].max_abs_error


def test_build_json_holds_the_errors(calibrated):
    report = json.loads((calibrated.directory / "build.json").read_text())
    assert {entry["layer"] for entry in report["calibration"]} == {"relu", "output", "output/activation"}
    assert all(0 <= entry["max_abs_error"] < 1e-2 for entry in report["calibration"])


def test_a_type_that_the_model_settles_itself_is_refused(model, calibrated, tmp_path):
    path = tmp_path / "edited.yaml"
    text = (calibrated.directory / "design.yaml").read_text()
    path.write_text(text + "  dropout:\n    weight: fixed<8,1>\n")
    with pytest.raises(UsageError, match="'dropout'"):
        model.build(tmp_path / "b", config=path)


@pytest.mark.parametrize("text", ["types: [1]", "types: {a: {result: 7}}", "types: {a: {result: null}}"])
def test_malformed_types_are_refused(text):
    with pytest.raises(UsageError, match="types"):
        Design.from_yaml(text)
