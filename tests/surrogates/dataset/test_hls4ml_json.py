"""The JSON of wa-hls4ml and rule4ml, in hand-made files of their schema."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelgen.surrogates.dataset import json_entries, read
from accelgen.surrogates.record import LayerKind, Stage

LATENCY = {
    "cycles_min": "1923",
    "cycles_max": "1925",
    "interval_min": "960",
    "interval_max": "961",
    "target_clock": "5.00",
    "estimated_clock": "3.781",
}


def layer(class_name, name, inputs, outputs, **options):
    return {
        "class_name": class_name,
        "name": name,
        "input_shape": inputs,
        "output_shape": outputs,
        "parameters": 0,
        "trainable_parameters": 0,
        "dtype": "float32",
        "reuse_factor": 1,
        **options,
    }


def wa_hls4ml(**changes):
    """Two Dense layers, as the files "2layer" have them."""
    return {
        "meta_data": {"uuid": "1", "model_name": "dense_80_24_120_6b", "artifacts_file": "1.tar.gz"},
        "model_config": [
            layer("InputLayer", "input_1", [[None, 80]], [[None, 80]]),
            layer("QDense", "q_dense", [None, 80], [None, 24], neurons=24, use_bias=True, reuse_factor=960),
            layer("QActivation", "q_act", [None, 24], [None, 24], activation="quantized_relu(8,0)"),
            layer(
                "QDense", "q_dense_1", [None, 24], [None, 120], neurons=120, use_bias=True, reuse_factor=960
            ),
        ],
        "hls_config": {
            "Model": {
                "Precision": {"default": "fixed<16,6>"},
                "ReuseFactor": 1024,
                "Strategy": "Resource",
                "BramFactor": 1000000000,
                "TraceOutput": False,
            },
            "LayerName": {
                "q_dense": {"Precision": {"weight": "fixed<6,1>", "result": "auto", "accum": "auto"}},
                "q_act": {"Precision": {"result": "ufixed<8,0,RND_CONV,SAT>"}},
                "q_dense_1": {"Precision": {"weight": "fixed<6,1>"}, "ReuseFactor": 1024},
            },
            "clock_period": 5,
            "io_type": "io_parallel",
        },
        "resource_report": {"bram": "1.5", "dsp": "0", "ff": "10075", "lut": "15596", "uram": "0"},
        "hls_resource_report": {"bram": "4", "dsp": "1", "ff": "20000", "lut": "30000", "uram": "0"},
        "latency_report": LATENCY,
        "target_part": "xcu250-figd2104-2L-e",
        "vivado_version": "2023.2",
        "hls4ml_version": "1.1.0",
        **changes,
    }


def rule4ml(**changes):
    """A network as rule4ml's generator writes it: names are missing, reports are nested, types are one."""
    relu = layer("Activation", "", [None, 32], [None, 32], activation="relu")
    del relu["name"]
    return {
        "meta_data": {"model_id": "0" * 32},
        "model_config": [
            layer("InputLayer", "in", [None, 16], [None, 16]),
            layer("Dense", "a", [None, 16], [None, 32], neurons=32, reuse_factor=4),
            relu,
            layer("Dropout", "drop", [None, 32], [None, 32]),
            layer("Dense", "b", [None, 32], [None, 32], neurons=32, reuse_factor=4),
            layer("Add", "sum", [[None, 32], [None, 32]], [None, 32], inbound_layers=["drop", "b"]),
            layer("BatchNormalization", "bn", [None, 32], [None, 32]),
            layer("Activation", "out", [None, 32], [None, 32], activation="softmax"),
        ],
        "hls_config": {
            "Model": {"Precision": "ap_fixed<8, 3>", "ReuseFactor": 5, "Strategy": "Latency"},
            "board": "pynq-z2",
        },
        "resource_report": {
            "CSynthesisReport": {"BRAM": "3.0", "DSP": "7.0", "FF": "50.0", "LUT": "60.0", "URAM": "0.0"},
            "VivadoSynthReport": {"BRAM": "1.5", "DSP": "6.0", "FF": "40.0", "LUT": "30.0"},
        },
        "latency_report": {**LATENCY, "target_clock": "10.0"},
        "target_part": "xc7z020clg400-1",
        "io_type": "io_parallel",
        "backend": "VivadoAccelerator",
        "backend_version": "2019.1",
        "hls4ml_version": "0.8.1",
        **changes,
    }


def table(tmp_path, *entries, text=None):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(list(entries)) if text is None else text)
    return read(path)


def test_both_stages_of_an_entry_are_read(tmp_path):
    high_level, logic = table(tmp_path, wa_hls4ml())
    assert (high_level.resource_stage, logic.resource_stage) == (Stage.C_SYNTHESIS, Stage.LOGIC_SYNTHESIS)
    cycles = {
        "latency_cycles": 1923,
        "latency_max_cycles": 1925,
        "interval_cycles": 960,
        "clock_ns": 3.781,
    }
    assert logic.targets == {**cycles, "bram_18k": 3, "dsp": 0, "ff": 10075, "lut": 15596, "uram": 0}
    assert high_level.targets == {**cycles, "bram_18k": 4, "dsp": 1, "ff": 20000, "lut": 30000, "uram": 0}
    assert (logic.tool, logic.version, logic.group) == ("Vitis HLS", "2023.2", "80-24-120")
    assert logic.design == high_level.design
    assert (logic.design.part, logic.design.clock_ns) == ("xcu250-figd2104-2L-e", 5)


