"""accelgen's kernels for few bits: XNOR or small products, a popcount, thresholds (``accelgen_packed*.h``).

There are no measurements yet: these are the gate counts of `accelgen.design.costs`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelgen.design.costs import FINN_EMBEDDED_WORDS
from accelgen.surrogates.features import Layers, Numbers, ceil_log2
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.memory import vivado_rom_18k
from accelgen.surrogates.rules.unrolled import LEVEL_NS

PRICES: Mapping[str, Mapping[str, float]] = {
    "lut": {
        "added_bits": 0.5,
        "compared_bits": 1.0,
        "threshold_bits": 0.2,
        "folded": 300.0,
        "folded_bits": 1.1,
        "rom_bits": 1.0,
    },
    "ff": {"added_bits": 0.25, "compared_bits": 1.0, "threshold_bits": 0.2, "folded_bits": 0.5},
}
"""LUTs as `accelgen.design.costs` counts them: one for each adder of a bit, half of which rows save that are
computed from each other (42 to 51 % stay of trained binary layers), one for each bit of a sum compared, and
FINN-R's formula for folded layers. A LUT compares five bits of an input with a constant. FFs are a guess.
"""


def latency(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles of a call: the folds of every position, and the levels of a popcount, eight bits a level."""
    clock = layers.clock_ns[layers.design]
    level = np.where(layers.fast[layers.design], LEVEL_NS[1], LEVEL_NS[0])
    depth = 1 + np.round(ceil_log2(layers.n_in) * level / clock / 2)
    return interval(layers, _domain) - 1 + depth


def interval(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles between inferences: the reuse factor for every position, one for every other step."""
    passed = np.maximum(layers.steps - layers.positions, 0)
    return np.ceil(layers.positions / layers.parallel_positions) * layers.reuse_factor + passed


def paces(layers: Layers) -> tuple[Numbers, Numbers]:
    """Cycles of a step that only reads, and of one that computes a position too, in io_stream."""
    return np.ones(layers.n_in.shape), layers.reuse_factor


def dsp(layers: Layers, _domain: Domain) -> Numbers:
    """None: products of few bits are LUTs."""
    return np.zeros(layers.n_in.shape)


def bram_18k(layers: Layers, _domain: Domain) -> Numbers:
    """18 Kb blocks of the weights of a folded layer: RF words; none where they are constants."""
    bits = layers.block_factor * np.maximum(layers.weight_bits, 1)
    deep = layers.reuse_factor * bits > 1024
    return np.where(layers.constant | ~deep, 0, vivado_rom_18k(layers.reuse_factor, bits))


def parts(layers: Layers, _domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs and FFs are spent on; a layer without weights compares its inputs with thresholds."""
    matrix = layers.weight_bits > 0
    unrolled, folded = matrix & layers.constant, matrix & ~layers.constant
    shallow = folded & (layers.reuse_factor <= FINN_EMBEDDED_WORDS)
    magnitude = np.maximum(layers.weight_bits - 1, 1)  # of a weight, without its sign
    width = layers.input_bits * magnitude
    used = np.where(layers.nonzero < 0, layers.n_in * layers.n_out, layers.nonzero)
    thresholds = layers.n_in * layers.table_size * layers.input_bits * ~matrix
    named = {
        "added_bits": used * width * unrolled,
        "compared_bits": layers.n_out * layers.sum_bits * unrolled,
        "threshold_bits": thresholds,
        "folded": folded.astype(np.float64),
        "folded_bits": layers.block_factor * width * folded,
        "rom_bits": layers.block_factor * magnitude * np.ceil(layers.reuse_factor / 64) * shallow,
    }
    return {name: values * layers.parallel_positions for name, values in named.items()}
