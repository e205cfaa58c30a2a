"""Reports of C synthesis: read by name, and refused by name where they are incomplete or hostile."""

import re

import pytest

from accelgen.errors import ReportError
from accelgen.reports import files, read_csynth, read_csynth_folder
from tests.reports.reports import RESOURCES, csynth_module, csynth_xml, write_reports
from tests.surrogates.shared_data import REPORTS, needs_reports


def written(tmp_path, text):
    path = tmp_path / "top_csynth.xml"
    path.write_text(text)
    return path


def test_every_figure_is_read(tmp_path):
    report = read_csynth(written(tmp_path, csynth_xml()))
    assert (report.tool, report.version, report.part) == ("Vitis HLS", "2021.1", "xc7z007s-clg225-2")
    assert (report.target_clock_ns, report.clock_uncertainty_ns) == (3.33, 0.42)
    assert report.available == {"lut": 14400, "ff": 28800}
    top = report.top
    assert top.name == "top"
    assert (top.latency_cycles, top.latency_max_cycles) == (54, 55)
    assert (top.interval_cycles, top.interval_max_cycles) == (2, 3)
    assert top.figures() == {
        "lut": 62,
        "ff": 60,
        "dsp": 7,
        "bram_18k": 5,
        "uram": 0,
        "latency_cycles": 54,
        "latency_max_cycles": 55,
        "interval_cycles": 2,
        "clock_ns": 3.236,
    }


def test_the_order_of_elements_means_nothing(tmp_path):
    shuffled = dict(reversed(RESOURCES.items()))
    first = read_csynth(written(tmp_path, csynth_xml()))
    assert read_csynth(written(tmp_path, csynth_xml(resources=shuffled))) == first


def test_vivado_hls_names_dsps_otherwise_and_counts_no_uram(tmp_path):
    resources = {"BRAM_18K": 2, "DSP48E": 9, "FF": 5, "LUT": 4}
    report = read_csynth(written(tmp_path, csynth_xml(resources=resources, vitis=False, version="2019.1")))
    assert report.tool == "Vivado HLS"
    assert report.top.resources == {"bram_18k": 2, "dsp": 9, "ff": 5, "lut": 4}


@pytest.mark.parametrize("text", ["undef", "?", "-", ""])
def test_cycles_without_a_bound_are_none(tmp_path, text):
    top = read_csynth(written(tmp_path, csynth_xml(latency=(7, text)))).top
    assert (top.latency_cycles, top.latency_max_cycles) == (7, None)
    assert "latency_max_cycles" not in top.figures()


@pytest.mark.parametrize("kept", [0, 1, 50, 0.3, 0.6, 0.9, 0.99])
def test_a_half_written_report_is_named(tmp_path, kept):
    text = csynth_xml()
    path = written(tmp_path, text[: kept if isinstance(kept, int) else int(kept * len(text))])
    with pytest.raises(ReportError, match=re.escape(f"{path} is half-written")):
        read_csynth(path)


@pytest.mark.parametrize(
    "name",
    [
        "Version",
        "UserAssignments",
        "Part",
        "TargetClockPeriod",
        "TopModelName",
        "PerformanceEstimates",
        "SummaryOfOverallLatency",
        "Resources",
        "AvailableResources",
    ],
)
def test_a_missing_element_is_named(tmp_path, name):
    text = re.sub(rf"(?s)<{name}>.*?</{name}>", "", csynth_xml())
    with pytest.raises(ReportError, match=rf"it has no .*{name}"):
        read_csynth(written(tmp_path, text))


@pytest.mark.parametrize("count", ["many", "nan", "inf", "1e999", "1e3", "12.5", "-5", "9" * 30])
def test_a_figure_that_is_no_count_is_named(tmp_path, count):
    with pytest.raises(ReportError, match=f"FF is '{count}', which is no count"):
        read_csynth(written(tmp_path, csynth_xml(resources={**RESOURCES, "FF": count})))