def test_types_and_reuse_factors_come_from_the_configuration(tmp_path):
    first, relu, second = table(tmp_path, wa_hls4ml()).rows[0].design.layers
    assert (first.kind, relu.kind, second.kind) == (LayerKind.DENSE, LayerKind.RELU, LayerKind.DENSE)
    assert (first.inputs, relu.inputs, second.inputs) == ((), ("q_dense",), ("q_act",))
    assert (first.input_bits, first.weight_bits) == (16, 6)
    assert (first.accum_bits, first.result_bits) == (16 + 6 + 7 + 1,) * 2  # "auto": 80 products and a bias
    assert (relu.input_bits, relu.result_bits) == (30, 8)
    assert (second.input_bits, second.accum_bits, second.result_bits) == (8, 16, 16)
    for layer_record in (first, second):
        assert (layer_record.requested_reuse_factor, layer_record.reuse_factor) == (1024, 960)
        assert layer_record.strategy == "resource"


def test_rule4ml_entries(tmp_path):
    high_level, logic = table(tmp_path, rule4ml())
    assert (high_level.targets["bram_18k"], logic.targets["bram_18k"]) == (3, 3)
    assert "uram" not in logic.targets
    design = logic.design
    assert (logic.tool, logic.version, design.backend) == ("Vivado HLS", "2019.1", "Vivado")
    assert design.clock_ns == 10
    layers = {record.name: record for record in design.layers}
    assert list(layers) == ["a", "relu_3", "b", "sum", "bn", "out"]
    assert layers["sum"].inputs == ("relu_3", "b")
    assert [layers[name].kind for name in ("sum", "bn", "out")] == [
        LayerKind.MERGE,
        LayerKind.NORMALIZE,
        LayerKind.SOFTMAX,
    ]
    assert (layers["out"].table_size, layers["bn"].weight_bits) == (1024, 8)
    # Latency strategy takes any reuse factor, whatever the list says
    assert (layers["b"].reuse_factor, layers["b"].requested_reuse_factor) == (5, 5)
    assert {record.result_bits for record in design.layers} == {8}


def test_convolutions_stream_one_position_at_a_time(tmp_path):
    entry = wa_hls4ml(
        model_config=[
            layer("InputLayer", "in", [[None, 16, 12, 3]], [[None, 16, 12, 3]]),
            layer(
                "QConv2D",
                "conv",
                [None, 16, 12, 3],
                [None, 14, 10, 8],
                channels=3,
                filters=8,
                kernel_size=[3, 3],
                strides=[1, 1],
                padding="valid",
                reuse_factor=27,
            ),
            layer("Activation", "tanh", [None, 14, 10, 8], [None, 14, 10, 8], activation="tanh"),
            layer("MaxPooling2D", "pool", [None, 14, 10, 8], [None, 7, 5, 8]),
            layer("Flatten", "flat", [None, 7, 5, 8], [None, 280]),
            layer("QDense", "dense", [None, 280], [None, 4], reuse_factor=280),
        ],
    )
    entry["hls_config"]["io_type"] = "io_stream"
    design = table(tmp_path, entry).rows[0].design
    conv, tanh, pool, flat, dense = design.layers
    assert (conv.kind, conv.n_in, conv.n_out, conv.positions) == (LayerKind.CONV2D, 27, 8, 140)
    assert (tanh.kind, tanh.n_in, tanh.positions, tanh.table_size) == (LayerKind.TABLE, 8, 140, 1024)
    assert (pool.kind, pool.n_in, pool.n_out, pool.positions) == (LayerKind.POOL, 4, 8, 35)
    assert flat.kind is LayerKind.MOVE
    assert (dense.n_in, dense.n_out, dense.reuse_factor) == (280, 4, 280)
    assert design.io_type == "io_stream"


def test_an_entry_without_reports_failed(tmp_path):
    (failed,) = table(tmp_path, wa_hls4ml(resource_report={}, hls_resource_report={}, latency_report={}))
    assert (failed.success, failed.targets) == (False, {})
    (partial,) = table(tmp_path, wa_hls4ml(resource_report={}))
    assert (partial.success, partial.resource_stage) == (True, Stage.C_SYNTHESIS)


