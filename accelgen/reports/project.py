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

    def vivado(step: str) -> VivadoReports:
        return VivadoReports(
            read(f"{step}_utilization", read_utilization),
            read(f"{step}_hierarchy", read_hierarchy),
            read(f"{step}_timing", read_timing),
        )

    return ProjectReports(
        csynth=read("csynth", read_csynth_folder),
        cosim=read("cosim", read_cosim),
        synth=vivado("synth"),
        impl=vivado("impl"),
        problems=tuple(problems),
    )
