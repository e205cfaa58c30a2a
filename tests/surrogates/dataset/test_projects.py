"""Finished projects: hand-made hls4ml ones, accelgen's own, and the real ones."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import accelgen
from accelgen.surrogates.dataset import read
from accelgen.surrogates.record import LayerKind, Stage
from tests.reports.reports import RESOURCES, write_reports
from tests.surrogates.dataset.projects import DEFINES, PARAMETERS, dense, write_project
from tests.surrogates.shared_data import REPORTS, needs_reports

MODELS = Path(__file__).resolve().parents[2] / "models"


def only(folder):
    found = read(folder)
    assert found.skipped == ()
    (synthesis,) = found
    return synthesis


def test_the_generated_code_says_what_was_built(tmp_path):
    synthesis = only(write_project(tmp_path / "net"))
    design = synthesis.design
    assert (design.io_type, design.part, design.backend) == ("io_parallel", "xc7z007s-clg225-2", "Vitis")
    assert (design.clock_ns, design.clock_uncertainty_percent, design.dsp_multipliers) == (3.33, 12.5, True)
    fc1, alpha, relu, fc2, softmax = design.layers
    assert [layer.name for layer in design.layers] == ["fc1", "fc1_alpha", "relu1", "fc2", "softmax"]
    assert [layer.kind for layer in design.layers] == [
        LayerKind.DENSE,
        LayerKind.NORMALIZE,
        LayerKind.RELU,
        LayerKind.DENSE,
        LayerKind.SOFTMAX,
    ]
    assert [layer.inputs for layer in design.layers] == [(), ("fc1",), ("fc1_alpha",), ("relu1",), ("fc2",)]
    assert (fc1.n_in, fc1.n_out, fc1.nonzero, fc1.digits) == (2, 3, 5, -1)
    assert (fc1.input_bits, fc1.weight_bits, fc1.accum_bits, fc1.result_bits) == (8, 6, 18, 16)
    assert (alpha.n_in, alpha.weight_bits, alpha.strategy) == (3, 9, "")
    assert (relu.input_bits, relu.result_bits, relu.table_size) == (16, 7, 0)
    assert (fc2.input_bits, fc2.weight_bits, fc2.strategy, fc2.reuse_factor) == (7, 3, "resource", 6)
    assert (softmax.input_bits, softmax.result_bits, softmax.table_size) == (15, 14, 2048)
    assert softmax.reuse_factor == 1  # it has no multipliers to share


def test_reports_are_matched_to_layers(tmp_path):
    synthesis = only(write_project(tmp_path / "net"))
    assert (synthesis.tool, synthesis.version) == ("Vitis HLS", "2021.1")
    assert synthesis.resource_stage is Stage.C_SYNTHESIS
    assert (synthesis.targets["lut"], synthesis.targets["latency_max_cycles"]) == (1000, 55)
    assert {name: own["lut"] for name, own in synthesis.per_layer.items()} == {"fc1": 200, "softmax": 70}


@pytest.mark.parametrize(
    ("configuration", "backend"),
    [
        ("Backend: Vivado\nOther: !keras_model 'x'\n", "Vivado"),
        ("Model:\n  Backend: X\n", "Vitis"),
        ("[{", "Vitis"),
    ],
)
def test_the_configuration_names_the_backend_only(tmp_path, configuration, backend):
    assert only(write_project(tmp_path / "net", configuration=configuration)).design.backend == backend


def test_the_group_is_the_architecture_where_no_model_lies_above(tmp_path):
    assert only(write_project(tmp_path / "net")).group == "2-3-4"
    (tmp_path / "keras_model.h5").write_bytes(b"no model at all")
    assert only(tmp_path / "net").group == tmp_path.name


def test_weights_in_the_project_give_digits(tmp_path):
    folder = write_project(tmp_path / "net")
    (folder / "weights").mkdir()
    (folder / "weights/w2.txt").write_text("0.5, 0.75, 0, -0.21875, 1, -0.875")
    (folder / "weights/w5.txt").write_text("1, 2, 3")  # not as many as the layer has
    fc1, _, _, fc2, _ = only(folder).design.layers
    assert (fc1.nonzero, fc2.nonzero) == (5, 12)
    assert fc1.digits == 1 + 2 + 2 + 1 + 2  # of 7/32 = 8/32 - 1/32 and 7/8 = 1 - 1/8
    assert fc2.digits == -1


def test_the_source_of_the_top_function_gives_the_data_flow(tmp_path):
    """A second branch, which the order of the configs does not show."""
    merge = (
        "\n// add\nstruct config7 : nnet::merge_config {\n    static const unsigned n_elem = N_LAYER_5;\n};\n"
    )
    parameters = PARAMETERS.replace("\n// softmax", f"{dense('fc3', 8, 2, 4, 1, 8)}{merge}\n// softmax")
    folder = write_project(tmp_path / "net", parameters, DEFINES + "typedef ap_fixed<12,5> layer8_t;\n")
    (folder / "myproject.cpp").write_text("""
    nnet::clone_stream<input_t, input_t, 2>(x, cpy1, cpy2);
    nnet::dense<input_t, layer2_t, config2>(cpy1, layer2_out, w2, b2); // fc1
    nnet::normalize<layer2_t, layer3_t, config3>(layer2_out, layer3_out, s3, b3); // fc1_alpha
    nnet::relu<layer3_t, layer4_t, relu_config4>(layer3_out, layer4_out); // relu1
    nnet::dense<layer4_t, layer5_t, config5>(layer4_out, layer5_out, w5, b5); // fc2
    nnet::dense<input_t, layer8_t, config8>(cpy2, layer8_out, w8, b8); // fc3
    nnet::add<layer5_t, layer8_t, layer5_t, config7>(layer5_out, layer8_out, layer7_out); // add
    nnet::softmax<layer5_t, result_t, softmax_config6>(layer7_out, layer6_out); // softmax
    """)
    layers = {layer.name: layer for layer in only(folder).design.layers}
    assert layers["add"].inputs == ("fc2", "fc3")
    assert layers["fc3"].inputs == ()
    assert layers["softmax"].inputs == ("add",)
    assert (layers["fc3"].input_bits, layers["fc3"].result_bits, layers["add"].n_in) == (8, 12, 4)


def test_convolutions_and_recurrent_layers_use_the_configs_of_their_products(tmp_path):
    parameters = """\