@pytest.mark.parametrize("clock", ["0", "-1", "nan", "1e999"])
def test_a_clock_that_is_none_is_named(tmp_path, clock):
    name = "<TargetClockPeriod>"
    text, count = re.subn(f"{name}[0-9.]+", f"{name}{clock}", csynth_xml())
    assert count == 1
    with pytest.raises(ReportError, match=r"clock period of 0 ns|TargetClockPeriod is .*, which is no time"):
        read_csynth(written(tmp_path, text))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_their_entities_are_refused(tmp_path, encoding):
    bomb = '<!DOCTYPE p [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;">]>' + csynth_xml(version="&b;")
    path = tmp_path / "top_csynth.xml"
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?>{bomb}', encoding=encoding)
    with pytest.raises(ReportError, match="document type"):
        read_csynth(path)


def test_other_files_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ReportError, match="starts with <html>"):
        read_csynth(written(tmp_path, "<html/>"))
    with pytest.raises(ReportError, match="cannot be read: No such file"):
        read_csynth(tmp_path / "missing.xml")
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    with pytest.raises(ReportError, match="larger than any report"):
        read_csynth(written(tmp_path, csynth_xml()))


@pytest.mark.parametrize("summary", [True, False])
def test_a_folder_has_one_top_and_its_functions(tmp_path, summary):
    functions = {"dense_config2_s": RESOURCES, "relu_relu_config4_s": {**RESOURCES, "LUT": 3}}
    report = read_csynth_folder(write_reports(tmp_path / "report", "net", functions, summary))
    assert (report.top.name, report.top.resources["lut"]) == ("net", 1000)
    assert set(report.functions) == set(functions)
    assert report.functions["dense_config2_s"].interval_cycles == 1  # from its own file


def test_csynth_xml_alone_holds_every_function(tmp_path):
    modules = csynth_module("top") + csynth_module("dense_config2_s", {"LUT": 8, "FF": 9})
    (tmp_path / "csynth.xml").write_text(csynth_xml(modules=modules))
    report = read_csynth_folder(tmp_path)
    assert {name: own.resources for name, own in report.functions.items()} == {
        "dense_config2_s": {"lut": 8, "ff": 9}
    }
    assert report.functions["dense_config2_s"].interval_cycles == 2


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(ReportError, match=r"holds no csynth\.xml"):
        read_csynth_folder(tmp_path)


def test_a_config_names_the_outermost_of_its_functions(tmp_path):
    functions = {
        "dense_array_ap_fixed_8_2_config2_s": {**RESOURCES, "LUT": 30},
        "dense_resource_ap_fixed_8_2_config2_s_1": {**RESOURCES, "LUT": 20},
        "dense_config2_mult_s": {**RESOURCES, "LUT": 90},
        "relu_ap_ufixed_8_0_relu_config12_s": {**RESOURCES, "LUT": 99},
    }
    report = read_csynth_folder(write_reports(tmp_path, "net", functions))
    assert report.of_config("config2").name == "dense_array_ap_fixed_8_2_config2_s"
    assert report.of_config("relu_config12").resources["lut"] == 99
    assert report.of_config("config1") is None


@needs_reports
def test_real_reports_are_read_as_a_text_search_reads_them():
    """Every figure of every function, found a second time without an XML parser."""
    patterns = {
        "latency_cycles": r"<Best-caseLatency>(\d+)<",
        "latency_max_cycles": r"<Worst-caseLatency>(\d+)<",
        "interval_cycles": r"<Interval-min>(\d+)<",
        "clock_ns": r"<EstimatedClockPeriod>([\d.]+)<",
        **{key: rf"<Resources>.*?<{key.upper()}>(\d+)<" for key in ("lut", "ff", "dsp", "bram_18k", "uram")},
    }
    folders = sorted(REPORTS.glob("*/*/reports"))
    assert len(folders) == 24
    for folder in folders:
        report = read_csynth_folder(folder)
        files = {path.name.removesuffix("_csynth.xml"): path for path in folder.glob("*_csynth.xml")}
        assert set(files) == {"myproject", *report.functions}
        for name, path in files.items():
            function = report.functions.get(name, report.top)
            text = path.read_text()
            expected = {key: float(re.search(p, text, re.DOTALL)[1]) for key, p in patterns.items()}
            assert function.figures() == expected, path
