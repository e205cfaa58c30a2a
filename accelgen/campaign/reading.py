"""From a project that make has left to results for the store: what was reported, or what failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from accelgen.comparison import compare, nearest_domain, results_of
from accelgen.errors import ReportError
from accelgen.estimation import estimate_record
from accelgen.results import Failure, Predicted, Result
from accelgen.surrogates.dataset.accelgen_project import describe_project
from accelgen.surrogates.dataset.described import source_text
from accelgen.surrogates.record import Stage, Synthesis

LOGS = Path("build/logs")

MAX_LOG_BYTES = 1 << 16
"""Of a log's beginning, where tools say who they are."""

STAGES: Mapping[str, Stage] = {
    **dict.fromkeys(("csynth", "cosim", "export"), Stage.C_SYNTHESIS),
    "vivado-synth": Stage.LOGIC_SYNTHESIS,
    **dict.fromkeys(("vivado-impl", "vivado", "bitstream"), Stage.IMPLEMENTATION),
}
"""What a target of make measures last."""

AFTER_SYNTHESIS = ("cosim", "export")
"""Targets that follow the step they measure: where they fail, it need not have."""

_BANNER = re.compile(r"\*{4,} *(Vitis HLS|Vivado\(TM\) HLS|vitis-run|Vivado)\b.*?\bv(\d{4}\.\d+)")
"""The first line of a tool's log: "****** Vitis HLS - High-Level Synthesis ... v2023.2 (64-bit)"."""

_TOOLS = {"Vivado(TM) HLS": "Vivado HLS", "vitis-run": "Vitis HLS", "Vivado": "Vitis HLS"}
"""Other names under which results are kept: logic that Vivado synthesises is from Vitis HLS."""


def read_results(project: Path, target: str) -> list[Result] | None:
    """The results of a project with their predictions; None where the target left no whole report."""
    if target not in STAGES:
        return []
    try:
        comparison = compare(project)
    except ReportError:
        return None
    found = results_of(comparison)
    complete = STAGES[target] in {result.synthesis.resource_stage for result in found}
    if target == "cosim":
        complete &= comparison.reports.cosim is not None
    return found if complete else None


def failed(project: Path, target: str, failure: Failure, tool: tuple[str, str] | None) -> list[Result]:
    """What is known of a design whose target was not reached: the steps that ended before, and the first that
    did not, unless that is no synthesis.
    """
    if target not in STAGES or tool is None:
        return []
    try:
        found = results_of(compare(project))
    except ReportError:
        found = []
    last = STAGES[target]
    if target not in AFTER_SYNTHESIS:  # it failed, whatever it has left
        found = [result for result in found if result.synthesis.resource_stage is not last]
    done = {result.synthesis.resource_stage for result in found}
    if last in done:
        return found
    stage = next(stage for stage in Stage if stage is last or stage not in done)
    described = describe_project(project)
    name, version = tool
    row = Synthesis(
        design=described.record,
        tool=name,
        version=version,
        resource_stage=stage,
        success=False,
        group=described.group,
        source=source_text(project),
    )
    estimate = estimate_record(row.design, nearest_domain(name, version, stage))
    return [*found, Result(row, described.network, Predicted.of(estimate), failure)]


def tool_of(project: Path) -> tuple[str, str] | None:
    """Name and version of the tool that ran in a project, None where none did."""
    for log in sorted((project / LOGS).glob("*.log")):
        with log.open("rb") as file:
            text = file.read(MAX_LOG_BYTES).decode(errors="replace")
        if (match := _BANNER.search(text)) is not None:
            return _TOOLS.get(match[1], match[1]), match[2]
    return None
