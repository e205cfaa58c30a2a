"""Matrix products by distributed arithmetic: hls4ml's strategy, the adders of a graph that da4ml finds.

All adders are there at once and a result is taken every cycle, so that there is nothing but what the graph
says: how many full adders, how many of them after one another, how long values wait
(`accelgen.design.adder_cost`). Figures follow from da4ml's own model, a LUT for each full adder and cycles as
levels fit into them (Sun et al., "da4ml: Distributed Arithmetic for Real-time Neural Networks on FPGAs", ACM
TRETS 2025, arXiv:2507.04535; da4ml 0.6). There are no measurements here: nothing is calibrated, and intervals
are those of layers that no tool built.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.unrolled import over_positions, pace

PRICES: Mapping[str, Mapping[str, float]] = {
    "lut": {"adder_bits": 1.0},
    "ff": {"held_bits": 1.0, "result_bits": 1.0},
}
"""LUTs as da4ml's cost counts them with ``adder_size=1``; a register for each bit that waits for a cycle."""


def latency(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles of a call: as many as the levels take at the pace of any sum."""
    return over_positions(layers, np.round(layers.adder_levels * pace(layers)))


def interval(layers: Layers, domain: Domain) -> Numbers:
    """Cycles between inputs: 1, or those of a call where positions follow one another."""
    positions = np.ceil(layers.positions / layers.parallel_positions)
    return np.where(positions > 1, latency(layers, domain), 1)


def none(layers: Layers, _domain: Domain) -> Numbers:
    """DSP blocks and block RAMs: none."""
    return np.zeros(layers.n_in.shape)


def parts(layers: Layers, _domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs and FFs are spent on."""
    named = {
        "adder_bits": layers.adder_bits,
        "held_bits": layers.held_bits * np.minimum(pace(layers), 1),
        "result_bits": layers.n_out * layers.sum_bits,
    }
    return {name: values * layers.parallel_positions for name, values in named.items()}


def are_known(layers: Layers) -> Flags:
    """Layers whose graph of adders is known."""
    known: Flags = layers.adder_bits >= 0
    return known
