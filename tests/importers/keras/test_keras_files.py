"""The file formats, and files that are broken or hostile: an AccelgenError, never anything else."""

import contextlib
import json
import os
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelgen import real
from accelgen.errors import AccelgenError, ModelError, UnsupportedError, UsageError
from accelgen.importers import load
from tests.importers.keras.saved import (
    dense,
    dense_weights,
    entry,
    layer,
    sequential,
    write_archive,
    write_h5,
    write_json,
    write_weights,
)

CONFIG = sequential(entry(), dense("d", 2))
WEIGHTS = {"d": dense_weights()}
NUMBERED = {"layers/dense": list(WEIGHTS["d"].values())}
X = np.arange(6.0).reshape(2, 3)
Y = X @ WEIGHTS["d"]["kernel"] + WEIGHTS["d"]["bias"]


def result_of(path, weights=None):
    network = load(path, weights)
    return real.evaluate(network, {"x": X})[network.outputs[0]]


def test_one_h5_file(tmp_path):
    np.testing.assert_array_equal(result_of(write_h5(tmp_path / "any.name", CONFIG, WEIGHTS)), Y)


def test_an_archive(tmp_path):
    np.testing.assert_array_equal(result_of(write_archive(tmp_path / "any.name", CONFIG, NUMBERED)), Y)


@pytest.mark.parametrize("name", ["net_weights.h5", "net.weights.h5", "model_weights.h5"])
def test_json_finds_its_weights(tmp_path, name):
    np.testing.assert_array_equal(result_of(write_json(tmp_path / "net.json", CONFIG, WEIGHTS, name)), Y)


def test_json_with_named_weights(tmp_path):
    path = write_json(tmp_path / "net.json", CONFIG, WEIGHTS, "elsewhere")
    np.testing.assert_array_equal(result_of(str(path), str(tmp_path / "elsewhere")), Y)
    with pytest.raises(ModelError, match=r"net\.json: no weights beside it"):
        load(path)


def test_json_takes_the_weights_of_a_whole_model(tmp_path):
    path = write_json(tmp_path / "net.json", CONFIG, WEIGHTS)
    whole = write_h5(tmp_path / "whole.h5", CONFIG, WEIGHTS)
    np.testing.assert_array_equal(result_of(path, whole), Y)


def test_weight_names_split_over_attributes(tmp_path):
    path = write_h5(tmp_path / "m.h5", CONFIG, WEIGHTS)
    with h5py.File(path, "a") as file:
        group = file["model_weights/d"]
        for number, name in enumerate(group.attrs.pop("weight_names")):
            group.attrs[f"weight_names{number}"] = [name]
    np.testing.assert_array_equal(result_of(path), Y)


def test_weights_beside_a_file_that_holds_its_own_are_refused(tmp_path):
    path = write_h5(tmp_path / "m.h5", CONFIG, WEIGHTS)
    with pytest.raises(UsageError, match="holds its own weights"):
        load(path, path)


@pytest.mark.parametrize("name", ["absent.h5", "", "\0"])
def test_what_is_no_file(tmp_path, name):
    with pytest.raises(ModelError):
        load(os.path.join(tmp_path, name))  # noqa: PTH118 (a null byte is the point)


def test_an_empty_file(tmp_path):
    (tmp_path / "m.h5").touch()
    with pytest.raises(ModelError, match="is empty"):
        load(tmp_path / "m.h5")


