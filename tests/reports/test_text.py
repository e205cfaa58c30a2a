"""Text reports give the figures that they were written from, in the layouts of all versions and families."""

from dataclasses import replace

import pytest

from accelgen.errors import ReportError
from accelgen.reports import (
    FunctionReport,
    SynthesisReport,
    read_cosim,
    read_csynth,
    read_csynth_folder,
    read_csynth_summary,
    read_csynth_text,
    read_hierarchy,
    read_timing,
    read_utilization,
)
from accelgen.reports.vivado import same_device
from tests.reports.text_reports import (
    FAMILIES,
    LAYOUTS,
    LOOP,
    cosim_text,
    csynth_text,
    hierarchy_text,
    summary_text,
    timing_text,
    utilization_text,
)
from tests.surrogates.shared_data import REPORTS, needs_reports

USED = {"lut": 1234, "ff": 5678, "dsp": 90, "bram_18k": 7, "uram": 3}
HELD = {"lut": 53200, "ff": 106400, "dsp": 220, "bram_18k": 280, "uram": 64}
TOP = FunctionReport("my_top", 1234, 5678, 10, 20, 4.371, USED)
REPORT = SynthesisReport("Vitis HLS", "2023.2", "xc7z020-clg400-1", 5.0, 1.35, TOP, {}, HELD)


