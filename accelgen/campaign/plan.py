"""The plan of a campaign: which designs, how many of them, and what each may take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from accelgen.design import IoType, Strategy
from accelgen.ir import FixedType

MAX_DESIGNS = 100_000
"""Of one campaign."""

TARGETS = ("csim", "csynth", "cosim", "export", "vivado-synth", "vivado-impl", "vivado", "bitstream")
"""What ``make`` is asked for in each project."""


class Kind(Enum):
    """What random networks are made of, besides the Dense layer that they end with."""

    DENSE = "dense"
    CONV1D = "conv1d"
    CONV2D = "conv2d"


class Method(Enum):
    """How designs are taken from the space of all."""

    ALL = "all"
    RANDOM = "random"
    LATIN_HYPERCUBE = "latin_hypercube"


class Keep(Enum):
    """What is kept of a project that is done."""

    REPORTS = "reports"
    ALL = "all"


@dataclass(frozen=True)
class ModelEntry:
    """A trained model, and what numbers it leaves open."""

    file: Path
    weights: Path | None = None
    name: str | None = None
    precision: FixedType | None = None
    input_precision: FixedType | None = None
    calibration: Path | None = None


@dataclass(frozen=True)
class Recipe:
    """Random networks of one kind; each draws one of the values of every choice, and sizes for each layer.

    Attributes:
        kind: of all layers but the last, which is Dense.
        count: networks.
        seed: of all of them; each network has its own random numbers.
        layers: with weights, the last included.
        sizes: results of a layer at one position.
        inputs: features, or channels.
        positions: along each axis of a convolution's input.
        kernels: taps along each axis.
        outputs: of the network.
        input_bits: of inputs.
        weight_bits: of weights; biases have as many.
        activation_bits: of results after ReLU.
    """

    kind: Kind = Kind.DENSE
    count: int = 1
    seed: int = 0
    layers: tuple[int, ...] = (2, 3)
    sizes: tuple[int, ...] = (8, 16, 32, 64)
    inputs: tuple[int, ...] = (16,)
    positions: tuple[int, ...] = (16,)
    kernels: tuple[int, ...] = (3,)
    outputs: tuple[int, ...] = (5,)
    input_bits: tuple[int, ...] = (16,)
    weight_bits: tuple[int, ...] = (8,)
    activation_bits: tuple[int, ...] = (8,)


@dataclass(frozen=True)
class ReuseFactors:
    """Reuse factors as they are, or by bounds: all between that some layer of the network can have."""

    values: tuple[int, ...] = (1,)
    bounds: tuple[int, int] | None = None


@dataclass(frozen=True)
class Sampling:
    """How many designs are taken, and how; ``designs`` does not count for all."""

    method: Method = Method.ALL
    designs: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """A campaign.

    Attributes:
        models: trained networks.
        recipes: of random ones.
        boards: their names.
        parts: FPGAs without a board.
        clocks_ns: clock periods; without any, that of each board.
        io_types: how data move.
        strategies: how products are built.
        reuse_factors: products that share a multiplier, for all layers.
        sampling: which of all combinations.
        target: of make, one of `TARGETS`.
        time_limit_s: wall time of one try; None is unlimited.
        memory_limit_bytes: of all processes of one try; None is unlimited.
        retries: further tries of what failed, but for limits.
        keep: of a project that has ended.
    """

    models: tuple[ModelEntry, ...] = ()
    recipes: tuple[Recipe, ...] = ()
    boards: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    clocks_ns: tuple[float, ...] = ()
    io_types: tuple[IoType, ...] = (IoType.PARALLEL,)
    strategies: tuple[Strategy, ...] = (Strategy.AUTO,)
    reuse_factors: ReuseFactors = ReuseFactors()
    sampling: Sampling = Sampling()
    target: str = "csynth"
    time_limit_s: float | None = None
    memory_limit_bytes: int | None = None
    retries: int = 0
    keep: Keep = Keep.REPORTS
