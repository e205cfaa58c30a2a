"""Small projects with reports of every step."""

from pathlib import Path

from tests.reports.text_reports import cosim_text, hierarchy_text, timing_text, utilization_text
from tests.surrogates.dataset.projects import write_project

HELD = {"lut": 14400, "ff": 28800, "dsp": 66, "bram_18k": 100, "uram": 0}
SYNTHESISED = {"lut": 800, "ff": 50, "dsp": 7, "bram_18k": 5, "uram": 0}
PLACED = {"lut": 750, "ff": 55, "dsp": 7, "bram_18k": 4, "uram": 0}
LAYER = {"lut": 150, "ff": 9, "dsp": 3, "bram_18k": 0, "uram": 0}
FUNCTION = "dense_latency_ap_fixed_8_2_config2_s"


def write_vivado(folder: Path, step, used, **timing):
    """The reports of one step of Vivado in a project."""
    reports = folder / "build/vivado/reports"
    reports.mkdir(parents=True, exist_ok=True)
    (reports / f"utilization_{step}.rpt").write_text(utilization_text(used, HELD))
    rows = [(0, "top", "(top)", used), (1, "grp_dense_fu_12", f"top_{FUNCTION}", LAYER)]
    (reports / f"utilization_hierarchical_{step}.rpt").write_text(hierarchy_text(rows))
    (reports / f"timing_summary_{step}.rpt").write_text(timing_text(**timing))
    return reports


def write_whole_project(folder: Path):
    """An hls4ml project with all reports; timing is not met in the end."""
    write_project(folder)
    simulation = folder / "net_prj/solution1/sim/report"
    simulation.mkdir(parents=True)
    (simulation / "top_cosim.rpt").write_text(cosim_text((40, 41, 44), (3, 3, 3)))
    write_vivado(folder, "synth", SYNTHESISED, clocks=(("ap_clk", 3.33),), wns=0.5)
    write_vivado(folder, "impl", PLACED, clocks=(("ap_clk", 3.33),), wns=-0.25, failing=(3, 0))
    return folder
