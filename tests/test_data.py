import numpy as np
import pytest

from accelgen.data import read_labels, read_samples
from accelgen.errors import UsageError
from accelgen.ir import Concatenate, Input, Network, Relu

ONE = Network((Input("pixels", shape=(2, 3)), Relu("r", ("pixels",))), ("r",))
TWO = Network(
    (
        Input("a", shape=(2,)),
        Input("b", shape=(3,)),
        Concatenate("c", ("a", "b")),
        Relu("r", ("c",)),
    ),
    ("c", "r"),
)


def save(folder, **arrays):
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return path


def test_x_and_y_of_one_input_and_output(tmp_path):
    x, y = np.arange(24).reshape(4, 2, 3), np.ones((4, 2, 3), np.float32)
    samples = read_samples(save(tmp_path, x=x, y=y, label=np.array(["dog"] * 4)), ONE)
    np.testing.assert_array_equal(samples.inputs["pixels"], x)
    np.testing.assert_array_equal(samples.outputs[0], y)


@pytest.mark.parametrize(
    "keys", [("x_a", "x_b", "y_c", "y_r"), ("a", "b", "c", "r"), ("x_0", "x_1", "y_0", "y_1")]
)
def test_several_inputs_and_outputs_by_name_or_position(tmp_path, keys):
    rng = np.random.default_rng(0)
    arrays = [rng.random((4, size)) for size in (2, 3, 5, 5)]
    samples = read_samples(save(tmp_path, **dict(zip(keys, arrays, strict=True))), TWO)
    for found, array in zip((*samples.inputs.values(), *samples.outputs), arrays, strict=True):
        np.testing.assert_array_equal(found, array)


def test_outputs_may_be_missing(tmp_path):
    assert read_samples(save(tmp_path, x=np.zeros((1, 2, 3))), ONE).outputs is None


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "holds no array 'x'"),
        ({"x": np.zeros((4, 3, 2))}, r"'x' has shape \(4, 3, 2\), the network needs \(n, 2, 3\)"),
        ({"x": np.zeros((0, 2, 3))}, "holds no samples"),
        ({"x": np.full((1, 2, 3), np.nan)}, "not finite"),
        ({"x": np.full((1, 2, 3), "a")}, "not numeric"),
        ({"x": np.zeros((1, 2, 3), complex)}, "not numeric"),
        ({"x": np.zeros((2, 2, 3)), "y": np.zeros((3, 2, 3))}, "'y' holds 3 samples"),
        ({"x": np.full((1, 2, 3), {}, object)}, "cannot be read"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, arrays, message):
    with pytest.raises(UsageError, match=message):
        read_samples(save(tmp_path, **arrays), ONE)


@pytest.mark.parametrize("missing", ["x_a", "x_b", "y_c", "y_r"])
def test_all_or_none_of_several(tmp_path, missing):
    sizes = {"x_a": 2, "x_b": 3, "y_c": 5, "y_r": 5}
    arrays = {key: np.zeros((1, size)) for key, size in sizes.items() if key != missing}
    with pytest.raises(UsageError, match=f"holds no array '{missing}'"):
        read_samples(save(tmp_path, **arrays), TWO)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x93NUMPY", b"not an archive"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"data\.npz"):
        read_samples(path, ONE)


def test_a_single_array_is_refused_with_the_cure(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((1, 2, 3)))
    with pytest.raises(UsageError, match=r"numpy\.savez"):
        read_samples(tmp_path / "x.npy", ONE)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.npz cannot be read"):
        read_samples(tmp_path / "absent.npz", ONE)


@pytest.mark.parametrize("key", ["label", "labels"])
def test_labels_are_read(tmp_path, key):
    x, labels = np.zeros((4, 2, 3)), np.arange(8).reshape(4, 2) % 3
    path = save(tmp_path, x=x, y=np.ones((4, 2, 3)), **{key: labels})
    np.testing.assert_array_equal(read_labels(path, ONE), labels)


def test_one_hot_outputs_are_labels_and_others_are_not(tmp_path):
    x, labels = np.zeros((4, 2, 3)), np.arange(8).reshape(4, 2) % 3
    np.testing.assert_array_equal(read_labels(save(tmp_path, x=x, y=np.eye(3)[labels]), ONE), labels)
    assert read_labels(save(tmp_path, x=x, y=np.full((4, 2, 3), 0.5)), ONE) is None
    assert read_labels(save(tmp_path, x=x, y=np.ones((4, 2, 3))), ONE) is None
    assert read_labels(save(tmp_path, x=x), ONE) is None


def test_labels_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(UsageError, match="'label' has shape"):
        read_labels(save(tmp_path, x=np.zeros((4, 2, 3)), label=np.zeros(4)), ONE)
