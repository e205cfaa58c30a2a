from dataclasses import fields
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import accelgen
from accelgen.choices import Choices, Options
from accelgen.design import Design, IoType, LayerDesign, RowSharing, Strategy, WeightMemory
from accelgen.design.folding import Folding
from accelgen.errors import UsageError
from accelgen.ir import FixedType, Overflow, Rounding

EXAMPLES = Path(__file__).resolve().parents[1] / "examples/jet_tagger"
TAGGER, TEST_JETS = EXAMPLES / "model.keras", EXAMPLES / "test.npz"


def test_load_build_verify(tmp_path):
    build = accelgen.load(TAGGER).build(tmp_path / "p", board="pynq-z2", strategy="resource", reuse_factor=16)
    assert build.design.default.strategy is Strategy.RESOURCE
    assert build.design.layer("fc1").reuse_factor == 16
    found = build.verify(TEST_JETS)
    assert found.passed
    assert found == accelgen.verify(tmp_path / "p", TEST_JETS)
    assert found.agreement.argmax_agreement == 1.0


def test_a_model_knows_its_files():
    sources = accelgen.load(str(TAGGER)).sources
    assert list(sources) == ["model.keras"]
    assert len(sources["model.keras"]) == 64


def test_a_live_onnx_model_is_built_like_its_file(tmp_path):
    weight = numpy_helper.from_array(np.float32([[0.5, -0.25], [1.0, 0.75]]), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    onnx.save(model, tmp_path / "model.onnx")
    options = {"part": "xc7z020clg400-1", "precision": "16,6"}
    accelgen.load(model).build(tmp_path / "live", **options)
    accelgen.load(tmp_path / "model.onnx").build(tmp_path / "file", **options)
    assert (tmp_path / "live/network.npz").read_bytes() == (tmp_path / "file/network.npz").read_bytes()


@pytest.mark.tensorflow
def test_a_live_keras_model_is_loaded():
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="only")])
    assert "only" in accelgen.load(model).network


@pytest.mark.parametrize("model", [3, None, object(), [TAGGER]])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(UsageError, match="is no path, Keras model or ONNX model"):
        accelgen.load(model)


def test_what_is_public_is_there_and_nothing_else():
    assert all(getattr(accelgen, name) is not None for name in accelgen.__all__)
    assert set(accelgen.__all__) <= set(dir(accelgen))
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = accelgen.lod


def test_a_board_gives_part_and_clock():
    design = Choices(board="kv260").design()
    assert (design.part, design.clock_ns) == ("xck26-sfvc784-2LV-c", 5.0)
    assert Choices(board="kv260", clock_ns=3).design().clock_ns == 3


def test_arguments_win_over_the_file_and_the_file_over_the_board(tmp_path):
    path = tmp_path / "design.yaml"
    path.write_text(
        "part: xczu7ev-ffvc1156-2-e\nclock_ns: 7\nio_type: io_stream\nprecision: 16,6\n"
        "default: {reuse_factor: 3}\nlayers: {fc1: {reuse_factor: 9, parallelization_factor: 2}}\n"
    )
    untouched = Choices(config=path).design()
    assert (untouched.part, untouched.clock_ns, untouched.io_type) == (
        "xczu7ev-ffvc1156-2-e",
        7,
        IoType.STREAM,
    )
    assert untouched.precision == FixedType(16, 6, True, Rounding.RND_CONV, Overflow.SAT)
    changed = Choices(
        config=path, board="pynq-z2", strategy="resource", reuse_factor=4, layer_reuse_factors={"fc2": 8}
    ).design()
    assert (changed.part, changed.clock_ns) == ("xc7z020clg400-1", 7)
    assert [changed.layer(name).reuse_factor for name in ("fc1", "fc2", "fc3")] == [4, 8, 4]
    assert changed.layer("fc1").parallelization_factor == 2
    assert {changed.layer(name).strategy for name in ("fc1", "fc2", "fc3")} == {Strategy.RESOURCE}


def test_choices_for_packed_layers_win_over_a_file(tmp_path):
    path = tmp_path / "design.yaml"
    path.write_text(
        "part: xc7z020clg400-1\nlayers:\n"
        "  a: {strategy: packed_folded, pe: 4, simd: 8, reuse_factor: 16}\n"
        "  b: {strategy: packed_unrolled, row_sharing: none}\n"
    )
    folded = Choices(config=path, folding="2x4", layer_foldings={"b": Folding(8, 8)}).design()
    assert folded.default == LayerDesign(pe=2, simd=4)
    assert folded.layer("a") == LayerDesign(Strategy.PACKED_FOLDED, pe=2, simd=4)
    assert folded.layer("b") == LayerDesign(Strategy.PACKED_FOLDED, pe=8, simd=8, row_sharing=RowSharing.NONE)
    reused = Choices(config=path, reuse_factor=3, weight_memory="bram").design()
    assert reused.layer("a") == LayerDesign(Strategy.PACKED_FOLDED, 3, weight_memory=WeightMemory.BRAM)
    shared = Choices(
        config=path, strategy="packed_unrolled", row_sharing="spanning_tree", max_depth=9
    ).design()
    deep = Choices(config=path, fifo_depth=8, layer_fifo_depths={"b": 0, "c": 64}).design()
    assert [deep.layer(name).fifo_depth for name in "abcd"] == [8, 0, 64, 8]
    tree = LayerDesign(Strategy.PACKED_UNROLLED, row_sharing=RowSharing.SPANNING_TREE, max_depth=9)
    assert {shared.layer("a"), shared.layer("b"), shared.default} == {tree}


def test_a_design_survives_its_file():
    design = Choices(
        part="xc7z020clg400-1",
        io_type="io_stream",
        precision="ufixed<8,0,RND_CONV,SAT>",
        layer_reuse_factors={"a": 2},
    ).design()
    assert Design.from_yaml(design.to_yaml()) == design


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "give --board NAME or --part NAME"),
        ({"board": "kv260", "part": "xc7z020clg400-1"}, "not both"),
        ({"board": "kv260", "io_type": "io_serial"}, "choose one of io_parallel, io_stream"),
        ({"board": "kv260", "strategy": "fast"}, "choose one of auto, packed_unrolled"),
        ({"board": "kv260", "folding": "8*4"}, "is no folding"),
        ({"board": "kv260", "weight_memory": "dram"}, "choose one of auto, lut"),
        ({"board": "kv260", "reuse_factor": 0}, "reuse_factor starts at 1"),
        ({"board": "kv260", "precision": "0,0"}, "bits"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choices, message):
    with pytest.raises(UsageError, match=message):
        Choices(**choices).design()


def test_every_choice_is_an_option():
    assert list(Options.__annotations__) == [field.name for field in fields(Choices)]
