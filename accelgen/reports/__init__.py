"""What vendor tools report of a design, read from their files."""

from accelgen.reports.cosim import CosimReport, read_cosim
from accelgen.reports.csynth import FunctionReport, SynthesisReport, read_csynth
from accelgen.reports.csynth_folder import read_csynth_folder
from accelgen.reports.csynth_text import (
    ModuleSummary,
    SynthesisSummary,
    read_csynth_summary,
    read_csynth_text,
)
from accelgen.reports.project import ProjectReports, VivadoReports, find_report, read_project_reports
from accelgen.reports.timing import TimingReport, read_timing
from accelgen.reports.utilization import (
    HierarchyReport,
    Instance,
    UtilizationReport,
    read_hierarchy,
    read_utilization,
)
from accelgen.reports.vivado import Origin

__all__ = [
    "CosimReport",
    "FunctionReport",
    "HierarchyReport",
    "Instance",
    "ModuleSummary",
    "Origin",
    "ProjectReports",
    "SynthesisReport",
    "SynthesisSummary",
    "TimingReport",
    "UtilizationReport",
    "VivadoReports",
    "find_report",
    "read_cosim",
    "read_csynth",
    "read_csynth_folder",
    "read_csynth_summary",
    "read_csynth_text",
    "read_hierarchy",
    "read_project_reports",
    "read_timing",
    "read_utilization",
]
