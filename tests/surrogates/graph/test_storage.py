import io
import json
import zipfile

import numpy as np
import pytest

from accelgen.errors import ModelError
from accelgen.surrogates.graph import load, save
from accelgen.surrogates.graph.storage import _checksum
from tests.surrogates.graph.networks import random_network

NETWORK = random_network()


@pytest.fixture
def path(tmp_path):
    save(NETWORK, tmp_path / "weights.npz")
    return tmp_path / "weights.npz"


def rewrite(path, **changed):
    """Other arrays under a checksum that fits; None leaves one out."""
    with np.load(path) as archive:
        arrays = {**archive, **changed}
    arrays = {name: values for name, values in arrays.items() if values is not None and name != "sha256"}
    np.savez(path, **arrays, sha256=_checksum(arrays))


def about(path, **changed):
    with np.load(path) as archive:
        data = {**json.loads(archive["about"].tobytes()), **changed}
    return np.frombuffer(json.dumps(data).encode(), np.uint8)


def test_what_is_saved_comes_back(path):
    found = load(path)
    assert found.settings == NETWORK.settings
    assert found.serves == NETWORK.serves
    assert found.weights.keys() == NETWORK.weights.keys()
    for name, values in NETWORK.weights.items():
        np.testing.assert_array_equal(found.weights[name], values)


def test_the_same_weights_give_the_same_bytes(path, tmp_path):
    save(load(path), tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_every_truncation_is_refused(path):
    data = path.read_bytes()
    for size in [*range(200), *range(200, len(data), 997), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(ModelError, match=r"weights\.npz"):
            load(path)


def test_changed_bytes_are_refused(path):
    """All of the weights' bytes; some of the archive's own hold nothing that is read."""
    data = path.read_bytes()
    values = NETWORK.weights["encode"].tobytes()
    start = data.index(values)
    for place in range(start, start + len(values), 211):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(ModelError):
            load(path)


def test_a_changed_weight_under_its_old_checksum_is_refused(path):
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["read"] = arrays["read"] + 1
    np.savez(path, **arrays)
    with pytest.raises(ModelError, match="checksum"):
        load(path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"read": None}, "not those of one network"),
        ({"extra": np.ones(3, np.float32)}, "not those of one network"),
        ({"read": np.ones((3, 6, 7), np.float32)}, "not those of one network"),
        ({"self_1": None}, "not those of one network"),
        ({"encode": np.ones((2, 2), np.float32)}, "stack of matrices"),
        ({"encode": None}, "no graph network"),
        ({"read_bias": np.full((3, 1, 8), np.nan, np.float32)}, "no training gives"),
        ({"read_bias": np.full((3, 1, 8), np.inf, np.float32)}, "no training gives"),
        ({"read_bias": np.full((3, 1, 8), 1e9, np.float32)}, "no training gives"),
        ({"scale": np.full((1, 8), 11, np.float32)}, "no training gives"),
        ({"read_bias": np.zeros((3, 1, 8))}, "other values than weights"),
        ({"read_bias": np.zeros((0,), np.float32)}, "not as large as it says"),
    ],
)
def test_other_arrays_are_refused(path, changed, message):
    rewrite(path, **changed)
    with pytest.raises(ModelError, match=message):
        load(path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"format": 2}, "format 1"),
        ({"features": ["n_in"]}, "other figures"),
        ({"targets": []}, "other figures"),
        ({"settings": "all"}, "settings"),
        ({"settings": [1]}, "settings"),
        ({"serves": None}, "what it serves"),
        ({"serves": {"other": {}}}, "what it serves"),
        ({"serves": {NETWORK.settings[0]: {"uram": 0.1}}}, "does not predict"),
        ({"serves": {NETWORK.settings[0]: {"ff": float("nan")}}}, "no width"),
        ({"serves": {NETWORK.settings[0]: {"ff": -0.1}}}, "no width"),
        ({"serves": {NETWORK.settings[0]: {"ff": "wide"}}}, "no width"),
    ],
)
def test_other_descriptions_are_refused(path, changed, message):
    rewrite(path, about=about(path, **changed))
    with pytest.raises(ModelError, match=message):
        load(path)


def test_a_description_that_is_no_json_is_refused(path):
    rewrite(path, about=np.frombuffer(b"{" * 5000, np.uint8))
    with pytest.raises(ModelError):
        load(path)


def test_pickles_are_refused_unread(path):
    class Harm:
        def __reduce__(self):
            return pytest.fail, ("a pickle was executed",)

    np.savez(path, encode=np.array([Harm()], object))
    with pytest.raises(ModelError):
        load(path)


def test_compressed_files_are_refused_unread(path):
    np.savez_compressed(path, encode=np.zeros(100_000_000, np.uint8))
    with pytest.raises(ModelError, match="compressed"):
        load(path)


def test_an_array_that_claims_more_than_is_there_is_refused(path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 1 << 40)}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("encode.npy", header.getvalue() + bytes(16))
    with pytest.raises(ModelError, match="not as large as it says"):
        load(path)


def test_large_and_missing_files_are_refused(path):
    path.write_bytes(bytes(5_000_000))
    with pytest.raises(ModelError, match="larger"):
        load(path)
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load(path)
