"""Which tool measures: kernels are the same, but what is built of them, and what is reported, differs."""

from __future__ import annotations

from dataclasses import dataclass

from accelgen.surrogates.record import Stage, Synthesis


@dataclass(frozen=True)
class Domain:
    """A tool, its version, and the step whose resource figures count."""

    tool: str
    version: str
    stage: Stage

    @property
    def name(self) -> str:
        """A key for tables of prices: "Vitis HLS 2023.2 logic_synthesis"."""
        return " ".join(part for part in (self.tool, self.version, self.stage.value) if part)

    @classmethod
    def parse(cls, name: str) -> Domain:
        """The domain of that `name`; ValueError where there is no such stage."""
        rest, _, stage = name.rpartition(" ")
        tool, _, version = rest.rpartition(" ")
        return cls(tool, version, Stage(stage)) if version[:1].isdecimal() else cls(rest, "", Stage(stage))

    @property
    def logic(self) -> bool:
        """Whether figures are those of logic: Vivado moves what HLS assumed, such as small multipliers."""
        return self.stage is not Stage.C_SYNTHESIS


DEFAULT_DOMAIN = Domain("Vitis HLS", "2023.2", Stage.LOGIC_SYNTHESIS)
"""The newest tool of which measurements after logic synthesis are at hand."""


def domain_of(synthesis: Synthesis) -> Domain:
    """The domain that a synthesis was measured in."""
    return Domain(synthesis.tool, synthesis.version, synthesis.resource_stage)
