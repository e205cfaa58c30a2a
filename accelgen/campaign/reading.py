"""From a project that make has left to results for the store: what was reported, or what failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from accelgen.design import Design
from accelgen.estimation import estimate_record
from accelgen.ir.serialize import load
from accelgen.project_files import DESIGN, NETWORK
from accelgen.results import Failure, Predicted, Result
from accelgen.surrogates.dataset.accelgen_project import read_project
from accelgen.surrogates.dataset.groups import architecture
from accelgen.surrogates.describe import describe
from accelgen.surrogates.record import Stage, Synthesis
from accelgen.surrogates.rules import domain_of

LOGS = Path("build/logs")

MAX_LOG_BYTES = 1 << 16
"""Of a log's beginning, where tools say who they are."""

STAGES: Mapping[str, Stage] = {
    **dict.fromkeys(("csynth", "cosim", "export"), Stage.C_SYNTHESIS),
    "vivado-synth": Stage.LOGIC_SYNTHESIS,
    **dict.fromkeys(("vivado", "bitstream"), Stage.IMPLEMENTATION),
}
"""What a target of make measures last."""

_BANNER = re.compile(r"\*{4,} *(Vitis HLS|Vivado\(TM\) HLS|vitis-run|Vivado)\b.*?\bv(\d{4}\.\d+)")
"""The first line of a tool's log: "****** Vitis HLS - High-Level Synthesis ... v2023.2 (64-bit)"."""

_TOOLS = {"Vivado(TM) HLS": "Vivado HLS", "vitis-run": "Vitis HLS", "Vivado": "Vitis HLS"}
"""Other names under which rows are kept: logic that Vivado synthesises is from Vitis HLS."""


def read_results(project: Path, target: str) -> list[Result] | None:
    """The results of a project with their predictions; None where the target left no report."""
    if target not in STAGES:
        return []
    found = [row for row in read_project(project) if isinstance(row, Synthesis)]
    return [_predicted(row, project) for row in found] or None


def failed(project: Path, target: str, failure: Failure, tool: tuple[str, str] | None) -> list[Result]:
    """The result of a design that a tool, by name and version, has not synthesised."""
    if target not in STAGES or tool is None:
        return []
    network = load(project / NETWORK)
    design = Design.from_yaml((project / DESIGN).read_text(encoding="utf-8"), str(project / DESIGN))
    record = describe(network, design)
    row = Synthesis(
        design=record,
        tool=tool[0],
        version=tool[1],
        resource_stage=STAGES[target],
        success=False,
        group=architecture(record.layers) or network.name,
        source=str(project),
    )
    return [replace(_predicted(row, project), failure=failure)]


def _predicted(row: Synthesis, project: Path) -> Result:
    name = load(project / NETWORK).name
    return Result(row, name, Predicted.of(estimate_record(row.design, domain_of(row))))


def tool_of(project: Path) -> tuple[str, str] | None:
    """Name and version of the tool that ran in a project, None where none did."""
    for log in sorted((project / LOGS).glob("*.log")):
        with log.open("rb") as file:
            text = file.read(MAX_LOG_BYTES).decode(errors="replace")
        if (match := _BANNER.search(text)) is not None:
            return _TOOLS.get(match[1], match[1]), match[2]
    return None