def without(entry, *path):
    target = entry
    for key in path[:-1]:
        target = target[key]
    del target[path[-1]]
    return entry


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (wa_hls4ml(model_config=[]), "model_config has 0 layers"),
        (wa_hls4ml(model_config=None), "model_config has 0 layers"),
        (wa_hls4ml(model_config={"a": 1}), "model_config is no list"),
        (wa_hls4ml(model_config=["x"]), "layer 1 is no object"),
        (wa_hls4ml(model_config=[layer("Flatten", "f", [None, 4], [None, 4])]), "no layer with weights"),
        (wa_hls4ml(model_config=[layer("Dense", "f", [None, -4], [None, 4])]), "input_shape is"),
        (wa_hls4ml(model_config=[layer("Dense", "f", [None, 4], [])]), "output_shape is"),
        (wa_hls4ml(model_config=[layer("Dense", "f", [None, 1 << 40], [None, 4])]), "input_shape is"),
        (wa_hls4ml(model_config=[layer("QConv1D", "f", [None, 8, 4], [None, 8, 4])]), "kernel_size is None"),
        (without(wa_hls4ml(), "hls_config", "Model", "Strategy"), "hls_config.Model.Strategy is missing"),
        (without(wa_hls4ml(), "hls_config", "Model", "ReuseFactor"), "ReuseFactor is missing"),
        (wa_hls4ml(hls_config=[1]), "hls_config is .* not named values"),
        (wa_hls4ml(backend="Quartus"), "backend is 'Quartus'"),
        (wa_hls4ml(io_type="io_magic"), "io_type is 'io_magic'"),
        (wa_hls4ml(latency_report={**LATENCY, "cycles_min": "many"}), "cycles_min is 'many'"),
        (wa_hls4ml(resource_report={}, hls_resource_report={}), "cycles but no resources"),
    ],
)
def test_a_bad_entry_is_skipped_with_its_reason(tmp_path, entry, reason):
    found = table(tmp_path, wa_hls4ml(), entry, rule4ml())
    assert len(found) == 4
    (skipped,) = found.skipped
    assert skipped.row == 2
    assert re.search(reason, skipped.reason)


@pytest.mark.parametrize(
    "tail",
    [", {", ', {"model_config": [', ", 7]", ', {"a": NaN}]', "] []", "", ", " + '{"a":' * 100_000],
)
def test_a_file_that_is_cut_off_keeps_what_came_before(tmp_path, tail):
    found = table(tmp_path, text=f"[{json.dumps(wa_hls4ml())}{tail}")
    assert len(found) == 2
    (skipped,) = found.skipped
    assert skipped.row == 2


def test_no_number_is_no_value(tmp_path):
    found = table(
        tmp_path,
        wa_hls4ml(latency_report={**LATENCY, "estimated_clock": float("nan")}),
        wa_hls4ml(latency_report={**LATENCY, "cycles_min": float("inf")}),
        wa_hls4ml(),
    )
    assert [("clock_ns" in row.targets) for row in found] == [False, False, True, True]
    assert [skipped.row for skipped in found.skipped] == [2]


def test_a_bad_first_entry_hides_no_format(tmp_path):
    found = table(tmp_path, {}, without(wa_hls4ml(), "latency_report"))
    assert [skipped.row for skipped in found.skipped] == [1]
    assert [sorted(row.targets) for row in found] == [["bram_18k", "dsp", "ff", "lut", "uram"]] * 2


def test_single_objects_and_lines_are_read_too(tmp_path):
    assert len(table(tmp_path, text=json.dumps(wa_hls4ml(), indent=2))) == 2
    lines = "\n".join(json.dumps(entry) for entry in (wa_hls4ml(), rule4ml()))
    assert len(table(tmp_path, text=lines)) == 4


def test_entries_across_the_ends_of_chunks_are_whole(tmp_path, monkeypatch):
    whole = table(tmp_path, wa_hls4ml(), rule4ml(), wa_hls4ml())
    for size in (1, 7, 1000):
        monkeypatch.setattr(json_entries, "CHUNK", size)
        assert read(tmp_path / "data.json") == whole


def test_an_entry_without_end_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(json_entries, "CHUNK", 100)
    monkeypatch.setattr(json_entries, "MAX_ENTRY", 20_000)
    text = json.dumps([wa_hls4ml(), {"model_config": ["x" * 50] * 10_000}])
    found = table(tmp_path, text=text)
    assert (len(found), len(found.skipped)) == (2, 1)


def paths(value, path=()):
    """The way to every entry below a value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in steps:
        yield (*path, step)
        yield from paths(below, (*path, step))


PATHS = [(make, path) for make in (wa_hls4ml, rule4ml) for path in paths(make())]
ODD = st.sampled_from(
    [None, True, -1, 0, 1.5, 1e300, 1 << 70, "", "x", "9" * 400, [], [[]], [None], [1, [2]], {}, {"": {}}]
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PATHS), odd=ODD)
def test_no_entry_of_any_kind_stops_the_reader(tmp_path, place, odd):
    make, path = place
    entry = json.loads(json.dumps(make()))  # a copy of its own
    target = entry
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = odd
    found = table(tmp_path, entry, make())
    assert len(found) + len(found.skipped) >= 3
    for synthesis in found:
        for record in synthesis.design.layers:
            assert min(record.n_in, record.n_out, record.positions, record.reuse_factor) >= 1
        assert all(value >= 0 for value in synthesis.targets.values())