def written(tmp_path, text, name="top_csynth.rpt"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", LAYOUTS)
def test_csynth_reads_back_in_every_layout(tmp_path, name):
    layout = LAYOUTS[name]
    report = read_csynth_text(written(tmp_path, csynth_text(REPORT, layout)))
    expected = replace(REPORT, tool=layout.tool, version=layout.version)
    if not layout.uram:
        used, held = ({key: own[key] for key in own if key != "uram"} for own in (USED, HELD))
        expected = replace(expected, top=replace(TOP, resources=used), available=held)
    assert report == expected


@pytest.mark.parametrize("name", LAYOUTS)
def test_cycles_without_a_bound_are_none(tmp_path, name):
    top = replace(TOP, latency_cycles=None, latency_max_cycles=None, interval_max_cycles=None)
    report = read_csynth_text(written(tmp_path, csynth_text(replace(REPORT, top=top), LAYOUTS[name])))
    assert (report.top.latency_cycles, report.top.latency_max_cycles) == (None, None)
    assert (report.top.interval_cycles, report.top.interval_max_cycles) == (10, None)


def test_indented_and_crlf_copies_read_alike(tmp_path):
    text = csynth_text(REPORT, LAYOUTS["2021.1"])
    first = read_csynth_text(written(tmp_path, text))
    assert read_csynth_text(written(tmp_path, text.replace("\n", "\r\n"))) == first
    assert read_csynth_text(written(tmp_path, "".join(f"\t{line}\n" for line in text.splitlines()))) == first


@needs_reports
def test_text_of_all_real_figures_gives_the_numbers_of_their_xml(tmp_path):
    """Every function of every project, each in another layout."""
    layouts = [layout for layout in LAYOUTS.values() if layout.uram]
    n_functions = 0
    for project in sorted(REPORTS.glob("*/*/reports")):
        folder = tmp_path / project.parent.parent.name / project.parent.name
        folder.mkdir(parents=True)
        for number, path in enumerate(sorted(project.glob("*_csynth.xml"))):
            report = read_csynth(path)
            layout = layouts[number % len(layouts)]
            (folder / f"{report.top.name}_csynth.rpt").write_text(csynth_text(report, layout))
            text = read_csynth_text(folder / f"{report.top.name}_csynth.rpt")
            assert (text.top, text.available, text.part) == (report.top, report.available, report.part)
            assert text.target_clock_ns == report.target_clock_ns
            assert text.clock_uncertainty_ns == report.clock_uncertainty_ns
            n_functions += 1
        own, xml = read_csynth_folder(folder), read_csynth_folder(project)
        assert own.top == xml.top
        assert {name: own.functions[name] for name in own.functions} == {
            name: xml.functions[name] for name in own.functions
        }
    assert n_functions > 24 * 5


def test_summary_of_modules(tmp_path):
    modules = [
        (0, "my_top", 0.01, 58, 1, USED),
        (1, "dense_ap_fixed_16_6_5_3_0_config2_s", 0.20, 7, 1, {"lut": 12}),
        (2, "loop_1", 0.0, None, None, LOOP),
        (1, "relu_config4_s*", -0.35, 0, 1, {}),
    ]
    report = read_csynth_summary(written(tmp_path, summary_text(modules), "csynth.rpt"))
    assert (report.version, report.part) == ("2022.2", "xc7z020-clg400-1")
    names = [(module.name, module.depth) for module in report.modules]
    assert names == [("my_top", 0), ("dense_ap_fixed_16_6_5_3_0_config2_s", 1), ("relu_config4_s", 1)]
    top, dense, relu = report.modules
    assert top.resources == USED
    assert (top.latency_cycles, top.interval_cycles, top.slack_ns) == (58, 1, 0.01)
    assert dense.resources == {"lut": 12, "ff": 0, "dsp": 0, "bram_18k": 0, "uram": 0}
    assert (relu.latency_cycles, relu.slack_ns) == (0, -0.35)


@pytest.mark.parametrize("total", [60, None])
@pytest.mark.parametrize("language", ["Verilog", "VHDL"])
def test_cosim(tmp_path, language, total):
    report = read_cosim(written(tmp_path, cosim_text(total=total, language=language), "top_cosim.rpt"))
    assert (report.language, report.passed, report.total_cycles) == (language, True, total)
    found = (report.latency_cycles, report.latency_mean_cycles, report.latency_max_cycles)
    assert found == (12, 13, 15)
    assert (report.interval_cycles, report.interval_mean_cycles, report.interval_max_cycles) == (1, 1, 2)


def test_cosim_of_one_inference_has_no_interval(tmp_path):
    text = cosim_text(interval=("NA", "NA", "NA"), status="Fail")
    report = read_cosim(written(tmp_path, text, "top_cosim.rpt"))
    assert (report.passed, report.latency_cycles, report.interval_cycles) == (False, 12, None)


def test_cosim_that_did_not_run_is_named(tmp_path):
    with pytest.raises(ReportError, match="reports no simulation"):
        read_cosim(written(tmp_path, cosim_text(status="NA"), "top_cosim.rpt"))


@pytest.mark.parametrize("name", FAMILIES)
def test_utilization_reads_back_of_every_family(tmp_path, name):
    family = FAMILIES[name]
    report = read_utilization(written(tmp_path, utilization_text(USED, HELD, family)))
    keys = [key for key in USED if family.uram or key != "uram"]
    assert report.resources == {key: USED[key] for key in keys}
    assert report.available == {key: HELD[key] for key in keys}
    origin = report.origin
    assert (origin.version, origin.design, origin.device) == (family.version, "top", "xc7z007sclg225-2")
    assert origin.state == "Synthesized"


@pytest.mark.parametrize("percent", [False, True])
@pytest.mark.parametrize(("uram", "dsp"), [(True, "DSP Blocks"), (False, "DSP48 Blocks")])
def test_hierarchy(tmp_path, uram, dsp, percent):
    part = {"lut": 12, "ff": 3, "dsp": 1, "bram_18k": 3, "uram": 1}
    rows = [
        (0, "top", "(top)", USED),
        (1, "(top)", "(top)", part),
        (1, "inst", "bd_0_hls_inst_0", USED),
        (2, "grp_dense_fu_12", "top_dense_config2_s", part),
    ]
    report = read_hierarchy(written(tmp_path, hierarchy_text(rows, uram, dsp, percent)))
    assert [(own.name, own.module, own.depth) for own in report.instances] == [
        ("top", "(top)", 0),
        ("inst", "bd_0_hls_inst_0", 1),
        ("grp_dense_fu_12", "top_dense_config2_s", 2),
    ]
    keys = [key for key in USED if uram or key != "uram"]
    assert report.top.resources == {key: USED[key] for key in keys}
    assert report.instances[2].resources == {key: part[key] for key in keys}


def test_timing_met(tmp_path):
    report = read_timing(written(tmp_path, timing_text()))
    assert (report.wns_ns, report.whs_ns, report.wpws_ns) == (0.412, 0.05, 1.2)
    assert (report.tns_ns, report.failing_endpoints, report.met) == (0, 0, True)
    assert report.clocks == {"ap_clk": 5.0}
    assert report.clock_ns == 5.0 - 0.412
    assert report.origin.state == "Routed"


def test_timing_not_met(tmp_path):
    report = read_timing(written(tmp_path, timing_text(-0.5, -0.1, failing=(3, 2), clocks=())))
    assert (report.wns_ns, report.tns_ns, report.whs_ns) == (-0.5, -1.5, -0.1)
    assert (report.failing_endpoints, report.met, report.clock_ns) == (5, False, None)


def test_timing_without_constraints_is_neither_met_nor_not(tmp_path):
    report = read_timing(written(tmp_path, timing_text(None, None, None)))
    assert (report.wns_ns, report.met, report.clock_ns) == (None, None, None)


@pytest.mark.parametrize(
    ("part", "device", "same"),
    [
        ("xc7z020-clg400-1", "7z020clg400-1", True),
        ("xc7z020clg400-1", "7z020-clg400", True),
        ("xczu9eg-ffvb1156-2-e", "xczu9egffvb1156-2", True),
        ("xcu250-figd2104-2L-e", "xcu250-figd2104-2L-e", True),
        ("xa7a12tcsg325-1q", "7a12t-csg325", True),
        ("xc7z020clg400-1", "7z010clg400-1", False),
        ("xc7z020clg400-1", "7z020clg484-1", False),
        ("xc7z020clg400-1", "7z020clg400-2", False),
        ("xczu9eg-ffvb1156-2-e", "xczu7ev-ffvc1156-2-e", False),
    ],
)
def test_devices_are_those_of_parts_whatever_vivado_leaves_out(part, device, same):
    assert same_device(part, device) is same
