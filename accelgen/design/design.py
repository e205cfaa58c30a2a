"""A design: how each layer of a network is to become hardware, apart from what it computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from accelgen.errors import UsageError


class IoType(Enum):
    """How data moves between layers; values are hls4ml's names."""

    PARALLEL = "io_parallel"  # whole arrays in registers
    STREAM = "io_stream"  # one pixel of all channels at a time through FIFOs


class Strategy(Enum):
    """How a layer's multiplications are built; values are hls4ml's names."""

    LATENCY = "latency"
    RESOURCE = "resource"
    RESOURCE_UNROLLED = "resource_unrolled"
    DISTRIBUTED_ARITHMETIC = "distributed_arithmetic"


@dataclass(frozen=True)
class LayerDesign:
    """The choices for one layer.

    ``reuse_factor`` is how many products share a multiplier; ``parallelization_factor`` how many positions
    of a convolution are computed at once (io_parallel only).
    """

    strategy: Strategy = Strategy.LATENCY
    reuse_factor: int = 1
    parallelization_factor: int = 1

    def __post_init__(self) -> None:
        for name in ("reuse_factor", "parallelization_factor"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} starts at 1, not {getattr(self, name)}")


@dataclass(frozen=True)
class Design:
    """Every hardware choice for a network; ``layers`` names those that differ from ``default``."""

    part: str = "xcvu13p-flga2577-2-e"
    clock_ns: float = 5.0
    clock_uncertainty_percent: float = 27.0
    io_type: IoType = IoType.PARALLEL
    default: LayerDesign = LayerDesign()
    layers: Mapping[str, LayerDesign] = field(default_factory=dict)

    def layer(self, name: str) -> LayerDesign:
        """The choices for the layer ``name``."""
        return self.layers.get(name, self.default)
