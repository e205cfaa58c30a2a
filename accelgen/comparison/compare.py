"""Compares estimates of a project with each report of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from accelgen.errors import AccelgenError, ReportError
from accelgen.estimation import Estimate, estimate_record
from accelgen.project_files import is_project
from accelgen.reports import (
    ProjectReports,
    SynthesisReport,
    TimingReport,
    VivadoReports,
    read_project_reports,
)
from accelgen.surrogates.dataset import accelgen_project, hls4ml_project
from accelgen.surrogates.dataset.described import Described
from accelgen.surrogates.dataset.table import BadRecordError
from accelgen.surrogates.predict import load_surrogates
from accelgen.surrogates.record import DesignRecord, Stage, Synthesis
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain

C_SYNTHESIS, COSIMULATION = "C synthesis", "cosimulation"
LOGIC_SYNTHESIS, IMPLEMENTATION = "logic synthesis", "implementation"

ROUNDING = 0.5
"""How far a count may lie outside of an interval and still be in it: estimates are no whole numbers."""


@dataclass(frozen=True)
class Step:
    """One step of the flow: what it measured, and what was to be expected of it.

    ``measured`` holds targets (`accelgen.surrogates.record.TARGETS`). Of simulations, ``passed`` says whether
    results were right, and of implementations whether timing is met; it is None of other steps.
    """

    name: str
    measured: Mapping[str, float]
    estimate: Estimate
    passed: bool | None = None
    timing: TimingReport | None = None

    def error(self, target: str) -> float | None:
        """How far the estimate lies above the measurement, as a share of that; None where that is 0."""
        predicted, measured = self.estimate.total[target].value, self.measured[target]
        if measured:
            return predicted / measured - 1
        return 0.0 if abs(predicted) <= ROUNDING else None

    def within(self, target: str) -> bool:
        """Whether the measurement lies in the estimate's interval."""
        figure, measured = self.estimate.total[target], self.measured[target]
        slack = 0.0005 if target == "clock_ns" else ROUNDING
        return figure.low - slack <= measured <= figure.high + slack


@dataclass(frozen=True)
class LayerComparison:
    """A layer: what was predicted, and what its function took in C synthesis and in Vivado's last step."""

    name: str
    kind: str
    predicted: Mapping[str, float]
    csynth: Mapping[str, float] | None
    vivado: Mapping[str, float] | None


@dataclass(frozen=True)
class Comparison:
    """A project: its design, what was read of it, and each step beside its estimate."""

    folder: Path
    network: str
    record: DesignRecord
    reports: ProjectReports
    synthesis: Synthesis | None
    steps: tuple[Step, ...]
    layers: tuple[LayerComparison, ...]

    def step(self, name: str) -> Step | None:
        """One of the steps, None where nothing was read of it."""
        return next((step for step in self.steps if step.name == name), None)


def nearest_domain(tool: str, version: str, stage: Stage) -> Domain:
    """The known measurements that are most like a tool's: of its stage, then its name, then its version.

    What was only learned from measurements without a version never comes before those with one.
    """
    known = load_surrogates().domains

    def likeness(domain: Domain) -> tuple[bool, bool, bool, bool, str]:
        return (
            domain.logic == (stage is not Stage.C_SYNTHESIS),
            domain.tool == tool,
            domain.version == version,
            bool(domain.version),
            domain.version,
        )

    return max(known, key=likeness, default=DEFAULT_DOMAIN)


def compare(folder: Path) -> Comparison:
    """A project's estimates beside its reports.

    Raises:
        ReportError: nothing of it can be read, neither C synthesis nor Vivado; says why.
    """
    reports = read_project_reports(folder)
    nothing = reports.csynth is None and reports.synth == reports.impl == VivadoReports()
    if nothing:
        raise ReportError("; ".join(reports.problems) or f"{folder}: C synthesis has not run")
    try:
        described = _described(folder, reports.csynth)
    except (AccelgenError, BadRecordError) as error:
        raise ReportError(f"{folder}: {error}") from None
    synthesis = None if reports.csynth is None else described.synthesis(reports.csynth, folder)
    record = described.record if synthesis is None else synthesis.design
    estimates = {
        stage: estimate_record(record, nearest_domain(*_tool(reports), stage))
        for stage in (Stage.C_SYNTHESIS, Stage.LOGIC_SYNTHESIS)
    }
    return Comparison(
        folder=folder,
        network=described.network,
        record=record,
        reports=reports,
        synthesis=synthesis,
        steps=_steps(reports, estimates),
        layers=_layers(described, reports, synthesis, estimates[Stage.C_SYNTHESIS]),
    )


