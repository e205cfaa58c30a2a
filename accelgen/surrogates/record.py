"""What is known of a design and of its synthesis: the rows that surrogates learn from and answer for.

A `DesignRecord` says of a network and its design what hardware depends on, and nothing else; it is made from
a network with a design, from a finished project, or from a public data set, so that one predictor answers
for all. A `Synthesis` adds what a tool made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class LayerKind(Enum):
    """The kernels that hardware differs by."""

    DENSE = "dense"
    CONV1D = "conv1d"
    CONV2D = "conv2d"
    DEPTHWISE = "depthwise"
    LSTM = "lstm"
    GRU = "gru"
    PACKED = "packed"  # few-bit kernels of accelgen's own
    NORMALIZE = "normalize"  # a scale and bias for each channel
    RELU = "relu"
    TABLE = "table"  # sigmoid, tanh and the like, looked up
    SOFTMAX = "softmax"
    POOL = "pool"
    MERGE = "merge"
    MOVE = "move"  # reshapes, transposes, padding: wiring in io_parallel
    OTHER = "other"


MATRICES = (LayerKind.DENSE, LayerKind.CONV1D, LayerKind.CONV2D, LayerKind.DEPTHWISE)
"""Kinds that multiply by one matrix of weights, at each position."""

RECURRENT = (LayerKind.LSTM, LayerKind.GRU)


@dataclass(frozen=True)
class LayerRecord:
    """One layer as hardware.

    Attributes:
        name: unique in its design.
        kind: which kernel.
        inputs: names of the layers before it; empty for one that reads the network's inputs.
        n_in: inputs of the matrix product at one position; elements at once for layers without one.
        n_out: results of one position.
        positions: how often that repeats in one inference: pixels, or steps of a sequence.
        steps: iterations of its loop in one inference in io_stream, those included in which it only reads or
            pads (`accelgen.design.streaming.loops`); 0 where it is not known.
        behind: positions whose results come when the last of the input is read or later, likewise.
        parallel_positions: how many of them are computed at once, by as many copies of the multipliers.
        input_bits: width of an input.
        weight_bits: width of a weight, 0 where there is none.
        accum_bits: width of a sum, 0 where it is not known.
        result_bits: width of a result.
        nonzero: weights that are not 0, -1 where it is not known.
        digits: non-zero signed binary digits of all weights together, the adders that constant weights cost,
            -1 where it is not known.
        dsp_products: different products of an input with a weight of three signed digits or more, those that
            HLS takes a DSP block for where weights are constants, -1 where it is not known.
        adder_bits: full adders of one position by distributed arithmetic (`accelgen.design.adder_cost`), -1
            where they are not known or it is another strategy.
        adder_levels: the most of these adders after one another, 0 where that is not known.
        held_bits: bits of their values for every level that these wait, likewise.
        strategy: a `accelgen.design.Strategy` value, empty for layers without one.
        reuse_factor: the one used (a legal one), 1 for layers without one.
        requested_reuse_factor: the one asked for.
        table_size: entries of a lookup table, 0 where there is none.
        fifo_lut: LUTs of the FIFOs that hold its result or its padded input, in a design of accelgen's own.
        fifo_18k: 18 Kb blocks of these.
    """

    name: str
    kind: LayerKind
    inputs: tuple[str, ...] = ()
    n_in: int = 1
    n_out: int = 1
    positions: int = 1
    steps: int = 0
    behind: int = 0
    parallel_positions: int = 1
    input_bits: int = 16
    weight_bits: int = 0
    accum_bits: int = 0
    result_bits: int = 16
    nonzero: int = -1
    digits: int = -1
    dsp_products: int = -1
    adder_bits: int = -1
    adder_levels: int = 0
    held_bits: int = 0
    strategy: str = ""
    reuse_factor: int = 1
    requested_reuse_factor: int = 1
    table_size: int = 0
    fifo_lut: int = 0
    fifo_18k: int = 0


@dataclass(frozen=True)
class DesignRecord:
    """A whole design: its layers in topological order, and what holds for all of them."""

    layers: tuple[LayerRecord, ...]
    io_type: str = "io_parallel"
    part: str = ""
    clock_ns: float = 5.0
    clock_uncertainty_percent: float = 27.0
    backend: str = "Vitis"
    """hls4ml's backend, whose kernels were synthesised: "Vitis", "Vivado" or "accelgen"."""
    dsp_multipliers: bool = True
    """Whether products may use DSP blocks; False where the tool was told to build them of LUTs."""


class Stage(Enum):
    """Which step of the flow measured the resources: their estimates differ."""

    C_SYNTHESIS = "c_synthesis"
    LOGIC_SYNTHESIS = "logic_synthesis"
    IMPLEMENTATION = "implementation"


TARGETS = (
    "latency_cycles",
    "latency_max_cycles",
    "interval_cycles",
    "lut",
    "ff",
    "dsp",
    "bram_18k",
    "uram",
    "clock_ns",
)
"""What a synthesis may have measured; `bram_18k` counts 18 Kb blocks, `latency_cycles` is the least."""


@dataclass(frozen=True)
class Synthesis:
    """A design and what a tool made of it.

    ``targets`` holds those of `TARGETS` that were measured, and is empty where it failed. ``runs`` is how
    many equal syntheses the figures are means of. ``group`` names the architecture: rows of one group never
    stand on both sides of a split. ``source`` is the file that it was read from.
    """

    design: DesignRecord
    tool: str
    version: str
    resource_stage: Stage
    success: bool
    targets: Mapping[str, float] = field(default_factory=dict)
    per_layer: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The same for single layers, by name, where a report per function was read."""
    runs: int = 1
    group: str = ""
    source: str = ""