// conv1_mult
struct config2_mult : nnet::dense_config {
    static const unsigned n_in = 18;
    static const unsigned n_out = 4;
    static const unsigned reuse_factor = 9;
    static const unsigned strategy = nnet::resource;
    static const unsigned n_nonzeros = 70;
    typedef fc1_accum_t accum_t;
    typedef weight2_t weight_t;
};

// conv1
struct config2 : nnet::conv2d_config {
    static const unsigned filt_height = 3;
    static const unsigned filt_width = 3;
    static const unsigned n_chan = 2;
    static const unsigned n_filt = 4;
    static const unsigned out_height = 6;
    static const unsigned out_width = 5;
    static const unsigned n_partitions = 10;
    static const unsigned io_type = nnet::io_stream;
    typedef config2_mult mult_config;
};

struct config5_1 : nnet::dense_config {
    static const unsigned n_in = 4;
    static const unsigned n_out = 32;
    static const unsigned strategy = nnet::latency;
    static const unsigned reuse_factor = 2;
    typedef weight5_t weight_t;
};

// lstm1
struct config5 : nnet::lstm_config {
    static const unsigned n_in = 4;
    static const unsigned n_out = 8;
    static const unsigned n_sequence = 30;
    typedef config5_1 mult_config1;
};
"""
    design = only(write_project(tmp_path / "net", parameters)).design
    assert design.io_type == "io_stream"
    conv, lstm = design.layers
    assert (conv.kind, conv.n_in, conv.n_out, conv.positions) == (LayerKind.CONV2D, 18, 4, 30)
    assert (conv.parallel_positions, conv.reuse_factor, conv.strategy) == (3, 9, "resource")
    assert (conv.nonzero, conv.weight_bits, conv.accum_bits) == (70, 6, 18)
    assert (lstm.kind, lstm.n_in, lstm.n_out, lstm.positions) == (LayerKind.LSTM, 4, 8, 30)
    assert (lstm.strategy, lstm.reuse_factor, lstm.weight_bits) == ("latency", 2, 3)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("parameters.h", "// nothing", "parameters.h holds 0 layers"),
        ("parameters.h", PARAMETERS.replace("n_in = 2;", "n_in = EVIL;"), "layer 'fc1' has no n_in"),
        ("reports/csynth.xml", "<profile>", "half-written"),
        ("reports/myproject_csynth.xml", "", "half-written"),
    ],
)
def test_a_broken_project_is_skipped_with_its_reason(tmp_path, name, content, reason):
    broken = write_project(tmp_path / "a_broken")
    (broken / name).write_text(content)
    write_project(tmp_path / "whole")
    found = read(tmp_path)
    assert [Path(row.source).name for row in found] == ["whole"]
    (skipped,) = found.skipped
    assert skipped.source == str(broken)
    assert re.search(reason, skipped.reason)


@pytest.mark.parametrize("text", ["struct a : nnet::b_config {", "typedef a ", "nnet::a<", "// "])
def test_sources_made_to_take_long_do_not(tmp_path, text):
    """Each of them would cost the square of its length, which is hours."""
    folder = write_project(tmp_path / "net", PARAMETERS + text * 200_000, DEFINES + text * 200_000)
    (folder / "myproject.cpp").write_text(text * 200_000)
    assert len(only(folder).design.layers) == 5
    (folder / "parameters.h").write_text(f"{PARAMETERS}\n{text}\n" * 5_000)
    assert "parameters.h holds" in read(folder).skipped[0].reason


@pytest.fixture
def built(tmp_path):
    model = accelgen.load(MODELS / "qkeras_cnn/model.keras")
    build = model.build(tmp_path / "cnn", part="xczu7ev-ffvc1156-2-e", strategy="resource", reuse_factor=7)
    return build.directory


def test_a_project_of_accelgen_is_read_once_it_is_synthesised(built):
    found = read(built)
    assert (len(found), found.skipped[0].reason) == (0, "it has not been synthesised")
    layers = json.loads((built / "build.json").read_text())["layers"]
    number = 1 + [layer["layer"] for layer in layers].index("conv1")
    functions = {f"conv_2d_cl_ap_fixed_8_3_5_3_0_config{number}_s": {**RESOURCES, "LUT": 77}}
    write_reports(built / "qkeras_cnn_top_prj/solution1/syn/report", "qkeras_cnn_top", functions)
    synthesis = only(built)
    assert (synthesis.design.backend, synthesis.targets["lut"]) == ("accelgen", 1000)
    assert synthesis.per_layer["conv1"]["lut"] == 77
    conv = next(layer for layer in synthesis.design.layers if layer.name == "conv1")
    assert (conv.kind, conv.n_in, conv.strategy) == (LayerKind.CONV2D, 9, "resource")
    assert (conv.requested_reuse_factor, conv.reuse_factor) == (7, 9)


@pytest.mark.parametrize("name", ["build.json", "design.yaml", "network.npz"])
def test_a_damaged_project_of_accelgen_is_skipped(built, name):
    write_reports(built / "qkeras_cnn_top_prj/solution1/syn/report")
    (built / name).write_bytes(b"[1, {")
    found = read(built)
    assert len(found) == 0
    assert len(found.skipped) == 1


@needs_reports
def test_real_projects():
    found = read(REPORTS)
    assert found.skipped == ()
    assert len(found) == 24
    assert {row.group for row in found} == {"Breast_cancer", "HAR", "jet_tagging", "mnist"}
    for row in found:
        folder = Path(row.source)
        reuse = int(re.search(r"reuse(\d+)", folder.name)[1])
        products = [layer for layer in row.design.layers if layer.strategy]
        assert {(layer.kind, layer.strategy) for layer in products} == {(LayerKind.DENSE, "latency")}
        assert {layer.reuse_factor for layer in products} == {reuse}
        assert set(row.per_layer) == {layer.name for layer in row.design.layers}
        zeros = re.findall(r"n_nonzeros = (\d+)", (folder / "parameters.h").read_text())
        assert [layer.nonzero for layer in products] == [int(text) for text in zeros]
        assert row.design.dsp_multipliers == (row.targets["dsp"] > 0)


@needs_reports
def test_weights_of_real_projects_come_from_their_model_where_it_is_theirs():
    from accelgen import importers
    from accelgen.surrogates.weights import weight_cost

    network = importers.load(REPORTS / "mnist/keras_model.h5", None)
    for name in ("mnist/DSP_reuse1", "mnist/LUT_reuse100"):
        for layer in only(REPORTS / name).design.layers:
            if layer.strategy:
                weight = network[layer.name].weight
                assert layer.nonzero == np.count_nonzero(weight)
                assert layer.digits == weight_cost(weight).digits > layer.nonzero
    other = only(REPORTS / "jet_tagging/DSP_reuse1").design  # was made of another training
    assert {layer.digits for layer in other.layers} == {-1}