def _described(folder: Path, report: SynthesisReport | None) -> Described:
    if is_project(folder):
        return accelgen_project.describe_project(folder)
    if report is None:
        raise ReportError("it has no report of C synthesis, which alone says what an hls4ml project is for")
    return hls4ml_project.describe_project(folder, report)


def _tool(reports: ProjectReports) -> tuple[str, str]:
    if reports.csynth is None:
        return DEFAULT_DOMAIN.tool, DEFAULT_DOMAIN.version
    return reports.csynth.tool, reports.csynth.version


def _steps(reports: ProjectReports, estimates: Mapping[Stage, Estimate]) -> tuple[Step, ...]:
    steps: list[Step] = []
    early, late = estimates[Stage.C_SYNTHESIS], estimates[Stage.LOGIC_SYNTHESIS]
    if reports.csynth is not None:
        steps.append(Step(C_SYNTHESIS, reports.csynth.top.figures(), early))
    if reports.cosim is not None:
        steps.append(Step(COSIMULATION, _cycles(reports), early, passed=reports.cosim.passed))
    for name, vivado in ((LOGIC_SYNTHESIS, reports.synth), (IMPLEMENTATION, reports.impl)):
        measured = vivado_figures(vivado)
        if measured or vivado.timing is not None:
            met = None if vivado.timing is None else vivado.timing.met
            steps.append(Step(name, measured, late, passed=met, timing=vivado.timing))
    return tuple(steps)


def _cycles(reports: ProjectReports) -> dict[str, float]:
    if reports.cosim is None:
        return {}
    names = ("latency_cycles", "latency_max_cycles", "interval_cycles")
    found = {name: getattr(reports.cosim, name) for name in names}
    return {name: float(value) for name, value in found.items() if value is not None}


def vivado_figures(vivado: VivadoReports) -> dict[str, float]:
    """Targets that Vivado measured: resources, and the shortest clock where there is one clock."""
    resources: Mapping[str, int] = {}
    if vivado.utilization is not None:
        resources = vivado.utilization.resources
    elif vivado.hierarchy is not None:
        resources = vivado.hierarchy.top.resources
    figures = {name: float(value) for name, value in resources.items()}
    if vivado.timing is not None and vivado.timing.clock_ns is not None:
        figures["clock_ns"] = vivado.timing.clock_ns
    return figures


def vivado_layers(described_configs: Mapping[str, str], vivado: VivadoReports) -> dict[str, dict[str, float]]:
    """Resources of each layer that kept its module."""
    if vivado.hierarchy is None:
        return {}
    found = {name: vivado.hierarchy.of_config(config) for name, config in described_configs.items()}
    return {
        name: {key: float(value) for key, value in own.resources.items()}
        for name, own in found.items()
        if own is not None
    }


def _layers(
    described: Described, reports: ProjectReports, synthesis: Synthesis | None, estimate: Estimate
) -> tuple[LayerComparison, ...]:
    csynth = {} if synthesis is None else synthesis.per_layer
    vivado = vivado_layers(described.configs, reports.impl) or vivado_layers(described.configs, reports.synth)
    return tuple(
        LayerComparison(
            name=entry.layer.name,
            kind=entry.layer.kind.value,
            predicted=entry.figures,
            csynth=csynth.get(entry.layer.name),
            vivado=vivado.get(entry.layer.name),
        )
        for entry in estimate.layers
    )


def staged(synthesis: Synthesis, stage: Stage, resources: Mapping[str, float]) -> Synthesis:
    """A synthesis with the resources that a later step measured; cycles stay those of C synthesis.

    So do the published measurements after logic synthesis that estimates were learned from, with the clock
    that C synthesis estimates (`accelgen.surrogates.dataset.wa_hls4ml_csv`).
    """
    counts = {name: value for name, value in resources.items() if name != "clock_ns"}
    return replace(synthesis, resource_stage=stage, targets={**synthesis.targets, **counts}, per_layer={})
