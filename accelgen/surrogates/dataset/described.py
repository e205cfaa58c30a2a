"""What a project says of its design, before or after a tool has synthesised it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from accelgen.reports import SynthesisReport
from accelgen.surrogates.record import DesignRecord, Stage, Synthesis


def source_text(folder: Path) -> str:
    """A folder's name as every table can hold it: on Linux it may be no text."""
    return str(folder).encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True)
class Described:
    """A project's design.

    ``network`` is the network's name, ``group`` its architecture, and ``configs`` name the struct that each
    layer's function is made for.
    """

    record: DesignRecord
    network: str
    group: str
    configs: Mapping[str, str]

    def synthesis(self, report: SynthesisReport, folder: Path) -> Synthesis:
        """The design with what C synthesis reports, for the part and the clock that it ran for."""
        return Synthesis(
            design=replace(self.record, part=report.part, clock_ns=report.target_clock_ns),
            tool=report.tool,
            version=report.version,
            resource_stage=Stage.C_SYNTHESIS,
            success=True,
            targets=report.top.figures(),
            per_layer={
                layer: function.figures()
                for layer, config in self.configs.items()
                if (function := report.of_config(config)) is not None
            },
            group=self.group,
            source=source_text(folder),
        )
