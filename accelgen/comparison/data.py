"""A comparison as JSON; docs/reports.md says what each entry means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from accelgen.comparison.compare import Comparison, LayerComparison, Step
from accelgen.estimation import DECIMALS
from accelgen.reports import TimingReport
from accelgen.surrogates.predict import CONFIDENCE
from accelgen.surrogates.record import TARGETS

SUMMARIZED = ("latency_cycles", "interval_cycles", "lut", "ff", "dsp", "bram_18k", "clock_ns")
"""The targets whose errors are summarized over projects."""


def as_json(comparison: Comparison) -> dict[str, Any]:
    """One project with its steps and layers."""
    record, csynth = comparison.record, comparison.reports.csynth
    return {
        "project": str(comparison.folder),
        "network": comparison.network,
        "part": record.part,
        "clock_ns": record.clock_ns,
        "io_type": record.io_type,
        "tool": None if csynth is None else f"{csynth.tool} {csynth.version}",
        "confidence": CONFIDENCE,
        "steps": [_step(step) for step in comparison.steps],
        "layers": [_layer(layer) for layer in comparison.layers],
        "problems": list(comparison.reports.problems),
    }


def median_errors(steps: Sequence[Step]) -> dict[str, float]:
    """The median of the sizes of errors of each target, over those steps that measured it."""
    found = {
        target: [
            abs(error)
            for step in steps
            if target in step.measured and (error := step.error(target)) is not None
        ]
        for target in SUMMARIZED
    }
    return {target: median(errors) for target, errors in found.items() if errors}


def share_within(steps: Sequence[Step]) -> float | None:
    """The share of measured figures that lie in their intervals, None where there are none."""
    inside = [step.within(target) for step in steps for target in step.measured]
    return sum(inside) / len(inside) if inside else None


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "domain": step.estimate.domain.name,
        "in_domain": step.estimate.in_domain,
        "passed": step.passed,
        "figures": {target: _figure(step, target) for target in TARGETS if target in step.measured},
        "timing": None if step.timing is None else _timing(step.timing),
    }


def _figure(step: Step, target: str) -> dict[str, Any]:
    figure, error = step.estimate.total[target], step.error(target)
    return {
        "measured": round(step.measured[target], DECIMALS),
        "predicted": round(figure.value, DECIMALS),
        "low": round(figure.low, DECIMALS),
        "high": round(figure.high, DECIMALS),
        "error": None if error is None else round(error, 4),
        "within": step.within(target),
    }


def _timing(timing: TimingReport) -> dict[str, Any]:
    names = ("wns_ns", "tns_ns", "whs_ns", "ths_ns", "wpws_ns", "failing_endpoints", "met")
    return {"vivado": timing.origin.version, **{name: getattr(timing, name) for name in names}}


def _layer(layer: LayerComparison) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": layer.kind,
        "predicted": _rounded(layer.predicted),
        "c_synthesis": None if layer.csynth is None else _rounded(layer.csynth),
        "vivado": None if layer.vivado is None else _rounded(layer.vivado),
    }


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(figures[name], DECIMALS) for name in TARGETS if name in figures}
