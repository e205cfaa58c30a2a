"""Finds and reads all reports in a project's folder, of accelgen's own projects and of hls4ml's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from accelgen.errors import ReportError
from accelgen.reports.cosim import CosimReport, read_cosim
from accelgen.reports.csynth import SynthesisReport
from accelgen.reports.csynth_folder import read_csynth_folder
from accelgen.reports.timing import TimingReport, read_timing
from accelgen.reports.utilization import (
    HierarchyReport,
    UtilizationReport,
    read_hierarchy,
    read_utilization,
)
from accelgen.reports.vivado import same_device

_SOLUTIONS = ("build/csynth/*_prj/solution*", "*_prj/solution*", "build/csynth/hls", "*/hls")
"""Where the tools work: in accelgen's projects, in hls4ml's, and as components of the Vitis IDE."""

_VIVADO = "build/vivado/reports"

PLACES: Mapping[str, tuple[str, ...]] = {
    "csynth": (*(f"{solution}/syn/report" for solution in _SOLUTIONS), "reports"),
    "cosim": tuple(f"{solution}/sim/report/*_cosim.rpt" for solution in _SOLUTIONS),
    "synth_utilization": (f"{_VIVADO}/utilization_synth.rpt", "vivado_synth.rpt"),
    "synth_hierarchy": (f"{_VIVADO}/utilization_hierarchical_synth.rpt",),
    "synth_timing": (f"{_VIVADO}/timing_summary_synth.rpt",),
    "impl_utilization": (f"{_VIVADO}/utilization_impl.rpt",),
    "impl_hierarchy": (f"{_VIVADO}/utilization_hierarchical_impl.rpt",),
    "impl_timing": (f"{_VIVADO}/timing_summary_impl.rpt",),
}
"""Patterns of the place of each report, the first that matches anything counts."""

Report = TypeVar("Report")
OfVivado = TypeVar("OfVivado", UtilizationReport, HierarchyReport, TimingReport)


@dataclass(frozen=True)
class VivadoReports:
    """What Vivado reports of a design after one of its steps, None where that was not read."""

    utilization: UtilizationReport | None = None
    hierarchy: HierarchyReport | None = None
    timing: TimingReport | None = None


@dataclass(frozen=True)
class ProjectReports:
    """The reports of a project, None where there is none; ``problems`` says which cannot be read, and why."""

    csynth: SynthesisReport | None = None
    cosim: CosimReport | None = None
    synth: VivadoReports = VivadoReports()
    impl: VivadoReports = VivadoReports()
    problems: tuple[str, ...] = ()


def find_report(folder: Path, kind: str) -> Path | None:
    """The place of one of the `PLACES`; of several solutions, the last by name."""
    return next((max(found) for pattern in PLACES[kind] if (found := list(folder.glob(pattern)))), None)


def read_project_reports(folder: Path) -> ProjectReports:
    """Every report in a project that there is and can be read."""
    problems: list[str] = []

    def read(kind: str, reader: Callable[[Path], Report]) -> Report | None:
        place = find_report(folder, kind)
        if place is None:
            return None
        try:
            return reader(place)
        except ReportError as error:
            problems.append(str(error))
            return None

    csynth = read("csynth", read_csynth_folder)

    def vivado(kind: str, reader: Callable[[Path], OfVivado]) -> OfVivado | None:
        report = read(kind, reader)
        if report is None or csynth is None or same_device(csynth.part, report.origin.device):
            return report
        place, device = find_report(folder, kind), report.origin.device
        problems.append(f"{place} is of another design: it is for {device}, C synthesis for {csynth.part}")
        return None

    def step(name: str) -> VivadoReports:
        return VivadoReports(
            vivado(f"{name}_utilization", read_utilization),
            vivado(f"{name}_hierarchy", read_hierarchy),
            vivado(f"{name}_timing", read_timing),
        )

    return ProjectReports(
        csynth=csynth,
        cosim=read("cosim", read_cosim),
        synth=step("synth"),
        impl=step("impl"),
        problems=tuple(problems),
    )