def test_weights_without_a_model(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        write_weights(file, WEIGHTS)
    with pytest.raises(ModelError, match="weights only"):
        load(tmp_path / "w.h5")


@pytest.mark.parametrize(
    "text", ["{", "[1]", "{}", '{"class_name": "Sequential"}', '{"a":' * 5000, '{"a": NaN', "{\xff"]
)
def test_json_that_is_no_model(tmp_path, text):
    (tmp_path / "m.json").write_text(text, "latin-1")
    (tmp_path / "m.weights.h5").write_bytes(write_h5(tmp_path / "w", CONFIG, WEIGHTS).read_bytes())
    with pytest.raises(ModelError):
        load(tmp_path / "m.json")


def test_missing_and_misshapen_weights_name_the_layer(tmp_path):
    with pytest.raises(ModelError, match=r"layer 'd' \(Dense\): the weights file holds no 'kernel'"):
        load(write_h5(tmp_path / "a.h5", CONFIG, {"other": {}}))
    with pytest.raises(ModelError, match=r"layer 'd' .*'kernel' has shape \(4, 2\), expected \(3, 2\)"):
        load(write_h5(tmp_path / "b.h5", CONFIG, {"d": dense_weights(4)}))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(tmp_path, value):
    weights = dense_weights()
    weights["kernel"][1, 1] = value
    with pytest.raises(ModelError, match="not finite"):
        load(write_h5(tmp_path / "m.h5", CONFIG, {"d": weights}))


def replaced(path, **options):
    """The H5 file with the kernel replaced by a dataset made with ``options``."""
    with h5py.File(path, "a") as file:
        group = file["model_weights/d/d"]
        del group["kernel:0"]
        group.create_dataset("kernel:0", **options)
    return path


def test_a_claim_of_terabytes(tmp_path):
    path = replaced(
        write_h5(tmp_path / "m.h5", CONFIG, WEIGHTS),
        shape=(1 << 30, 1 << 10),
        chunks=(1, 1 << 10),
        dtype="f8",
        compression="gzip",
    )
    with pytest.raises(ModelError, match=r"claims \d+ bytes"):
        load(path)


def test_values_in_another_file(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(48))
    external = [(str(tmp_path / "secret"), 0, 48)]
    path = replaced(write_h5(tmp_path / "m.h5", CONFIG, WEIGHTS), shape=(3, 2), dtype="f8", external=external)
    with pytest.raises(ModelError, match="another file"):
        load(path)


@pytest.mark.parametrize(
    "link", [h5py.ExternalLink("other.h5", "/k"), h5py.SoftLink("/model_weights/d/d/bias:0")]
)
def test_links_are_not_followed(tmp_path, link):
    path = write_h5(tmp_path / "m.h5", CONFIG, WEIGHTS)
    with h5py.File(path, "a") as file:
        del file["model_weights/d/d/kernel:0"]
        file["model_weights/d/d/kernel:0"] = link
    with pytest.raises(ModelError, match="link"):
        load(path)


def test_groups_that_hold_themselves(tmp_path):
    path = write_archive(tmp_path / "m.keras", CONFIG, NUMBERED)
    with zipfile.ZipFile(path) as archive:
        (tmp_path / "w.h5").write_bytes(archive.read("model.weights.h5"))
    with h5py.File(tmp_path / "w.h5", "a") as file:
        file["layers/dense/again"] = file["layers/dense"]
    (tmp_path / "m.json").write_text(json.dumps(CONFIG))
    with pytest.raises(ModelError, match="nested too deep"):
        load(tmp_path / "m.json", tmp_path / "w.h5")


def test_strings_for_weights(tmp_path):
    path = replaced(write_h5(tmp_path / "m.h5", CONFIG, WEIGHTS), data=[b"text"])
    with pytest.raises(ModelError, match="not numeric"):
        load(path)


def test_an_archive_that_expands_without_end(tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (32 << 20) + b"{}")
    with pytest.raises(ModelError, match="claims"):
        load(path)


def test_an_archive_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(ModelError, match=r"no \.keras archive"):
        load(tmp_path / "m.zip")


def test_tensors_too_large_for_any_hardware(tmp_path):
    padding = layer("ZeroPadding1D", "pad", padding=[0, 10**12])
    path = write_h5(tmp_path / "m.h5", sequential(entry(shape=(3, 2)), padding), {"other": {}})
    with pytest.raises(ModelError, match="too large"):
        load(path)


def test_lambda_layers_are_refused(tmp_path):
    code = layer("Lambda", "code", function=["4wEAAAAAAAAA", None, None])
    path = write_h5(tmp_path / "m.h5", sequential(entry(), code), {"other": {}})
    with pytest.raises(UnsupportedError, match=r"layer 'code'.*never executed"):
        load(path)


def test_unknown_classes_are_refused_with_what_there_is(tmp_path):
    path = write_h5(tmp_path / "m.h5", sequential(entry(), layer("Mystery", "m")), {"other": {}})
    with pytest.raises(UnsupportedError, match=r"class 'Mystery' is not supported; these are: .*Dense"):
        load(path)


NAMES = ['a"; exec {rm -rf /}', "../../x", "class", "größe ∑", "a b", "d/d", "x" * 2000, "{0}", "%s\n"]


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_as_they_are(tmp_path, name):
    path = tmp_path / "m.keras"
    network = load(write_archive(path, sequential(entry(), dense(name, 2)), NUMBERED))
    assert network.outputs == (name,)


FILES = {
    "h5": lambda path: write_h5(path, CONFIG, WEIGHTS),
    "keras": lambda path: write_archive(path, CONFIG, NUMBERED),
    "deflated keras": lambda path: write_archive(path, CONFIG, NUMBERED, zipfile.ZIP_DEFLATED),
    "json": lambda path: write_json(path, CONFIG, WEIGHTS),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    for kind, write in FILES.items():
        write(folder / kind)
    return folder


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_files_raise_only_our_errors(folder, data):
    kind = data.draw(st.sampled_from(sorted(FILES)))
    content = bytearray((folder / kind).read_bytes())
    magic = 8  # what tells the format stays whole
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(magic, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.just(len(content)) | st.integers(magic, len(content)))
    path = folder / "broken"
    path.write_bytes(bytes(content[:cut]))
    with contextlib.suppress(AccelgenError):
        load(path, folder / "model_weights.h5" if kind == "json" else None)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10)
    | st.floats()
    | st.sampled_from(["x", "d", "Dense", "same"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["config", "class_name"]), inner)
    ),
    max_leaves=4,
)


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def with_value(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_value(copy[path[0]], path[1:], new)
    return copy


LARGER = sequential(
    entry(shape=(4, 4, 1)),
    layer("Conv2D", "c", filters=2, kernel_size=[3, 3], padding="same", strides=[1, 1], use_bias=False),
    layer("BatchNormalization", "b", axis=[3], epsilon=0.001, center=False, scale=False),
    layer("ReLU", "r", max_value=6.0, threshold=0.5, negative_slope=0.1),
    layer("MaxPooling2D", "p", pool_size=[2, 2], strides=[2, 2], padding="valid"),
    layer("ZeroPadding2D", "z", padding=[[1, 1], [0, 2]], data_format="channels_last"),
    layer("Softmax", "s", axis=1),
    layer("Reshape", "f", target_shape=[-1, 3]),
    layer("Permute", "m", dims=[2, 1]),
    layer("Dense", "d", units=2, activation="hard_sigmoid", use_bias=True),
)
LARGER_WEIGHTS = {
    "c": {"kernel": np.ones((3, 3, 1, 2))},
    "b": {"moving_mean": np.zeros(2), "moving_variance": np.ones(2)},
    "d": dense_weights(8),
}


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wrong_types_in_a_configuration_raise_only_our_errors(tmp_path, data):
    path = data.draw(st.sampled_from(sorted(filter(None, places(LARGER)), key=str)))
    config = with_value(LARGER, path, data.draw(ANYTHING))
    with contextlib.suppress(AccelgenError):
        load(write_json(tmp_path / "m.json", config, LARGER_WEIGHTS))
