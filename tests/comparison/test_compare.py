"""Estimates beside what was measured, and what is kept of it."""

import re
from pathlib import Path

import pytest

import accelgen
from accelgen.comparison import compare, find_projects, nearest_domain, results_of, words
from accelgen.comparison.data import as_json, median_errors, share_within
from accelgen.errors import ReportError
from accelgen.estimation import estimate_record
from accelgen.surrogates.record import Stage
from accelgen.surrogates.rules import Domain
from tests.comparison.projects import FUNCTION, LAYER, PLACED, SYNTHESISED, write_vivado, write_whole_project
from tests.reports.reports import RESOURCES, write_reports
from tests.reports.text_reports import cosim_text
from tests.surrogates.dataset.projects import write_project
from tests.surrogates.shared_data import REPORTS, needs_reports

MODELS = Path(__file__).resolve().parents[1] / "models"
PART = "xczu7ev-ffvc1156-2-e"
STEPS = ["C synthesis", "cosimulation", "logic synthesis", "implementation"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_whole_project(tmp_path_factory.mktemp("projects") / "net")


@pytest.fixture(scope="module")
def comparison(whole):
    return compare(whole)


def test_each_step_holds_what_its_reports_say(comparison):
    assert [step.name for step in comparison.steps] == STEPS
    csynth, cosim, logic, implementation = comparison.steps
    assert (csynth.measured["lut"], csynth.measured["latency_cycles"]) == (1000, 54)
    assert cosim.measured == {"latency_cycles": 40, "latency_max_cycles": 44, "interval_cycles": 3}
    keys = [key for key in SYNTHESISED if key != "uram"]  # a device of the 7 series has none
    assert logic.measured == {**{key: SYNTHESISED[key] for key in keys}, "clock_ns": 3.33 - 0.5}
    assert implementation.measured == {**{key: PLACED[key] for key in keys}, "clock_ns": 3.33 + 0.25}
    assert (csynth.passed, cosim.passed, logic.passed, implementation.passed) == (None, True, True, False)


def test_estimates_are_of_what_measured(comparison):
    assert comparison.record == comparison.synthesis.design
    for step in comparison.steps:
        late = step.name in STEPS[2:]
        stage = Stage.LOGIC_SYNTHESIS if late else Stage.C_SYNTHESIS
        domain = nearest_domain("Vitis HLS", "2021.1", stage)
        assert (step.estimate.domain, domain.logic) == (domain, late)
        assert step.estimate.total == estimate_record(comparison.record, domain).total


def test_errors_and_intervals(comparison):
    for step in comparison.steps:
        for target, measured in step.measured.items():
            figure = step.estimate.total[target]
            if measured:
                assert step.error(target) == pytest.approx((figure.value - measured) / measured)
            else:
                assert step.error(target) == (0 if figure.value <= 0.5 else None)
            if figure.low <= measured <= figure.high:
                assert step.within(target)
            if not figure.low - 1 <= measured <= figure.high + 1:
                assert not step.within(target)
    medians = median_errors(comparison.steps[2:])
    errors = [abs(step.error("lut")) for step in comparison.steps[2:]]
    assert medians["lut"] == pytest.approx(sum(errors) / 2)
    assert "latency_cycles" not in medians
    inside = [step.within(target) for step in comparison.steps for target in step.measured]
    assert share_within(comparison.steps) == sum(inside) / len(inside)


def test_layers_are_matched_to_functions_and_modules(comparison):
    layers = {layer.name: layer for layer in comparison.layers}
    assert list(layers) == ["fc1", "fc1_alpha", "relu1", "fc2", "softmax"]
    assert layers["fc1"].csynth["lut"] == 200
    assert layers["fc1"].vivado == {key: count for key, count in LAYER.items() if key != "uram"} | {"uram": 0}
    assert (layers["fc2"].csynth, layers["fc2"].vivado) == (None, None)


def test_what_is_said_of_it(comparison):
    sentences = list(words.verdicts(comparison))
    assert "cosimulation passed" in sentences
    assert "timing after logic synthesis is met: worst slack 0.5 ns, shortest clock 2.830 ns" in sentences
    expected = "timing after implementation is not met: worst slack -0.25 ns, shortest clock 3.580 ns"
    assert expected in sentences
    grid = words.totals(comparison)
    row = dict(zip(grid.columns, next(row for row in grid.rows if row[0] == "LUT"), strict=False))
    assert (row["C\nsynthesis"], row["logic\nsynthesis"], row["implementation"]) == (1000, 800, 750)


def test_one_result_is_kept_for_each_step_that_counts_resources(comparison):
    csynth, logic, implementation = (result for result in results_of(comparison))
    assert csynth.synthesis == comparison.synthesis
    assert csynth.details["cosimulation"]["latency_max_cycles"] == 44
    for result, stage, used in (
        (logic, Stage.LOGIC_SYNTHESIS, SYNTHESISED),
        (implementation, Stage.IMPLEMENTATION, PLACED),
    ):
        synthesis = result.synthesis
        assert (synthesis.resource_stage, synthesis.targets["lut"]) == (stage, used["lut"])
        assert synthesis.targets["latency_cycles"] == 54
        assert synthesis.targets["clock_ns"] == comparison.synthesis.targets["clock_ns"]
        assert result.predicted.total["lut"][0] == comparison.steps[2].estimate.total["lut"].value
        assert result.predicted.accelgen == accelgen.__version__
        assert result.details["vivado"] == "2023.1"
    assert implementation.details["timing"]["wns_ns"] == -0.25
    assert csynth.predicted.domain == "Vitis HLS 2021.1 c_synthesis"


def test_half_written_reports_are_named_and_the_others_shown(tmp_path):
    folder = write_whole_project(tmp_path / "net")
    report = folder / "build/vivado/reports/timing_summary_impl.rpt"
    report.write_text(report.read_text()[:900])
    (folder / "net_prj/solution1/sim/report/top_cosim.rpt").write_text("")
    comparison = compare(folder)
    assert [step.name for step in comparison.steps] == ["C synthesis", "logic synthesis", "implementation"]
    assert len(comparison.reports.problems) == 2
    assert all(
        "half-written" in problem or "only its start" in problem for problem in comparison.reports.problems
    )
    assert comparison.steps[2].passed is None
    assert sum(sentence.startswith("not read: ") for sentence in words.verdicts(comparison)) == 2


@pytest.mark.parametrize(
    ("status", "cycles", "said", "verdict"),
    [
        ("Pass", (12, 13, 15), "cosimulation passed", "passed"),
        ("Pass", ("NA",) * 3, "cosimulation passed; its report says nothing of cycles", "passed"),
        ("Fail", (12, 13, 15), "cosimulation failed: results differ from the C code", "failed"),
        # what Vitis HLS 2023.1 leaves where the test bench cannot be compiled
        ("Fail", ("NA",) * 3, "cosimulation failed and measured nothing; its log", "failed"),
    ],
)
def test_a_cosimulation_that_measured_nothing_is_told_from_one_that_differs(
    tmp_path, status, cycles, said, verdict
):
    folder = write_whole_project(tmp_path / "net")
    report = folder / "net_prj/solution1/sim/report/top_cosim.rpt"
    report.write_text(cosim_text(cycles, ("NA",) * 3, total="NA", status=status))
    comparison = compare(folder)
    assert next(words.verdicts(comparison)).startswith(said)
    rows = {row[1]: row[-1] for row in words.summary([comparison]).rows if row[0] == str(folder)}
    assert rows["cosimulation"] == verdict
    assert rows["implementation"] == "timing not met"


def test_reports_of_another_device_are_named_and_left_out(tmp_path):
    folder = write_whole_project(tmp_path / "net")
    for report in (folder / "build/vivado/reports").glob("*_impl.rpt"):
        report.write_text(report.read_text().replace("xc7z007sclg225-2", "xczu7ev-ffvc1156-2-e"))
    comparison = compare(folder)
    assert [step.name for step in comparison.steps] == STEPS[:3]
    assert len(comparison.reports.problems) == 3
    assert all("of another design: it is for xczu7ev" in text for text in comparison.reports.problems)


@pytest.mark.parametrize("name", ["../../top", "a b", "&lt;script&gt;", "x" * 300])
def test_a_top_function_that_cpp_cannot_have_is_named(tmp_path, name):
    folder = write_whole_project(tmp_path / "net")
    for report in folder.glob("reports/*.xml"):
        text = re.sub("<TopModelName>[^<]+", f"<TopModelName>{name}", report.read_text())
        report.write_text(text)
    with pytest.raises(ReportError, match=r"its top function is .* no name in"):
        compare(folder)


def test_what_cannot_be_compared_is_named(tmp_path):
    folder = write_project(tmp_path / "net")
    for path in (folder / "reports").iterdir():
        path.write_text(path.read_text()[:300])
    with pytest.raises(ReportError, match="half-written"):
        compare(folder)
    for path in (folder / "reports").iterdir():
        path.unlink()
    with pytest.raises(ReportError, match="holds no csynth"):
        compare(folder)
    (folder / "reports").rmdir()
    with pytest.raises(ReportError, match="has not run"):
        compare(folder)
    write_vivado(folder, "synth", SYNTHESISED)
    with pytest.raises(ReportError, match="has no report of C synthesis"):
        compare(folder)
    (folder / "parameters.h").write_text("struct config2 : nnet::dense_config {")
    write_reports(folder / "reports")
    with pytest.raises(ReportError, match=r"net: "):
        compare(folder)


def test_projects_are_found_below_a_folder(tmp_path):
    for name in ("b/net", "a", "c/d/e"):
        write_project(tmp_path / name)
    (tmp_path / "empty").mkdir()
    names = [str(path.relative_to(tmp_path)) for path in find_projects(tmp_path)]
    assert names == ["a", "b/net", "c/d/e"]
    assert list(find_projects(tmp_path / "a")) == [tmp_path / "a"]
    with pytest.raises(ReportError, match="holds none"):
        list(find_projects(tmp_path / "empty"))
    with pytest.raises(ReportError, match="no folder"):
        list(find_projects(tmp_path / "missing"))


def test_domains_are_the_nearest_known():
    csynth = Stage.C_SYNTHESIS
    assert nearest_domain("Vitis HLS", "2021.1", csynth) == Domain("Vitis HLS", "2021.1", csynth)
    assert nearest_domain("Vitis HLS", "2024.2", csynth).tool == "Vitis HLS"
    assert nearest_domain("Vivado HLS", "2018.3", csynth).tool == "Vivado HLS"
    for stage in (Stage.LOGIC_SYNTHESIS, Stage.IMPLEMENTATION):
        assert nearest_domain("Vitis HLS", "2025.1", stage).logic


def test_a_project_of_accelgen_is_compared_where_its_makefile_leaves_reports(tmp_path):
    folder = accelgen.load(MODELS / "qkeras_cnn/model.keras").build(tmp_path / "cnn", part=PART).directory
    with pytest.raises(ReportError, match="has not run"):
        compare(folder)
    write_vivado(folder, "synth", SYNTHESISED)
    vivado_alone = compare(folder)
    assert [step.name for step in vivado_alone.steps] == ["logic synthesis"]
    assert results_of(vivado_alone) == []
    functions = {FUNCTION: {**RESOURCES, "LUT": 77}}
    write_reports(folder / "build/csynth/qkeras_cnn_top_prj/solution1/syn/report", "top", functions)
    comparison = compare(folder)
    assert [step.name for step in comparison.steps] == ["C synthesis", "logic synthesis"]
    assert comparison.network == "qkeras_cnn"
    assert (comparison.record.part, comparison.record.clock_ns) == ("xc7z007s-clg225-2", 3.33)
    assert [layer.csynth["lut"] for layer in comparison.layers if layer.csynth] == [77]


@needs_reports
def test_all_real_projects_are_compared_in_every_layer():
    projects = list(find_projects(REPORTS))
    assert len(projects) == 24
    for project in projects:
        found = compare(project)
        (step,) = found.steps
        assert step.measured == found.reports.csynth.top.figures()
        assert all(layer.csynth is not None for layer in found.layers)
        assert found.reports.problems == ()
        data = as_json(found)
        assert data["steps"][0]["figures"]["lut"]["measured"] == step.measured["lut"]
        assert len(data["layers"]) == len(found.layers)
