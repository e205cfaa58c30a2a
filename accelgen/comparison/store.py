"""What is kept of a comparison: a result for each step that measured resources."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from accelgen.comparison.compare import (
    C_SYNTHESIS,
    COSIMULATION,
    IMPLEMENTATION,
    LOGIC_SYNTHESIS,
    Comparison,
    Step,
    staged,
)
from accelgen.results import Predicted, Result
from accelgen.surrogates.record import Stage

_STAGES = {
    C_SYNTHESIS: Stage.C_SYNTHESIS,
    LOGIC_SYNTHESIS: Stage.LOGIC_SYNTHESIS,
    IMPLEMENTATION: Stage.IMPLEMENTATION,
}


def results_of(comparison: Comparison) -> list[Result]:
    """The results of a project; none without a report of C synthesis, which says what measured the cycles."""
    if comparison.synthesis is None:
        return []
    found = []
    for step in comparison.steps:
        stage = _STAGES.get(step.name)
        if stage is not None and "lut" in step.measured:
            synthesis = comparison.synthesis
            if stage is not Stage.C_SYNTHESIS:
                synthesis = staged(synthesis, stage, step.measured)
            predicted = Predicted.of(step.estimate)
            details = _details(comparison, step)
            found.append(Result(synthesis, comparison.network, predicted, details=details))
    return found


def _details(comparison: Comparison, step: Step) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if step.timing is not None:
        details["timing"] = asdict(step.timing)
        details["clock_ns"] = step.measured.get("clock_ns")
    simulated = comparison.step(COSIMULATION)
    if step.name == C_SYNTHESIS and simulated is not None:
        details["cosimulation"] = asdict(comparison.reports.cosim) if comparison.reports.cosim else None
    vivado = {LOGIC_SYNTHESIS: comparison.reports.synth, IMPLEMENTATION: comparison.reports.impl}
    if step.name in vivado and (utilization := vivado[step.name].utilization) is not None:
        details["vivado"] = utilization.origin.version
    return details
