"""Broken, hostile and unsupported files: a clear error of our own, and nothing else."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers.onnx import load_onnx
from accelgen.importers.onnx.op import CONVERTERS, FOLDERS
from tests.importers.onnx.build import CUSTOM, node, save_model


def model_bytes(tmp_path) -> bytes:
    constants = {
        "w": np.ones((3, 2, 3, 3), np.float32),
        "s": np.array([-1, 27], np.int64),
        "v": np.ones((27, 4), np.float32),
        "q": np.float32(0.25),
        "z": np.float32(0),
        "n": np.float32(4),
    }
    nodes = [
        node("Conv", "x w", "c", pads=[1, 1, 0, 0]),
        node("Quant", "c q z n", "d", domain=CUSTOM[0], signed=1, narrow=0, rounding_mode="ROUND"),
        node("MaxPool", "d", "p", kernel_shape=[1, 1]),
        node("Reshape", "p s", "f"),
        node("Gemm", "f v", "y"),
    ]
    path = save_model(tmp_path / "good.onnx", nodes, {"x": (1, 2, 4, 4)}, constants)
    load_onnx(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return model_bytes(tmp_path_factory.mktemp("good"))


def load_bytes(tmp_path, data: bytes):
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    return load_onnx(path)


def converts_or_refuses(tmp_path, data: bytes) -> None:
    """Any error but a ModelError fails the test, and so does one that does not name the file."""
    try:
        load_bytes(tmp_path, data)
    except ModelError as error:
        message = str(error)
    else:
        return
    assert "m.onnx" in message


def test_every_truncation_is_refused_or_still_a_model(good, tmp_path):
    for length in range(0, len(good), 7):
        with pytest.raises(ModelError, match=r"m\.onnx"):
            load_bytes(tmp_path, good[:length])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bytes_never_give_another_error(good, tmp_path, data):
    broken = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    converts_or_refuses(tmp_path, bytes(broken))


_SIZES = st.integers(-3, 9)
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [
            *("axis", "axes", "perm", "pads", "kernel_shape", "strides", "dilations", "group", "auto_pad"),
            *("keepdims", "alpha", "value", "mode", "scales", "split", "starts", "ends", "to", "allowzero"),
            *("signed", "narrow", "rounding_mode", "block_size", "start", "end", "ceil_mode", "epsilon"),
        ]
    ),
    st.one_of(
        _SIZES,
        st.floats(allow_nan=True, width=32),
        st.sampled_from(["SAME_UPPER", "CEIL", "x"]),
        st.lists(_SIZES, min_size=1, max_size=5),
        st.just(2**62),
        st.lists(st.just(-(2**63)), min_size=1, max_size=4),
    ),
    max_size=3,
)
_SHAPES = st.lists(st.integers(0, 4), max_size=5).map(tuple)
_CONSTANTS = st.builds(
    np.full, _SHAPES, st.sampled_from([0, 1, -1, 2, 3, 1 << 40]), st.sampled_from(["<i8", "<f4"])
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    op_type=st.sampled_from(sorted({*CONVERTERS, *FOLDERS, "Shape"})),
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple),
    inputs=st.lists(st.sampled_from(["x", "x", "a", "b", "-"]), max_size=6),
    first=_CONSTANTS,
    second=_CONSTANTS,
    attributes=_ATTRIBUTES,
    opset=st.sampled_from([9, 11, 13, 18]),
)
def test_any_use_of_an_operator_converts_or_is_refused(
    op_type, tmp_path, shape, inputs, first, second, attributes, opset
):
    domain = CUSTOM[0] if op_type in ("Quant", "IntQuant", "BipolarQuant", "Trunc", "MultiThreshold") else ""
    nodes = [node(op_type, " ".join(inputs), "r", domain=domain, **attributes), node("Relu", "r", "y")]
    constants = {"a": first, "b": second}
    path = save_model(tmp_path / "m.onnx", nodes, {"x": shape}, constants, opset=opset)
    converts_or_refuses(tmp_path, path.read_bytes())


def changed(good, change):
    model = onnx.ModelProto.FromString(good)
    change(model.graph)
    return model.SerializeToString()


def outside(good, **entries):
    """The model with its constant 'v' (27 x 4) in another file."""

    def change(graph):
        tensor = next(t for t in graph.initializer if t.name == "v")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=value)

    return changed(good, change)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "../secret.bin"}, "outside of the model's folder"),
        ({"location": "/etc/passwd"}, "outside of the model's folder"),
        ({"location": "link.bin"}, "outside of the model's folder"),
        ({"location": "a\0b"}, "outside of the model's folder"),
        ({}, "outside of the model's folder"),
        ({"location": "absent.bin"}, "not beside the model"),
        ({"location": "short.bin"}, "needs 432 bytes"),
        ({"location": "data.bin", "offset": "8"}, "needs 432 bytes"),
        ({"location": "data.bin", "offset": "-8"}, "needs 432 bytes"),
        ({"location": "data.bin", "length": "4"}, "needs 432 bytes"),
        ({"location": "data.bin", "offset": "x"}, "no place"),
        ({"location": "."}, "directory"),
    ],
)
def test_external_data_that_are_not_there(good, tmp_path, entries, message):
    folder = tmp_path / "model"
    folder.mkdir()
    data = np.ones((27, 4), np.float32).tobytes()
    (tmp_path / "secret.bin").write_bytes(data)
    (folder / "data.bin").write_bytes(data)
    (folder / "short.bin").write_bytes(data[:-4])
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(ModelError, match=message):
        load_bytes(folder, outside(good, **entries))


@pytest.mark.parametrize("dims", [(1 << 40,), (1 << 20, 1 << 20), (-1, -27), (5,)])
def test_claims_that_the_data_do_not_fill(good, tmp_path, dims):
    def change(graph):
        tensor = next(t for t in graph.initializer if t.name == "v")
        tensor.dims[:] = dims

    with pytest.raises(ModelError, match="'v' claims the shape"):
        load_bytes(tmp_path, changed(good, change))


def test_nan_weights(good, tmp_path):
    def change(graph):
        tensor = next(t for t in graph.initializer if t.name == "w")
        tensor.raw_data = np.full((3, 2, 3, 3), np.nan, np.float32).tobytes()

    with pytest.raises(ModelError, match="'w' holds values that are not numbers"):
        load_bytes(tmp_path, changed(good, change))


def test_cycle(tmp_path):
    nodes = [node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")]
    with pytest.raises(ModelError, match="stands in a cycle"):
        load_onnx(save_model(tmp_path / "m.onnx", nodes, {"x": (1, 3)}))


def test_nodes_in_any_order_are_sorted(tmp_path):
    nodes = [node("Relu", "a", "y"), node("Neg", "x", "a")]
    assert len(load_onnx(save_model(tmp_path / "m.onnx", nodes, {"x": (1, 3)})).nodes) == 3


def test_missing_tensor(tmp_path):
    with pytest.raises(ModelError, match=r"'Add of y' \(Add\) uses 'nowhere'"):
        load_onnx(save_model(tmp_path / "m.onnx", [node("Add", "x nowhere")], {"x": (1, 3)}))


def test_two_nodes_of_one_result(tmp_path):
    nodes = [node("Relu", "x", "y"), node("Tanh", "x", "y")]
    with pytest.raises(ModelError, match="two nodes give a tensor named 'y'"):
        load_onnx(save_model(tmp_path / "m.onnx", nodes, {"x": (1, 3)}))


@pytest.mark.parametrize(
    ("op_type", "domain"), [("STFT", ""), ("Relu", "com.evil"), ("Lambda", "ai.onnx.contrib"), ("Quant", "x")]
)
def test_unknown_operators_are_refused_by_name(tmp_path, op_type, domain):
    path = save_model(tmp_path / "m.onnx", [node(op_type, "x", domain=domain)], {"x": (1, 3)})
    with pytest.raises(UnsupportedError, match=rf"{op_type} of y.*{op_type}.*supported: .*Conv"):
        load_onnx(path)


@pytest.mark.parametrize("op_type", ["ArgMax", "LogSoftmax"])
def test_operators_that_end_models_are_refused_with_what_to_do(tmp_path, op_type):
    path = save_model(tmp_path / "m.onnx", [node(op_type, "x")], {"x": (1, 3)})
    with pytest.raises(UnsupportedError, match=rf"{op_type!r} is not supported; end the model with"):
        load_onnx(path)


def test_control_flow_is_refused(tmp_path):
    body = helper.make_graph([node("Relu", "x", "z")], "body", [], [helper.make_empty_tensor_value_info("z")])
    nodes = [node("If", "x", "y", then_branch=body, else_branch=body)]
    with pytest.raises(UnsupportedError, match="control flow"):
        load_onnx(save_model(tmp_path / "m.onnx", nodes, {"x": (1,)}))


@pytest.mark.parametrize(
    ("shape", "message"),
    [((1, "n", 3), "no fixed size along axis 1"), ((1, 1 << 40), "has the shape"), (("n",), "no fixed size")],
)
def test_inputs_without_a_usable_shape(tmp_path, shape, message):
    with pytest.raises(ModelError, match=message):
        load_onnx(save_model(tmp_path / "m.onnx", [node("Relu", "x")], {"x": shape}))


def test_older_operator_sets_are_refused(tmp_path):
    with pytest.raises(UnsupportedError, match="operator set 7; 9 and later"):
        load_onnx(save_model(tmp_path / "m.onnx", [node("Relu", "x")], {"x": (1, 3)}, opset=7))


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        load_onnx(tmp_path / "none.onnx")


def test_names_are_taken_as_they_are(tmp_path):
    name = 'a"; exec {rm -rf /}'
    path = save_model(tmp_path / "m.onnx", [node("Relu", "x")], {"x": (1, 3)})
    model = onnx.load(path)
    model.graph.node[0].name = name
    assert load_bytes(tmp_path, model.SerializeToString()).outputs == (name,)


def test_a_result_too_large_for_hardware(tmp_path):
    pads = np.array([0, 0, 1 << 19, 1 << 19, 0, 0, 0, 0], np.int64)
    path = save_model(tmp_path / "m.onnx", [node("Pad", "x p")], {"x": (1, 2, 4, 4)}, {"p": pads})
    with pytest.raises(ModelError, match="too large for hardware"):
        load_onnx(path)
